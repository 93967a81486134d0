//! Clients and daemons that come before, after and while imgtrace does.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use imgtrace_tests::lab::{Client, Docker, Generation, Lab, Registry};
use imgtrace_tests::story::{Row, me, succeed, who};
use imgtrace_tests::tracer::Tracer;

use super::images::Known;
use super::stage::{Stage, program};
use super::wire::Wire;

/// How long a thing may take that is about to happen.
const SOON: Duration = Duration::from_secs(20);

/// Connections that were there before, each between two requests: one used, one unused, one of another process.
pub(super) fn joined(lab: &Lab, docker: &Docker, known: &Known) -> Result<()> {
    let script = lab.place().data().join("held.py");
    std::fs::write(&script, include_str!("held.py"))?;
    let script = script.display().to_string();
    let mut command = program(docker, Client::DockerPy, &[&script, &known.repository, "1"])?;
    let mut held = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut held_who = who(&command, held.id())?;
    // Nobody saw it being executed: /proc tells the file itself, behind all links.
    held_who.exe = std::fs::canonicalize(&held_who.exe)?.display().to_string();
    let mut hello = String::new();
    BufReader::new(held.stdout.take().context("no stdout")?).read_line(&mut hello)?;
    ensure!(
        hello.trim() == "True",
        "docker-py is not connected: {hello}"
    );
    let mut idle = Wire::open(&docker.socket())?;
    ensure!(idle.ask("GET", "/_ping")? == 200, "no pong");
    let mut unused = Wire::open(&docker.socket())?;

    let mut stage = Stage::open(docker)?;
    let pull = || Row::ok("pull").image(&known.image).digest(&known.digest);
    let me = me()?;
    let (repository, tag) = (&known.repository, "v1");
    ensure!(
        idle.ask(
            "POST",
            &format!("/images/{}/tag?repo=joined&tag={tag}", known.image)
        )? == 201,
        "tag"
    );
    let joined = Row::ok("tag")
        .image(&known.image)
        .target("docker.io/library/joined:v1");
    stage.expect(&me, [joined]);
    stage.settle();
    ensure!(
        unused.ask(
            "POST",
            &format!("/images/create?fromImage={repository}&tag=1")
        )? == 200,
        "pull"
    );
    stage.expect(&me, [pull()]);
    stage.settle();
    ensure!(
        idle.ask("DELETE", "/images/joined:v1?noprune=1")? == 200,
        "remove"
    );
    stage.expect(
        &me,
        [Row::ok("remove-image").image("docker.io/library/joined:v1")],
    );
    stage.settle();
    held.stdin.take().context("no stdin")?.write_all(b"go\n")?;
    ensure!(held.wait()?.success(), "docker-py could not pull");
    stage.expect(&held_who, [pull()]);
    stage.close()?;
    Ok(())
}

/// A daemon that starts while imgtrace runs, and one that is started anew: the first client is heard.
pub(super) fn late(lab: &Lab, registry: &Registry) -> Result<()> {
    let other = lab.docker_named(Generation::Debian, "early")?;
    other.start()?;
    let docker = lab.docker_named(Generation::Debian, "late")?;
    let tracer = Tracer::start(
        &[("docker", other.socket().as_path())],
        &[
            "--endpoint",
            &format!("docker={}", docker.socket().display()),
        ],
    )?;
    let mut stage = Stage::over(&docker, tracer);
    let image = registry.reference(imgtrace_tests::lab::Image::Busybox);
    for round in 0..3 {
        // The lab's own ping is the first request of all; the pull comes on the heels of it.
        if round == 0 {
            docker.start()?;
        } else {
            docker.restart()?;
        }
        let mut command = docker.command(Client::DockerDebian)?;
        let actor = succeed(command.args(["pull", &image]))?;
        let digest = actor
            .words()
            .into_iter()
            .find_map(|line| line.strip_prefix("Digest: "));
        let row = Row::ok("pull")
            .image(&image)
            .digest(digest.context("no digest")?);
        stage.expect(&actor.who, [row]);
        stage.settle();
    }
    stage.close()?;
    Ok(())
}

/// A client that is there before its daemon, which it starts by connecting.
pub(super) fn activated(lab: &Lab, registry: &Registry) -> Result<()> {
    let docker = lab.docker_named(Generation::Debian, "activated")?;
    let activation = docker.listen()?;
    let socket = docker.socket();
    let mut stage = Stage::over(
        &docker,
        Tracer::start(&[("docker", socket.as_path())], &[])?,
    );
    let image = registry.reference(imgtrace_tests::lab::Image::Busybox);
    let mut command = docker.command(Client::DockerDebian)?;
    command.args(["pull", &image]);
    let actor = thread::scope(|scope| {
        let client = scope.spawn(|| succeed(&mut command));
        activation.start_on_demand(SOON)?;
        client.join().ok().context("the client's thread panicked")?
    })?;
    let digest = actor
        .words()
        .into_iter()
        .find_map(|line| line.strip_prefix("Digest: "));
    let row = Row::ok("pull")
        .image(&image)
        .digest(digest.context("no digest")?);
    stage.expect(&actor.who, [row]);
    stage.settle();
    let dockerd = docker.pid().context("dockerd does not run")?;
    let lines = stage.tracer().lines();
    let servers: Vec<_> = lines
        .iter()
        .filter(|line| line["kind"] == "endpoint" && line["path"].as_str() == socket.to_str())
        .map(|line| &line["server"]["pid"])
        .collect();
    ensure!(
        servers
            .last()
            .is_some_and(|pid| pid.as_i64() == Some(dockerd.into())),
        "the server is dockerd, {dockerd}, not {servers:?}"
    );
    stage.close()?;
    Ok(())
}

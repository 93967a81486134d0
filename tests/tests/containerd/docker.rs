//! A dockerd and the containerd under it, both watched: what a client asks is one operation, with what dockerd asks for
//! it as its hops.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use imgtrace_tests::lab::{Content, Docker, Generation, Lab, until};
use imgtrace_tests::story::{Row, Stage, Who};
use imgtrace_tests::tracer::Tracer;

use super::commands::{fails, makes};

/// How long a thing may take that is about to happen.
const SOON: Duration = Duration::from_secs(20);
/// What is asked of containerd and of the shim for a container to start.
const START: [&str; 3] = [
    "containerd create ok",
    "containerd start ok",
    "shim start ok",
];

fn row(op: &str) -> Row {
    Row::ok(op).endpoint("docker/docker")
}

/// The docker command; its builds are the classic builder's.
fn command(docker: &Docker) -> Result<Command> {
    let mut command = docker.command(docker.generation().client())?;
    command.env("DOCKER_BUILDKIT", "0");
    Ok(command)
}

fn stage(lab: &Lab, docker: &Docker) -> Result<Stage> {
    let (socket, below) = (docker.socket(), docker.containerd().socket());
    Stage::open(&[("docker", &socket), ("containerd", &below)], lab.place())
}

/// Images, and the lives of containers.
pub(super) fn story(lab: &Lab, docker: &Docker, known: &Content) -> Result<()> {
    let mut stage = stage(lab, docker)?;
    let image = &known.reference;
    images(&mut stage, docker, known)?;
    container(&mut stage, docker, image)?;
    removed_by_the_daemon(&mut stage, lab, docker, image)?;
    build(&mut stage, lab, docker, image)?;
    let missing = image.replace("busybox", "missing");
    let refused = Row::error("pull")
        .endpoint("docker/docker")
        .image(&missing)
        .saying("missing");
    let line = format!("pull {missing}");
    fails(&mut stage, command(docker)?, &line, [refused])?;
    stage.close()?;
    Ok(())
}

/// Pull, tag and rmi. The classic store keeps images from containerd.
fn images(stage: &mut Stage, docker: &Docker, known: &Content) -> Result<()> {
    let inner = |hop: &'static str| match docker.generation() {
        Generation::Debian => Vec::new(),
        Generation::Newest => vec![hop],
    };
    let (image, tagged) = (&known.reference, "docker.io/library/tagged:1");
    for (line, row, hop) in [
        (
            format!("pull --quiet {image}"),
            row("pull").image(image).digest(&known.digest),
            "containerd pull ok",
        ),
        (
            format!("tag {image} tagged:1"),
            row("tag").image(image).target(tagged),
            "containerd tag ok",
        ),
        (
            "rmi tagged:1".to_owned(),
            row("remove-image").image(tagged),
            "containerd remove-image ok",
        ),
    ] {
        makes(stage, command(docker)?, &line, [row.hops(&inner(hop))])?;
    }
    Ok(())
}

/// A container's life, step by step.
fn container(stage: &mut Stage, docker: &Docker, image: &str) -> Result<()> {
    let line = format!("create --name one {image} sleep 1000");
    let actor = makes(stage, command(docker)?, &line, [])?;
    let id = actor.words()[0];
    let of = |op: &str| row(op).container(id).name("one").image(image);
    stage.expect(&actor.who, [of("create").hops(&[])]);
    makes(
        stage,
        command(docker)?,
        "start one",
        [of("start").hops(&START)],
    )?;
    let exec = of("exec").hops(&["containerd exec ok"]);
    makes(stage, command(docker)?, "exec one true", [exec])?;
    // dockerd removes the container from containerd when it has ended: for the kill or for itself.
    makes(stage, command(docker)?, "kill one", [of("kill")])?;
    makes(stage, command(docker)?, "wait one", [])?;
    let removed = of("remove-container");
    makes(stage, command(docker)?, "rm one", [removed.hops(&[])])?;
    Ok(())
}

/// A build by the classic builder, of one step that runs a container.
fn build(stage: &mut Stage, lab: &Lab, docker: &Docker, image: &str) -> Result<()> {
    let folder = lab.place().data().join("context");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(
        folder.join("Dockerfile"),
        format!("FROM {image}\nRUN true\n"),
    )?;
    let line = format!("build --quiet --tag classic:1 {}", folder.display());
    let actor = makes(stage, command(docker)?, &line, [])?;
    let row = row("build").image("docker.io/library/classic:1");
    stage.expect(&actor.who, [row.digest(actor.words()[0])]);
    Ok(())
}

/// A container that its daemon removes, which nobody asked for a second time.
fn removed_by_the_daemon(stage: &mut Stage, lab: &Lab, docker: &Docker, image: &str) -> Result<()> {
    let file = lab
        .place()
        .data()
        .join(format!("{}.cid", docker.generation().name()));
    let line = format!(
        "run --rm --cidfile {} --name two {image} true",
        file.display()
    );
    let actor = makes(stage, command(docker)?, &line, [])?;
    let id = std::fs::read_to_string(file)?;
    let of = |op: &str| row(op).container(&id).name("two").image(image);
    stage.expect(&actor.who, [of("create"), of("start").hops(&START)]);
    Ok(())
}

/// A container that fails and is started once more by dockerd, for no client.
pub(super) fn restarts(lab: &Lab, docker: &Docker, image: &str) -> Result<()> {
    docker.cli(&["pull", "--quiet", image])?;
    // What it said when it connected is what names its namespace for ever.
    docker.stop()?;
    let endpoint = format!("--endpoint=docker={}", docker.socket().display());
    let below = docker.containerd().socket();
    let tracer = Tracer::start(&[("containerd", &below)], &[&endpoint])?;
    let place = lab.place();
    let mut stage = Stage::over(tracer, &[place.run(), place.data()]);
    docker.start()?;
    let dockerd = u32::try_from(docker.pid().context("dockerd is gone")?)?;
    let dockerd = Who::running(dockerd)?;
    let line = format!("run --detach --restart on-failure:1 --name again {image} false");
    let actor = makes(&mut stage, command(docker)?, &line, [])?;
    let id = actor.words()[0].to_owned();
    let of = |row: Row| row.container(&id).name("again").image(image);
    stage.expect(
        &actor.who,
        [of(row("create")), of(row("start")).hops(&START)],
    );
    let again = || {
        let count = docker.cli(&[
            "inspect",
            "--format",
            "{{.RestartCount}} {{.State.Status}}",
            "again",
        ]);
        count.is_ok_and(|count| count.stdout.trim() == "1 exited")
    };
    ensure!(until(SOON, again), "dockerd does not start it again");
    let by_itself = Row::ok("start")
        .endpoint("containerd/containerd")
        .namespace("moby");
    stage.expect(&dockerd, [of(by_itself).because("restart-policy")]);
    stage.close()?;
    Ok(())
}

//! Secrets with a mark, sent by real clients in every place of Docker's API that can carry one.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use imgtrace_tests::lab::{Client, Docker, Ran};
use imgtrace_tests::story::{Listeners, MARK, base64};

use super::images::Known;
use super::stage::program;

/// Says everything, to imgtraces with every kind of output.
pub(super) fn tell(docker: &Docker, known: &Known, folder: &Path) -> Result<()> {
    let recording = folder.join(format!("{}.jsonl", docker.generation().name()));
    let listeners = Listeners::start(&[("docker", &docker.socket())], &recording)?;
    libraries(docker, known, folder)?;
    commands(docker, known, folder)?;
    // The last of all, at each of them.
    docker.cli(&["tag", &known.image, "secrets-were:told"])?;
    listeners.heard_none(
        &["pull", "create", "exec", "build", "commit", "push"],
        "secrets-were:told",
    )
}

/// docker-py and dockerode; the mark is seen to have reached the daemon.
fn libraries(docker: &Docker, known: &Known, folder: &Path) -> Result<()> {
    // As a program's argument it is a secret too.
    let mark = format!("--secret={MARK}");
    for (client, file, script) in [
        (Client::DockerPy, "secrets.py", include_str!("secrets.py")),
        (Client::Dockerode, "secrets.js", include_str!("secrets.js")),
    ] {
        let file = folder.join(file);
        std::fs::write(&file, script)?;
        let (file, folder) = (file.display().to_string(), folder.display().to_string());
        let args = [&file, &mark, &known.image, &known.repository, &folder];
        let ran = Ran::ok(&mut program(docker, client, &args)?)?;
        ensure!(
            ran.stdout.contains(MARK),
            "the daemon did not get it: {}",
            ran.stdout
        );
    }
    Ok(())
}

/// Both docker commands, and curl, with secrets in their arguments.
fn commands(docker: &Docker, known: &Known, folder: &Path) -> Result<()> {
    let image = &known.image;
    let (registry, _) = known.repository.split_once('/').context("no registry")?;
    let context = folder.join("context").display().to_string();
    for (number, client) in [Client::DockerDebian, Client::DockerNewest]
        .into_iter()
        .enumerate()
    {
        let name = format!("marked-by-{number}");
        let lines = [
            format!(
                "run --detach --name {name} -e SECRET={MARK}31 --env NAME={MARK}32 --label token={MARK}33 {image} sleep 1000"
            ),
            format!("exec -e NAME={MARK}34 {name} echo --password {MARK}35 --token={MARK}36"),
            format!("exec {name} sh -c export{}PASSWORD={MARK}37", '\u{a0}'),
            format!(
                "build --build-arg NAME={MARK}38 --label password={MARK}39 --tag marked:5 {context}"
            ),
            format!("login --username somebody --password {MARK}40 {registry}"),
            format!("login -u somebody -p {MARK}41 {registry}"),
            // With what the login left in the configuration.
            format!("pull {image}"),
            format!("build --tag marked:6 {context}"),
            format!("pull https://somebody:{MARK}42@{registry}/x"),
        ];
        for line in lines {
            let mut command = docker.command(client)?;
            // A word of a script may hold a space.
            command
                .env("DOCKER_BUILDKIT", "0")
                .args(line.split(' ').map(|word| word.replace('\u{a0}', " ")));
            // Some are refused; what was asked has gone by all the same.
            Ran::of(&mut command)?;
        }
    }
    let body = format!("{{\"Image\":\"{image}\",\"Env\":[\"NAME={MARK}51\"]}}");
    let header = format!(
        "X-Registry-Auth: {}",
        base64(format!("{{\"password\":\"{MARK}52\"}}").as_bytes())
    );
    let libpod =
        format!("/v4.0.0/libpod/images/pull?reference={image}&username={MARK}53&password={MARK}54");
    for (target, more) in [
        (
            "/containers/create?name=marked-by-curl",
            ["-H", "Content-Type: application/json", "--data", &body],
        ),
        (
            &format!("/images/create?fromImage={image}"),
            ["-X", "POST", "-H", &header],
        ),
        (
            "/images/json",
            ["-X", "GET", "--user", &format!("somebody:{MARK}55")],
        ),
        (
            "/auth",
            [
                "-X",
                "POST",
                "--json",
                &format!("{{\"username\":\"{MARK}56\",\"password\":\"{MARK}57\"}}"),
            ],
        ),
    ] {
        let mut command = docker.command(Client::Curl)?;
        command
            .arg("--silent")
            .arg("--unix-socket")
            .arg(docker.socket())
            .args(more);
        Ran::ok(command.arg(format!("http://localhost{target}")))?;
    }
    let config = folder.join("libpod.config");
    std::fs::write(
        &config,
        format!("request = POST\nurl = \"http://localhost{libpod}\"\n"),
    )?;
    let mut command = docker.command(Client::Curl)?;
    Ran::ok(
        command
            .arg("--silent")
            .arg("--unix-socket")
            .arg(docker.socket())
            .arg("--config")
            .arg(config),
    )?;
    Ok(())
}

//! The same story as a person tells it at a shell: the docker command, one process a line.

use std::path::Path;

use anyhow::{Context as _, Result};
use imgtrace_tests::lab::{Client, Docker};
use imgtrace_tests::story::{Actor, Row, attempt, succeed};

use super::images::Known;
use super::stage::Stage;

/// The docker command with these arguments. Builds are the classic builder's: BuildKit speaks another protocol.
fn run(stage: &Stage, client: Client, line: &str) -> Result<Actor> {
    succeed(docker(stage.docker, client)?.args(line.split(' ')))
}

fn refused(stage: &Stage, client: Client, line: &str) -> Result<Actor> {
    let actor = attempt(docker(stage.docker, client)?.args(line.split(' ')))?;
    anyhow::ensure!(!actor.ran.status.success(), "docker {line} was not refused");
    Ok(actor)
}

fn docker(docker: &Docker, client: Client) -> Result<std::process::Command> {
    let mut command = docker.command(client)?;
    command.env("DOCKER_BUILDKIT", "0");
    Ok(command)
}

/// Images and what is done to them.
pub(super) fn images(
    stage: &mut Stage,
    client: Client,
    known: &Known,
    name: &str,
    folder: &Path,
) -> Result<()> {
    let Known {
        image,
        repository,
        digest,
    } = known;
    let folder = folder.display();
    let hub = |what: &str| format!("docker.io/library/{name}-{what}:1");
    let pushed = format!("{repository}-{name}:2");
    let mut row = |line: &str, row: Row| -> Result<Actor> {
        let actor = run(stage, client, line)?;
        stage.expect(&actor.who, [row]);
        Ok(actor)
    };
    let pulled = || Row::ok("pull").digest(digest);
    row(&format!("pull {image}"), pulled().image(image))?;
    row(
        &format!("pull {}", known.by_digest()),
        pulled().image(&known.by_digest()),
    )?;
    row(
        &format!("pull --all-tags {repository}"),
        Row::ok("pull").image(repository).all_tags(),
    )?;
    row(
        &format!("tag {image} {name}-tag:1"),
        Row::ok("tag").image(image).target(&hub("tag")),
    )?;
    row(
        &format!("tag {image} {pushed}"),
        Row::ok("tag").image(image).target(&pushed),
    )?;
    let actor = run(stage, client, &format!("push {pushed}"))?;
    let told = actor
        .ran
        .stdout
        .split(' ')
        .find(|word| word.starts_with("sha256:"));
    stage.expect(
        &actor.who,
        [Row::ok("push")
            .image(&pushed)
            .digest(told.context("no digest")?)],
    );
    let actor = run(
        stage,
        client,
        &format!("import {folder}/files.tar {name}-import:1"),
    )?;
    stage.expect(
        &actor.who,
        [Row::ok("import")
            .image(&hub("import"))
            .digest(actor.words()[0])],
    );
    let actor = run(
        stage,
        client,
        &format!("save --output {folder}/saved.tar {image}"),
    )?;
    stage.expect(&actor.who, [Row::ok("save").image(image)]);
    let actor = run(stage, client, &format!("load --input {folder}/saved.tar"))?;
    stage.expect(&actor.who, [Row::ok("load").image(image)]);
    let actor = run(
        stage,
        client,
        &format!("build --quiet --tag {name}-build:1 {folder}/context"),
    )?;
    stage.expect(
        &actor.who,
        [Row::ok("build")
            .image(&hub("build"))
            .digest(actor.words()[0])],
    );
    let actor = run(stage, client, &format!("rmi --no-prune {name}-tag:1"))?;
    stage.expect(&actor.who, [Row::ok("remove-image").image(&hub("tag"))]);
    let missing = format!("{repository}-missing:1");
    let actor = refused(stage, client, &format!("pull {missing}"))?;
    stage.expect(&actor.who, [Row::error("pull").image(&missing)]);
    let actor = refused(stage, client, &format!("rmi {name}-missing:1"))?;
    stage.expect(
        &actor.who,
        [Row::error("remove-image").image(&hub("missing"))],
    );
    let actor = run(
        stage,
        client,
        "image prune --force --filter label=imgtrace-nothing",
    )?;
    stage.expect(&actor.who, [Row::ok("prune").what("images")]);
    let actor = run(stage, client, "builder prune --force")?;
    stage.expect(&actor.who, [Row::ok("prune").what("build-cache")]);
    Ok(())
}

/// Containers and what is done to them.
pub(super) fn containers(
    stage: &mut Stage,
    client: Client,
    known: &Known,
    name: &str,
) -> Result<()> {
    let image = &known.image;
    let actor = run(
        stage,
        client,
        &format!("create --name {name} {image} sleep 1000"),
    )?;
    let id = actor.words()[0].to_owned();
    let of = |row: Row| row.container(&id).name(name).image(image);
    stage.expect(&actor.who, [of(Row::ok("create"))]);
    let actor = refused(stage, client, &format!("create --name {name} {image}"))?;
    stage.expect(&actor.who, [Row::error("create").image(image).name(name)]);
    let actor = refused(stage, client, &format!("exec {name} true"))?;
    stage.expect(&actor.who, [of(Row::error("exec"))]);
    let short: String = id.chars().take(12).collect();
    for (op, line) in [
        ("start", format!("start {name}")),
        // The answer is 304: it runs already.
        ("start", format!("start {short}")),
        ("restart", format!("restart --time 0 {id}")),
        ("exec", format!("exec {name} true")),
        ("kill", format!("kill {name}")),
        ("start", format!("start {id}")),
        ("stop", format!("stop --time 0 {short}")),
    ] {
        let actor = run(stage, client, &line)?;
        stage.expect(&actor.who, [of(Row::ok(op))]);
        if op == "kill" {
            // Not an operation; the start after it must not meet a container that still ends.
            run(stage, client, &format!("wait {name}"))?;
        }
    }
    let actor = run(stage, client, &format!("commit {name} {name}-commit:1"))?;
    let commit = format!("docker.io/library/{name}-commit:1");
    let committed = Row::ok("commit").container(&id).name(name).image(&commit);
    stage.expect(&actor.who, [committed.digest(actor.words()[0])]);
    let actor = run(stage, client, &format!("rm {name}"))?;
    stage.expect(&actor.who, [of(Row::ok("remove-container"))]);
    let actor = refused(stage, client, &format!("start {name}-missing"))?;
    stage.expect(
        &actor.who,
        [Row::error("start").container(&format!("{name}-missing"))],
    );
    let actor = run(stage, client, "container prune --force")?;
    stage.expect(&actor.who, [Row::ok("prune").what("containers")]);
    Ok(())
}

/// `docker run` of an image that is not there: the one process that asks four times.
pub(super) fn run_of_a_missing_image(
    stage: &mut Stage,
    client: Client,
    known: &Known,
    name: &str,
) -> Result<()> {
    let image = &known.image;
    let actor = run(stage, client, &format!("rmi --force {image}"))?;
    stage.expect(
        &actor.who,
        [Row::ok("remove-image").image(image).digest(&known.digest)],
    );
    let file = stage.docker.root().join(format!("{name}.cid"));
    let line = format!(
        "run --detach --cidfile {} --name {name} {image} true",
        file.display()
    );
    let actor = run(stage, client, &line)?;
    let id = std::fs::read_to_string(file)?;
    let of = |op: &str| Row::ok(op).container(&id).name(name).image(image);
    let rows = [
        Row::error("create").image(image).name(name),
        Row::ok("pull").image(image).digest(&known.digest),
        of("create"),
        of("start"),
    ];
    stage.expect(&actor.who, rows);
    let actor = run(stage, client, &format!("rm --force {name}"))?;
    stage.expect(&actor.who, [of("remove-container")]);
    Ok(())
}

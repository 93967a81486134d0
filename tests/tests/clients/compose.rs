//! `docker compose up`: the docker command runs a plug-in, and the plug-in is the one that asks.

use std::fs;
use std::path::Path;

use anyhow::Result;
use imgtrace_tests::lab::{Client, Peers};
use imgtrace_tests::story::{Row, Who, succeed};

use super::images::Known;
use super::stage::Stage;

/// Up, with an image to pull, and down.
pub(super) fn tell(stage: &mut Stage, known: &Known, folder: &Path) -> Result<()> {
    let image = &known.image;
    let plugin = Peers::Newest.require()?.join("docker-compose");
    let pid_file = folder.join("plugin.pid");
    stage
        .docker
        .announce_plugin("docker-compose", &plugin, &pid_file)?;
    let file = folder.join("compose.yaml");
    let service =
        format!("    image: {image}\n    command: echo composed\n    pull_policy: always\n");
    fs::write(
        &file,
        format!("name: story\nservices:\n  web:\n{service}    network_mode: none\n"),
    )?;
    let file = file.display().to_string();
    let compose = |words: &[&str]| -> Result<(Who, String)> {
        let mut command = stage.docker.command(Client::DockerNewest)?;
        command
            .args(["compose", "--progress", "plain", "--file", &file])
            .args(words);
        let actor = succeed(&mut command)?;
        let pid = fs::read_to_string(&pid_file)?.trim().parse()?;
        let mut args = actor.who.args;
        args[0] = plugin.display().to_string();
        let mut ancestors = actor.who.ancestors;
        ancestors.insert(0, actor.who.pid);
        let exe = plugin.display().to_string();
        Ok((
            Who {
                pid,
                exe,
                args,
                ancestors,
            },
            actor.ran.stdout,
        ))
    };
    let (up, _) = compose(&["up", "--detach"])?;
    let (_, listed) = compose(&["ps", "--all", "--quiet", "--no-trunc"])?;
    let (down, _) = compose(&["down"])?;
    let id = listed.trim();
    let of = |op: &str| Row::ok(op).container(id).name("story-web-1").image(image);
    let pull = Row::ok("pull").image(image).digest(&known.digest);
    stage.expect(&up, [pull, of("create"), of("start")]);
    stage.expect(&down, [of("stop"), of("remove-container")]);
    Ok(())
}

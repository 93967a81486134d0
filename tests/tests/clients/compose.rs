//! `docker compose up`: the docker command runs a plug-in, and the plug-in is the one that asks.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use imgtrace_tests::lab::{Client, Docker};
use imgtrace_tests::story::{Row, Who, succeed};

use super::images::Known;
use super::stage::Stage;

/// Where the plug-in's pid is written.
const PID_FILE: &str = "plugin.pid";

/// Puts a script before the plug-in that tells its pid and becomes it. Returns the plug-in's own path.
fn announce(docker: &Docker, folder: &Path) -> Result<PathBuf> {
    let command = docker.command(Client::DockerNewest)?;
    let program = Path::new(command.get_program());
    let plugin = program
        .parent()
        .context("no folder")?
        .join("docker-compose");
    let config = command.get_envs().find(|(key, _)| *key == "DOCKER_CONFIG");
    let config = config
        .and_then(|(_, value)| value)
        .context("no configuration")?;
    let link = Path::new(config).join("cli-plugins/docker-compose");
    let script = folder.join("docker-compose");
    let text = format!(
        "#!/bin/sh\necho $$ > {}\nexec {} \"$@\"\n",
        folder.join(PID_FILE).display(),
        plugin.display()
    );
    fs::write(&script, text)?;
    fs::set_permissions(&script, Permissions::from_mode(0o755))?;
    fs::remove_file(&link)?;
    std::os::unix::fs::symlink(&script, &link)?;
    Ok(plugin)
}

/// Up, with an image to pull, and down.
pub(super) fn tell(stage: &mut Stage, known: &Known, folder: &Path) -> Result<()> {
    let image = &known.image;
    let plugin = announce(stage.docker, folder)?;
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
        let pid = fs::read_to_string(folder.join(PID_FILE))?.trim().parse()?;
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

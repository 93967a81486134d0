//! Stories of starts: by clients, by nobody, and without any daemon.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::told;
use crate::lab::{Docker, Image, Lab, Ran, Registry, say, until};

/// How long dockerd may take to start a container again.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it shall have been started again: dockerd waits 100 ms first, and twice as long each time.
const TIMES: u64 = 4;

/// A start by docker, by ctr and by podman, of an image of 101 layers, after much that mounts and starts nothing.
pub(super) fn starts(lab: &Lab, docker: &Docker, registry: &Registry) -> Result<()> {
    let tall = registry.add(Image::Tall)?;
    told(docker, &["pull", "--quiet", &tall])?;
    told(docker, &["create", "--name", "still", &tall])?;
    told(docker, &["cp", "still:/README", "-"])?;
    told(docker, &["commit", "still", "committed:1"])?;
    told(docker, &["rm", "still"])?;
    told(
        docker,
        &[
            "run",
            "--rm",
            "--name",
            "of-docker",
            &tall,
            "cat",
            "/README",
        ],
    )?;
    let ctr = |line: &str| -> Result<()> {
        let args: Vec<&str> = ["--namespace", "lab"]
            .into_iter()
            .chain(line.split(' '))
            .collect();
        let ran = docker.containerd().ctr(&args)?;
        say(&format!("process {}: ctr {}", ran.pid, args.join(" ")));
        Ok(())
    };
    ctr(&format!("images pull --plain-http {tall}"))?;
    ctr(&format!("run --rm {tall} of-ctr cat /README"))?;
    let podman = lab.podman(registry)?;
    let ran = podman.cli(&[
        "run",
        "--rm",
        "--name",
        "of-podman",
        &tall,
        "cat",
        "/README",
    ])?;
    say(&format!(
        "process {}: podman run --rm --name of-podman {tall} cat /README",
        ran.pid
    ));
    Ok(())
}

/// A restart policy at work, and a dockerd that is killed and started.
pub(super) fn restarts(docker: &Docker, registry: &Registry) -> Result<()> {
    let image = registry.reference(Image::Busybox);
    told(docker, &["pull", "--quiet", &image])?;
    let run = ["run", "--detach", "--restart", "always", "--name"];
    told(
        docker,
        &[&run[..], &["again", &image, "sleep", "0.2"]].concat(),
    )?;
    let count = || -> Result<u64> {
        let ran = docker.cli(&["inspect", "--format", "{{.RestartCount}}", "again"])?;
        Ok(ran.stdout.trim().parse()?)
    };
    let enough = until(PATIENCE, || count().is_ok_and(|count| count >= TIMES));
    ensure!(enough, "dockerd does not start it again");
    told(docker, &["rm", "--force", "again"])?;
    told(
        docker,
        &[&run[..], &["survivor", &image, "sleep", "1000"]].concat(),
    )?;
    let pid = docker.pid().context("dockerd is gone")?;
    docker.kill()?;
    docker.start()?;
    let new = docker.pid().context("dockerd is gone")?;
    say(&format!(
        "process {pid}, dockerd, is killed; process {new} is the next one"
    ));
    let runs = || {
        let ran = docker.cli(&["inspect", "--format", "{{.State.Running}}", "survivor"]);
        ran.is_ok_and(|ran| ran.stdout == "true\n")
    };
    ensure!(until(PATIENCE, runs), "dockerd does not start it once more");
    told(docker, &["rm", "--force", "survivor"])
}

/// Podman and Buildah, whom no socket tells of.
pub(super) fn podman(lab: &Lab, docker: &Docker, registry: &Registry) -> Result<()> {
    let image = registry.reference(Image::Busybox);
    let podman = lab.podman(registry)?;
    let context = docker.new_folder("context")?;
    let text = format!("FROM {image}\nRUN true\n");
    crate::lab::write(&context.join("Dockerfile"), text)?;
    let context = context.display().to_string();
    for (of_buildah, words) in [
        (false, &["pull", "--quiet", &image][..]),
        (
            false,
            &["run", "--rm", "--name", "hello", &image, "echo", "hello"],
        ),
        (true, &["from", "--name", "working", &image]),
        (true, &["run", "--network", "host", "working", "true"]),
        (true, &["rm", "working"]),
        (
            true,
            &[
                "bud",
                "--quiet",
                "--network",
                "host",
                "--tag",
                "built:1",
                &context,
            ],
        ),
    ] {
        let (name, mut command) = if of_buildah {
            ("buildah", podman.buildah_command())
        } else {
            ("podman", podman.command())
        };
        let ran = Ran::ok(command.args(words))?;
        say(&format!("process {}: {name} {}", ran.pid, words.join(" ")));
    }
    Ok(())
}

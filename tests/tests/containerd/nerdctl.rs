//! nerdctl: Docker's command line over containerd, with no daemon between.

use anyhow::Result;
use imgtrace_tests::lab::{Containerd, Content, Lab};
use imgtrace_tests::story::{Row, Stage, attempt};

use super::commands::{fails, makes};

/// Its namespace, which is its default one.
const NAMESPACE: &str = "default";

/// Pull, run, exec, rm, rmi.
pub(super) fn story(lab: &Lab, containerd: &Containerd, known: &Content) -> Result<()> {
    let socket = containerd.socket();
    let mut stage = Stage::open(&[("containerd", &socket)], lab.place())?;
    let command = || -> Result<std::process::Command> {
        let mut command = containerd.nerdctl_command()?;
        command.arg("--insecure-registry");
        Ok(command)
    };
    let row = |op: &str| {
        Row::ok(op)
            .endpoint("containerd/containerd")
            .namespace(NAMESPACE)
    };
    let image = &known.reference;
    let pulled = row("pull").image(image).digest(&known.digest);
    makes(
        &mut stage,
        command()?,
        &format!("pull --quiet {image}"),
        [pulled.bytes(known.bytes_beside(None))],
    )?;
    let run = format!("run --detach --name web --net none {image} sleep 1000");
    let actor = makes(&mut stage, command()?, &run, [])?;
    let id = actor.words()[0];
    let of = |op: &str| row(op).container(id).image(image);
    let created = of("create");
    // The name is in a label, which the store tells of what was mounted.
    let of = |op: &str| of(op).name("web");
    stage.expect(&actor.who, [created, of("start")]);
    makes(&mut stage, command()?, "exec web true", [of("exec")])?;
    makes(&mut stage, command()?, "kill web", [of("kill")])?;
    // It says how it ended, and that was not well.
    attempt(command()?.args(["wait", "web"]))?;
    makes(&mut stage, command()?, "rm web", [of("remove-container")])?;
    makes(
        &mut stage,
        command()?,
        &format!("rmi {image}"),
        [row("remove-image").image(image)],
    )?;
    fails(&mut stage, command()?, "start web", [])?;
    stage.close()?;
    Ok(())
}

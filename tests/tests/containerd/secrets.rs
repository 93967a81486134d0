//! Secrets with a mark, in every place of containerd's API that can carry one.

use std::process::Command;

use anyhow::{Result, ensure};
use imgtrace_tests::lab::{Containerd, Content, Lab, Ran};
use imgtrace_tests::story::{Listeners, MARK, base64};

use super::doorman::Doorman;

/// Says everything, to imgtraces with every kind of output.
pub(super) fn tell(lab: &Lab, containerd: &Containerd, known: &Content) -> Result<()> {
    let socket = containerd.socket();
    let listeners = Listeners::start(
        &[("containerd", &socket)],
        &lab.place().data().join("recording"),
    )?;
    credentials(containerd)?;
    containers(containerd, &known.reference)?;
    // The last of all, at each of them.
    containerd.ctr(&["images", "tag", &known.reference, "localhost/were:told"])?;
    listeners.heard_none(
        &["pull", "create", "start", "exec", "tag"],
        "localhost/were:told",
    )
}

/// By the stream on which containerd asks for them, and by a client that keeps them to itself.
fn credentials(containerd: &Containerd) -> Result<()> {
    let doorman = Doorman::open()?;
    for (number, option) in ["", "--local"].into_iter().enumerate() {
        let user = format!("lab:{MARK}0{number}");
        let mut command = containerd.ctr_command();
        command.args(["images", "pull", "--plain-http", "--user", &user]);
        command.args((!option.is_empty()).then_some(option));
        let ran = Ran::of(command.arg(doorman.image()))?;
        ensure!(!ran.status.success(), "nobody is let in");
        let shown = base64(user.as_bytes());
        ensure!(
            doorman.has_heard(&shown),
            "{user} was not shown: {}",
            ran.stderr
        );
    }
    Ok(())
}

/// Environments, labels and arguments, of containers and of what runs in them.
fn containers(containerd: &Containerd, image: &str) -> Result<()> {
    containerd.ctr(&["images", "pull", "--plain-http", image])?;
    // runc's own folder of containers outlives a lab that was killed.
    let (first, second) = ["first", "second"]
        .map(|name| format!("{name}-{}", std::process::id()))
        .into();
    let mut nerdctl = containerd.nerdctl_command()?;
    nerdctl.arg("--insecure-registry");
    let lines: [(Command, String); 4] = [
        (
            containerd.ctr_command(),
            format!(
                "run --rm --env NAME={MARK}10 --label token={MARK}11 {image} {first} echo --password {MARK}12"
            ),
        ),
        (
            containerd.ctr_command(),
            format!("run --detach --null-io --env NAME={MARK}13 {image} {second} sleep 1000"),
        ),
        (
            containerd.ctr_command(),
            format!(
                "tasks exec --exec-id third {second} env TOKEN={MARK}14 PASSWORD={MARK}15 true"
            ),
        ),
        (
            nerdctl,
            format!(
                "run --rm --net none -e NAME={MARK}16 --label token={MARK}17 {image} echo --token={MARK}18"
            ),
        ),
    ];
    for (mut command, line) in lines {
        Ran::ok(command.args(line.split(' ')))?;
    }
    Ok(())
}

//! bollard's five requests: its program is built, so it tells the lab's own story.

use anyhow::Result;
use imgtrace_tests::lab::Client;
use imgtrace_tests::story::{Row, succeed};

use super::images::Known;
use super::stage::Stage;

/// Has bollard tell its story.
pub(super) fn tell(stage: &mut Stage, known: &Known, name: &str) -> Result<()> {
    let mut command = stage.docker.command(Client::Bollard)?;
    let actor = succeed(command.args([&known.image, name]))?;
    let id = actor.ran.stdout.trim();
    let of = |op: &str| Row::ok(op).container(id).name(name).image(&known.image);
    let pull = Row::ok("pull").image(&known.image).digest(&known.digest);
    stage.expect(
        &actor.who,
        [pull, of("create"), of("start"), of("remove-container")],
    );
    Ok(())
}

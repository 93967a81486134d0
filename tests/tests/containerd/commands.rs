//! Command lines, and what they must have made.

use std::process::Command;

use anyhow::{Result, ensure};
use imgtrace_tests::story::{Actor, Row, Stage, attempt, succeed};

/// Runs a command with these words, which must succeed and make these operations.
pub(super) fn makes(
    stage: &mut Stage,
    mut command: Command,
    line: &str,
    rows: impl IntoIterator<Item = Row>,
) -> Result<Actor> {
    let actor = succeed(command.args(line.split(' ')))?;
    stage.expect(&actor.who, rows);
    Ok(actor)
}

/// Runs a command with these words, which must fail and make these operations.
pub(super) fn fails(
    stage: &mut Stage,
    mut command: Command,
    line: &str,
    rows: impl IntoIterator<Item = Row>,
) -> Result<()> {
    let actor = attempt(command.args(line.split(' ')))?;
    ensure!(!actor.ran.status.success(), "{line} was not refused");
    stage.expect(&actor.who, rows);
    Ok(())
}

//! `imgtrace completions SHELL`.

use clap_complete::Shell;

use super::Exit;
use super::error::Failure;
use super::screen::Stdout;

/// Prints what the shell has to source.
pub(super) fn run(shell: Shell, command: &mut clap::Command) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, command, "imgtrace", &mut script);
    Stdout::new().print(&script)?;
    Ok(Exit::Done)
}

//! `imgtrace completions SHELL`.

use clap_complete::Shell;

use super::Exit;
use super::error::{Failure, Kind};
use super::screen::{Screen, Stdout};

/// Prints what the shell has to source.
pub(super) fn run(shell: Shell, command: &mut clap::Command) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, command, "imgtrace", &mut script);
    match Stdout::new().write(&script) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Kind::Internal, "failed to write to stdout").because(error))
        }
        _ => Ok(Exit::Done),
    }
}

//! Where the output goes: stdout, be it a terminal, a pipe or a file.

use std::io::{self, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};

use super::args::{CommonArgs, ShowArgs};
use super::error::{Failure, Kind};
use crate::show::{Filter, Settings, Zone};

/// Something that output can be written to.
pub(super) trait Screen {
    /// Writes everything, so that its reader has it.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Columns of the terminal; none if it is not one.
    fn columns(&self) -> Option<usize>;
}

/// This program's stdout.
#[derive(Debug)]
pub(super) struct Stdout {
    stdout: io::Stdout,
    terminal: bool,
}

impl Stdout {
    pub(super) fn new() -> Self {
        let stdout = io::stdout();
        let terminal = stdout.is_terminal();
        Self { stdout, terminal }
    }

    /// True if colours are wanted: a terminal that has them, no `--no-color`, no `NO_COLOR`, or
    /// `CLICOLOR_FORCE`.
    pub(super) fn colour(&self, common: &CommonArgs) -> bool {
        !common.no_color && AutoStream::choice(&self.stdout) != ColorChoice::Never
    }

    /// Writes something once; that its reader has gone away is no failure.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn print(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match self.write(bytes) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::new(Kind::Internal, "failed to write to stdout").because(error))
            }
            _ => Ok(()),
        }
    }

    /// How reports are to be rendered for it.
    pub(super) fn settings(&self, show: &ShowArgs, common: &CommonArgs, zone: Zone) -> Settings {
        Settings {
            output: show.output.unwrap_or_default(),
            evidence: common.verbose > 0,
            colour: self.colour(common),
            columns: self.columns(),
            zone,
            filter: Filter(show.filter.clone()),
        }
    }
}

impl Screen for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut stdout = self.stdout.lock();
        stdout.write_all(bytes)?;
        stdout.flush()
    }

    fn columns(&self) -> Option<usize> {
        if !self.terminal {
            return None;
        }
        let size = rustix::termios::tcgetwinsize(&self.stdout).ok()?;
        Some(usize::from(size.ws_col)).filter(|&columns| columns > 0)
    }
}

#[cfg(test)]
pub(super) mod paper;

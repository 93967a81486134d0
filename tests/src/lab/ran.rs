//! A program that has run to its end.

use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context as _, Result, bail};

/// A client that has run: who it was and what came of it.
#[derive(Debug)]
pub struct Ran {
    /// Its process id, in the host's pid namespace.
    pub pid: i32,
    /// How it ended.
    pub status: ExitStatus,
    /// All of its stdout.
    pub stdout: String,
    /// All of its stderr.
    pub stderr: String,
}

impl Ran {
    /// Runs a command to its end.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn of(command: &mut Command) -> Result<Self> {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let child = child.with_context(|| format!("failed to run {}", command_line(command)))?;
        let pid = i32::try_from(child.id())?;
        let out = child
            .wait_with_output()
            .with_context(|| format!("failed to run {}", command_line(command)))?;
        Ok(Self {
            pid,
            status: out.status,
            stdout: String::from_utf8_lossy(&out.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&out.stderr).into_owned(),
        })
    }

    /// Runs a command that must succeed.
    ///
    /// # Errors
    /// It cannot be started or exits with another status than 0; the error holds its stderr.
    pub fn ok(command: &mut Command) -> Result<Self> {
        let ran = Self::of(command)?;
        match ran.failure(command) {
            Some(failure) => bail!(failure),
            None => Ok(ran),
        }
    }

    /// That this command, which was run, has failed, how, and what it said; none if it has not.
    pub fn failure(&self, command: &Command) -> Option<String> {
        let (status, said) = (self.status, self.stderr.trim());
        let failure = || format!("{} failed ({status}): {said}", command_line(command));
        (!status.success()).then(failure)
    }
}

fn command_line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

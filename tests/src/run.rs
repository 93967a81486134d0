//! The imgtrace program with any arguments, its output kept byte for byte: for what is to be said about the output as
//! such, its end and its exit code. [`Tracer`](crate::tracer::Tracer) is for what the lines say.

use std::fs::{self, File};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::lab::{ProcessId, until};
use crate::tracer;

/// An imgtrace that runs, with its output in files. Dropping it kills it.
#[derive(Debug)]
pub struct Run {
    child: Child,
    folder: TempDir,
}

/// An imgtrace that has ended.
#[derive(Debug)]
pub struct Ended {
    /// All of its stdout.
    pub stdout: Vec<u8>,
    /// All of its stderr.
    pub stderr: String,
    /// How it ended.
    pub status: ExitStatus,
}

impl Ended {
    /// Its stdout as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

impl Run {
    /// Starts imgtrace with these arguments.
    ///
    /// # Errors
    /// There is no imgtrace program, or it does not start.
    pub fn start(args: &[&str]) -> Result<Self> {
        let mut command = Command::new(tracer::program()?);
        command.args(args);
        Self::of(command)
    }

    /// Starts a command that runs imgtrace.
    ///
    /// # Errors
    /// It does not start.
    pub fn of(mut command: Command) -> Result<Self> {
        let folder =
            tempfile::tempdir().context("failed to make a folder for imgtrace's output")?;
        let file = |name| File::create(folder.path().join(name));
        let child = command
            .stdin(Stdio::null())
            .stdout(file("stdout")?)
            .stderr(file("stderr")?)
            .spawn();
        let child = child
            .with_context(|| format!("failed to start {}", command.get_program().display()))?;
        Ok(Self { child, folder })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its stdout so far.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn stdout(&self) -> Result<Vec<u8>> {
        Ok(fs::read(self.folder.path().join("stdout"))?)
    }

    /// Waits until this text stands in its stdout.
    ///
    /// # Errors
    /// It does not within `patience`, or imgtrace ends; the error holds all of its output.
    pub fn prints(&mut self, patience: Duration, wanted: &str) -> Result<()> {
        self.prints_times(patience, wanted, 1)
    }

    /// Waits until this text stands in its stdout so many times.
    ///
    /// # Errors
    /// As for [`Run::prints`].
    pub fn prints_times(&mut self, patience: Duration, wanted: &str, times: usize) -> Result<()> {
        let folder = self.folder.path().to_owned();
        let text = |name| {
            let bytes = fs::read(folder.join(name)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let there = || text("stdout").matches(wanted).count() >= times;
        until(patience, || {
            there() || !matches!(self.child.try_wait(), Ok(None))
        });
        if !there() {
            let (stdout, stderr) = (text("stdout"), text("stderr"));
            bail!(
                "imgtrace did not print {wanted:?} {times} times, but:\n{stdout}\nand on stderr:\n{stderr}"
            );
        }
        Ok(())
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        match ProcessId::of(i32::try_from(self.child.id())?) {
            Some(id) => id.signal(signal),
            None => Ok(()),
        }
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// It does not end within `patience`; then it is killed.
    pub fn ended(mut self, patience: Duration) -> Result<Ended> {
        if !until(patience, || !matches!(self.child.try_wait(), Ok(None))) {
            bail!("imgtrace did not end within {patience:?}");
        }
        let status = self.child.wait()?;
        let stderr = fs::read(self.folder.path().join("stderr"))?;
        Ok(Ended {
            stdout: self.stdout()?,
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
            status,
        })
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // After ended() it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

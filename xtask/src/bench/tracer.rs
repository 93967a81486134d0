//! The imgtrace that is measured, and a listener for it to watch.
//!
//! The listener is none of a real daemon, and says so: what is measured is the way from a byte to a
//! line, and a daemon's own time would only stand in its way.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    thread,
};

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

/// Answers every request at once.
pub(super) const ANSWER: &[u8] =
    b"HTTP/1.1 204 No Content\r\nServer: Docker/28.5.2 (linux)\r\n\r\n";

/// A listener named as Docker's, which answers 204 to anything.
pub(super) struct Daemon {
    folder: PathBuf,
}

impl Daemon {
    pub(super) fn listen() -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("imgtrace-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let daemon = Self { folder };
        let listener = UnixListener::bind(daemon.socket())?;
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                thread::spawn(move || answer(client));
            }
        });
        Ok(daemon)
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.folder.join("docker.sock")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // A folder that stays in /tmp is no reason to fail.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Each request of the benchmark fits into one read.
fn answer(mut client: UnixStream) {
    let mut request = [0; 4096];
    while client.read(&mut request).is_ok_and(|read| read > 0) {
        if client.write_all(ANSWER).is_err() {
            return;
        }
    }
}

/// A running imgtrace that is attached.
pub(super) struct Tracer {
    child: Child,
    /// What it prints.
    pub(super) lines: BufReader<ChildStdout>,
}

impl Tracer {
    pub(super) fn start(program: &Path, daemon: &Daemon) -> Result<Self> {
        let endpoint = format!("docker={}", daemon.socket().display());
        let mut child = Command::new(program)
            .args(["-o", "json", "--endpoint", &endpoint])
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("failed to start {}", program.display()))?;
        let stdout = child
            .stdout
            .take()
            .context("imgtrace has no standard output")?;
        let mut tracer = Self {
            child,
            lines: BufReader::new(stdout),
        };
        // It says so when everything is attached.
        tracer.line_with("\"kind\":\"endpoint\"")?;
        Ok(tracer)
    }

    /// Reads up to a line that contains `text`.
    pub(super) fn line_with(&mut self, text: &str) -> Result<()> {
        let mut line = String::new();
        while !line.contains(text) {
            line.clear();
            ensure!(self.lines.read_line(&mut line)? > 0, "imgtrace ended early");
        }
        Ok(())
    }

    pub(super) fn stop(mut self) -> Result<()> {
        let pid = i32::try_from(self.child.id())?;
        kill_process(Pid::from_raw(pid).context("no pid")?, Signal::INT)?;
        // It may be writing its last lines into the pipe.
        std::io::copy(&mut self.lines, &mut std::io::sink())?;
        self.child.wait()?;
        Ok(())
    }
}

//! A process by its true identity, pid and start time, and how to end exactly that one.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions};

use super::daemon::until;

/// How long a process may take to be gone after SIGKILL.
const KILL_PATIENCE: Duration = Duration::from_secs(5);

/// A process, told apart from a later one with the same pid by its start time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessId {
    /// The process id.
    pub pid: i32,
    /// Start time in clock ticks since boot: field 22 of `/proc/PID/stat`, proc(5).
    pub started: u64,
}

impl ProcessId {
    /// The process that has this pid now. None if there is none, or only a zombie.
    pub fn of(pid: i32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The second field, the name in parentheses, may hold anything, so count from its end.
        let (_, rest) = stat.rsplit_once(") ")?;
        let mut fields = rest.split(' ');
        if matches!(fields.next()?, "Z" | "X") {
            return None;
        }
        // State was field 3; 18 more lie between it and field 22.
        let started = fields.nth(18)?.parse().ok()?;
        Some(Self { pid, started })
    }

    /// Reads the form that [`ProcessId::text`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let (pid, started) = text.trim().split_once(' ')?;
        Some(Self {
            pid: pid.parse().ok()?,
            started: started.parse().ok()?,
        })
    }

    /// `PID STARTED`, as in a pid file.
    pub fn text(self) -> String {
        format!("{} {}\n", self.pid, self.started)
    }

    /// Whether this very process still runs.
    pub fn is_running(self) -> bool {
        Self::of(self.pid) == Some(self)
    }

    /// Sends a signal to this very process; one that is gone is no error.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn signal(self, signal: Signal) -> Result<()> {
        let Some(pid) = Pid::from_raw(self.pid) else {
            bail!("{} is no pid", self.pid)
        };
        // The descriptor holds on to one process; the check after it says that it is ours.
        let Ok(handle) = rustix::process::pidfd_open(pid, PidfdFlags::empty()) else {
            return Ok(());
        };
        if !self.is_running() {
            return Ok(());
        }
        match rustix::process::pidfd_send_signal(handle, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => {
                Err(error).with_context(|| format!("failed to signal process {}", self.pid))
            }
        }
    }

    /// Ends the process: SIGTERM, and SIGKILL if it has not gone when patience ends.
    ///
    /// # Errors
    /// It cannot be signalled, or does not go.
    pub fn end(self, patience: Duration) -> Result<()> {
        self.signal(Signal::TERM)?;
        if until(patience, || self.is_gone()) {
            return Ok(());
        }
        self.kill()
    }

    /// Ends the process at once, with SIGKILL.
    ///
    /// # Errors
    /// It cannot be signalled, or does not go.
    pub fn kill(self) -> Result<()> {
        self.signal(Signal::KILL)?;
        if !until(KILL_PATIENCE, || self.is_gone()) {
            bail!("process {} does not end", self.pid);
        }
        Ok(())
    }

    fn is_gone(self) -> bool {
        if self.is_running() {
            return false;
        }
        // Buries it if it was a child of ours. None: it is, but a thread of it still ends, and its pid is taken.
        let buried = Pid::from_raw(self.pid)
            .map(|pid| rustix::process::waitpid(Some(pid), WaitOptions::NOHANG));
        !matches!(buried, Some(Ok(None)))
    }
}

#[cfg(test)]
mod tests;

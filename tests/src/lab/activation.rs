//! A dockerd whose socket somebody else opened: socket activation, with this process in systemd's place.

use std::fs::{self, Permissions};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rustix::event::{PollFd, PollFlags, Timespec};

use super::Docker;

/// Moves the socket from stdin to descriptor 3 and says so in the environment (`sd_listen_fds`(3)); exec keeps the pid,
/// which dockerd compares with its own.
const HAND_OVER: &str = "exec 3<&0 0</dev/null && LISTEN_FDS=1 LISTEN_PID=$$ exec \"$@\"";

/// A listening docker.sock whose daemon may not be there yet. To a client, this process is the one that listens.
#[derive(Debug)]
pub struct Activation {
    docker: Docker,
    listener: UnixListener,
}

impl Activation {
    pub(super) fn open(docker: Docker) -> Result<Self> {
        let socket = docker.socket();
        let failed = || format!("failed to listen on {}", socket.display());
        if socket.exists() {
            fs::remove_file(&socket).with_context(failed)?;
        }
        let listener = UnixListener::bind(&socket).with_context(failed)?;
        // As docker.socket has it, but for its group.
        fs::set_permissions(&socket, Permissions::from_mode(0o660)).with_context(failed)?;
        Ok(Self { docker, listener })
    }

    /// Waits for the first client, then starts the daemon, which serves it.
    ///
    /// # Errors
    /// No client comes within `patience`, or the daemon does not come up.
    pub fn start_on_demand(&self, patience: Duration) -> Result<()> {
        let mut wanted = [PollFd::new(&self.listener, PollFlags::IN)];
        let ready = rustix::event::poll(&mut wanted, Some(&Timespec::try_from(patience)?));
        ensure!(
            ready.context("failed to wait for a client")? > 0,
            "no client came within {patience:?}"
        );
        self.start()
    }

    /// Starts the daemon on the socket that is open already.
    ///
    /// # Errors
    /// It does not come up.
    pub fn start(&self) -> Result<()> {
        self.docker.containerd().start_if_stopped()?;
        let dockerd = self.docker.dockerd()?;
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", HAND_OVER, "sh"])
            .arg(dockerd.get_program())
            .args(dockerd.get_args());
        command.args(["--host", "fd://"]).env_clear();
        command.envs(
            dockerd
                .get_envs()
                .filter_map(|(key, value)| Some((key, value?))),
        );
        let socket = self
            .listener
            .try_clone()
            .context("failed to hand over the socket")?;
        self.docker.start_with({
            command.stdin(Stdio::from(OwnedFd::from(socket)));
            command
        })
    }
}

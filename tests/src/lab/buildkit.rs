//! A buildkitd of its own, with its own socket and root.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use super::generation::SYSTEM_PATH;
use super::{Peers, Place, Ran, daemon};

/// Its name among the lab's daemons.
const NAME: &str = "buildkitd";

/// A buildkitd of the lab, which runs its steps by runc in the host's network.
#[derive(Debug)]
pub struct Buildkitd {
    place: Place,
    programs: PathBuf,
}

impl Buildkitd {
    /// Starts it and waits until it answers.
    ///
    /// # Errors
    /// [`Peers::BuildKit`] is not there, or it does not come up; the error holds the end of its log.
    pub(super) fn start(place: &Place) -> Result<Self> {
        let buildkitd = Self {
            place: place.clone(),
            programs: Peers::BuildKit.require()?,
        };
        place.run_dir(NAME)?;
        let mut command = Command::new(buildkitd.programs.join(NAME));
        command
            .env_clear()
            .env("PATH", SYSTEM_PATH)
            .stdin(Stdio::null());
        command
            .arg("--root")
            .arg(place.data_dir(NAME)?)
            .arg("--addr")
            .arg(buildkitd.address());
        command.args(["--oci-worker=true", "--containerd-worker=false"]);
        // CNI's plug-ins would be needed for another network.
        command.args([
            "--oci-worker-net=host",
            "--oci-worker-binary=/usr/sbin/runc",
        ]);
        daemon::start(place, NAME, command, || buildkitd.answers())?;
        Ok(buildkitd)
    }

    /// The socket that it serves its API on.
    pub fn socket(&self) -> PathBuf {
        self.place.run().join(NAME).join("buildkitd.sock")
    }

    /// buildctl for this daemon; the caller adds arguments and runs it.
    ///
    /// # Errors
    /// Its home cannot be made.
    pub fn buildctl(&self) -> Result<Command> {
        let mut command = Command::new(self.programs.join("buildctl"));
        command
            .env_clear()
            .env("PATH", SYSTEM_PATH)
            .env("HOME", self.home()?);
        command.arg("--addr").arg(self.address());
        Ok(command)
    }

    /// Where buildctl looks for registries' credentials: below `.docker`.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn home(&self) -> Result<PathBuf> {
        self.place.data_dir("client-buildctl")
    }

    fn address(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    fn answers(&self) -> bool {
        let workers = || -> Result<Ran> {
            UnixStream::connect(self.socket()).context("not there yet")?;
            Ran::ok(self.buildctl()?.args(["debug", "workers"]))
        };
        workers().is_ok()
    }
}

//! A containerd with its own socket, state and root.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::generation::Programs;
use super::{Place, Ran, daemon, write};

/// A containerd of the lab.
#[derive(Debug, Clone)]
pub struct Containerd {
    place: Place,
    name: String,
    programs: Programs,
}

impl Containerd {
    pub(super) fn new(place: &Place, name: &str, programs: &Programs) -> Self {
        Self {
            place: place.clone(),
            name: name.to_owned(),
            programs: programs.clone(),
        }
    }

    /// The socket that it serves its gRPC API on.
    pub fn socket(&self) -> PathBuf {
        self.run().join("containerd.sock")
    }

    fn run(&self) -> PathBuf {
        self.place.run().join(&self.name)
    }

    /// Starts it and waits until it answers.
    ///
    /// # Errors
    /// It does not come up.
    pub fn start(&self) -> Result<()> {
        let run = self.place.run_dir(&self.name)?;
        let data = self.place.data_dir(&self.name)?;
        let config = data.join("config.toml");
        write(&config, configuration(&run, &data, &self.socket()))?;
        let mut command = self.programs.command(&self.programs.containerd);
        command.arg("--config").arg(&config);
        daemon::start(&self.place, &self.name, command, || self.answers())?;
        Ok(())
    }

    /// Starts it unless it runs.
    ///
    /// # Errors
    /// It does not come up.
    pub fn start_if_stopped(&self) -> Result<()> {
        match daemon::running(&self.place, &self.name) {
            Some(_) => Ok(()),
            None => self.start(),
        }
    }

    /// Stops it. Containers under its shims go on.
    ///
    /// # Errors
    /// It does not end.
    pub fn stop(&self) -> Result<()> {
        daemon::stop(&self.place, &self.name)
    }

    /// Runs ctr against it.
    ///
    /// # Errors
    /// ctr fails; the error holds its stderr.
    pub fn ctr(&self, args: &[&str]) -> Result<Ran> {
        Ran::ok(self.ctr_command().args(args))
    }

    fn ctr_command(&self) -> Command {
        let mut command = self.programs.command(&self.programs.ctr);
        command.arg("--address").arg(self.socket());
        command
    }

    fn answers(&self) -> bool {
        // It binds its socket before its plugins are ready, so a connection alone says too little.
        UnixStream::connect(self.socket()).is_ok()
            && Ran::of(self.ctr_command().arg("version")).is_ok_and(|ran| ran.status.success())
    }
}

/// containerd's configuration, version 2 (which 1.6 and 2.x both read). Everything that would lie outside the lab by
/// default is moved into it (`/opt/containerd`) or off (NRI, whose socket is `/var/run/nri/nri.sock`). CRI, which 2.x
/// splits in three, is off as where containerd serves only Docker.
fn configuration(run: &Path, data: &Path, socket: &Path) -> String {
    format!(
        r#"version = 2
root = "{data}/root"
state = "{run}/state"
disabled_plugins = [
  "io.containerd.grpc.v1.cri",
  "io.containerd.cri.v1.images",
  "io.containerd.cri.v1.runtime",
  "io.containerd.nri.v1.nri",
]
[grpc]
  address = "{socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{data}/opt"
"#,
        data = data.display(),
        run = run.display(),
        socket = socket.display()
    )
}

//! A containerd with its own socket, state and root.

mod configuration;
mod record;

use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::generation::Programs;
use super::{Peers, Place, Ran, daemon, read, write};
use configuration::Paths;
pub use record::Done;

/// A containerd of the lab.
#[derive(Debug, Clone)]
pub struct Containerd {
    place: Place,
    name: String,
    programs: Programs,
    /// The image of CRI's sandboxes, where CRI is served.
    pause: Option<String>,
}

impl Containerd {
    pub(super) fn new(place: &Place, name: &str, programs: &Programs) -> Self {
        Self {
            place: place.clone(),
            name: name.to_owned(),
            programs: programs.clone(),
            pause: None,
        }
    }

    /// One that serves CRI too, with this image for its sandboxes.
    pub(super) fn with_cri(mut self, pause: &str) -> Self {
        self.pause = Some(pause.to_owned());
        self
    }

    /// What CRI has done here, by containerd's own log.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn done(&self) -> Result<Vec<Done>> {
        Ok(record::read(&read(&self.place.log(&self.name))?))
    }

    /// The process id, while it runs.
    pub fn pid(&self) -> Option<i32> {
        daemon::running(&self.place, &self.name).map(|id| id.pid)
    }

    /// The socket that it serves its gRPC API on.
    pub fn socket(&self) -> PathBuf {
        self.run().join("containerd.sock")
    }

    /// Where its content and layers are (`root` in its configuration).
    pub fn root(&self) -> PathBuf {
        self.place.data().join(&self.name).join("root")
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
        let paths = Paths {
            run: &run,
            data: &data,
            socket: &self.socket(),
        };
        write(&config, paths.configuration(self.pause.as_deref()))?;
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

    /// ctr for this daemon; the caller adds arguments and runs it.
    pub fn ctr_command(&self) -> Command {
        let mut command = self.programs.command(&self.programs.ctr);
        command.arg("--address").arg(self.socket());
        command
    }

    /// nerdctl for this daemon, with files of its own; the caller adds arguments and runs it.
    ///
    /// # Errors
    /// [`Peers::Nerdctl`] is not there.
    pub fn nerdctl_command(&self) -> Result<Command> {
        let mut command = self
            .programs
            .command(&Peers::Nerdctl.require()?.join("nerdctl"));
        let home = self.place.data_dir("client-nerdctl")?;
        command
            .env("HOME", &home)
            .env("NERDCTL_TOML", home.join("nerdctl.toml"));
        command.arg("--address").arg(self.socket());
        command.arg("--data-root").arg(home.join("data"));
        command.arg("--cni-netconfpath").arg(home.join("net.d"));
        command.args(["--cgroup-manager", "cgroupfs"]);
        Ok(command)
    }

    fn answers(&self) -> bool {
        // It binds its socket before its plugins are ready, so a connection alone says too little.
        UnixStream::connect(self.socket()).is_ok()
            && Ran::of(self.ctr_command().arg("version")).is_ok_and(|ran| ran.status.success())
    }
}

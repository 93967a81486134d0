//! Podman and Buildah of Debian's packages, over a store of the lab's own.
//!
//! Neither has a daemon: each command is a process that does everything itself. Containers are held by conmon and outlive
//! the command; the lab's end takes them too.

mod rootless;
mod settings;

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Result;

use super::generation::SYSTEM_PATH;
use super::{Place, Ran, Registry, daemon, http};
pub use rootless::Rootless;
use settings::Settings;

/// Debian's podman.
pub(super) const PODMAN: &str = "/usr/bin/podman";
/// Debian's buildah.
pub(super) const BUILDAH: &str = "/usr/bin/buildah";
/// Its folder, and its API service's name among the lab's daemons.
const NAME: &str = "podman";

/// Podman and Buildah with one store, as root.
#[derive(Debug, Clone)]
pub struct Podman {
    place: Place,
    settings: Settings,
}

impl Podman {
    /// Writes its settings; starts nothing.
    pub(super) fn new(place: &Place, registry: &Registry) -> Result<Self> {
        let (run, data) = (place.run_dir(NAME)?, place.data_dir(NAME)?);
        Ok(Self {
            place: place.clone(),
            settings: Settings::write(&data, &run, registry.address())?,
        })
    }

    /// Where its images and containers are (`podman info`'s graphRoot).
    pub fn root(&self) -> PathBuf {
        self.settings.root()
    }

    /// The folder of its store and settings, for another mount namespace that shall have both.
    pub fn data(&self) -> &Path {
        self.settings.data()
    }

    /// podman; the caller adds arguments and runs it.
    pub fn command(&self) -> Command {
        let mut command = self.plain(PODMAN);
        command.args(self.settings.podman());
        command
    }

    /// podman as a client of the API on this socket; the caller adds arguments and runs it.
    pub fn remote_command(&self, socket: &Path) -> Command {
        let mut command = self.plain(PODMAN);
        command
            .args(["--remote", "--url"])
            .arg(format!("unix://{}", socket.display()));
        command
    }

    /// buildah, on the same store; the caller adds arguments and runs it.
    pub fn buildah_command(&self) -> Command {
        let mut command = self.plain(BUILDAH);
        command.args(self.settings.store());
        command
    }

    /// Runs podman, and has it succeed.
    ///
    /// # Errors
    /// It fails; the error holds its stderr.
    pub fn cli(&self, args: &[&str]) -> Result<Ran> {
        Ran::ok(self.command().args(args))
    }

    /// podman's words with which it finds this store in a shell: the environment as `NAME=VALUE`, the program and its
    /// options.
    pub fn words(&self) -> Vec<String> {
        let environment = self.settings.environment();
        let environment = environment.map(|(name, value)| format!("{name}={}", value.display()));
        std::iter::once("env".to_owned())
            .chain(environment)
            .chain([PODMAN.to_owned()])
            .chain(self.settings.podman())
            .collect()
    }

    /// Starts the service of Podman's API and waits until it answers; gives its socket.
    ///
    /// # Errors
    /// It does not come up; the error holds the end of its log.
    pub fn serve(&self) -> Result<PathBuf> {
        let socket = self.place.run_dir(NAME)?.join("podman.sock");
        let mut command = self.command();
        command
            .args(["system", "service", "--time", "0"])
            .arg(format!("unix://{}", socket.display()));
        daemon::start(&self.place, NAME, command, || answers(&socket))?;
        Ok(socket)
    }

    /// A command with a plain environment: nothing of the user's settings, nor of the host's, reaches it.
    fn plain(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", SYSTEM_PATH)
            .envs(self.settings.environment())
            .stdin(Stdio::null());
        command
    }
}

/// Whether Podman's API answers on this socket.
fn answers(socket: &Path) -> bool {
    let ping = || -> Result<u16> {
        let stream = UnixStream::connect(socket)?;
        Ok(http::exchange(stream, "GET", "/_ping", "text/plain", b"")?.status)
    };
    ping().is_ok_and(|status| status == 200)
}

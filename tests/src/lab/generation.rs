//! Which Docker: its programs and its client.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Result;

use super::{Client, Image, Peers};

/// Where Debian's daemons and their helpers (runc, iptables) are.
pub(super) const SYSTEM_PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// Which Docker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    /// Debian's own packages: dockerd 20.10, containerd 1.6, runc 1.1, overlay2 store.
    Debian,
    /// The 29 line of dockerd, containerd 2.3 and runc 1.5, with containerd's image store: [`Peers::Newest`].
    Newest,
}

impl Generation {
    /// A word for paths and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Debian => "docker-debian",
            Self::Newest => "docker-newest",
        }
    }

    /// The docker command of the same generation.
    pub fn client(self) -> Client {
        match self {
            Self::Debian => Client::DockerDebian,
            Self::Newest => Client::DockerNewest,
        }
    }

    /// The image with that command.
    pub fn client_image(self) -> Image {
        match self {
            Self::Debian => Image::DockerCli,
            Self::Newest => Image::DockerCliNewest,
        }
    }

    /// Why this generation cannot run here, or None if it can. Asks nothing that [`missing`](super::missing) asks.
    pub fn missing(self) -> Option<String> {
        match self {
            Self::Debian => None,
            Self::Newest => Peers::Newest.missing(),
        }
    }
}

/// The programs of one generation, and the PATH on which they find their helpers.
#[derive(Debug, Clone)]
pub(super) struct Programs {
    pub(super) dockerd: PathBuf,
    pub(super) containerd: PathBuf,
    pub(super) ctr: PathBuf,
    path: String,
}

impl Programs {
    pub(super) fn of(generation: Generation) -> Result<Self> {
        Ok(match generation {
            Generation::Debian => Self {
                dockerd: "/usr/sbin/dockerd".into(),
                containerd: "/usr/bin/containerd".into(),
                ctr: "/usr/bin/ctr".into(),
                path: SYSTEM_PATH.to_owned(),
            },
            Generation::Newest => {
                let folder = Peers::Newest.require()?;
                Self {
                    dockerd: folder.join("dockerd"),
                    containerd: folder.join("containerd"),
                    ctr: folder.join("ctr"),
                    path: format!("{}:{SYSTEM_PATH}", folder.display()),
                }
            }
        })
    }

    /// A command with a plain environment: nothing of the user's Docker settings reaches a lab daemon.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", &self.path)
            .env("HOME", "/root")
            .stdin(Stdio::null());
        command
    }
}

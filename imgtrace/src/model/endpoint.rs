//! An endpoint: one listening socket of a container runtime.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ProcessKey;

/// Number of an endpoint within one run, shown as `e1`, `e2` …
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EndpointId(pub u32);

impl fmt::Display for EndpointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "e{}", self.0)
    }
}

impl Serialize for EndpointId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EndpointId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.strip_prefix('e')
            .and_then(|number| number.parse().ok())
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("an endpoint id is e followed by a number"))
    }
}

/// The kernel's own identity of a listener: device and inode of its path, never stat(2)'s.
///
/// Written `major:minor:inode`. Abstract sockets have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Listener {
    /// `super_block.s_dev`: 12 bits of major, 20 bits of minor.
    pub device: u32,
    /// `inode.i_ino`.
    pub inode: u64,
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor) = (self.device >> 20, self.device & 0xf_ffff);
        write!(f, "{major}:{minor}:{}", self.inode)
    }
}

/// The daemon behind an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Runtime {
    /// dockerd.
    Docker,
    /// Podman's API service.
    Podman,
    /// Buildah: no daemon, and no endpoint of its own.
    Buildah,
    /// containerd, also k3s', rke2's, k0s' and microk8s' own.
    Containerd,
    /// CRI-O.
    CriO,
    /// cri-dockerd, alone or inside k3s.
    CriDockerd,
    /// kubelet's dockershim, before Kubernetes 1.24.
    Dockershim,
    /// buildkitd.
    #[serde(rename = "buildkit")]
    BuildKit,
    /// A containerd shim.
    Shim,
    /// Some server of the CRI.
    Cri,
}

impl Runtime {
    /// The word used in output and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Buildah => "buildah",
            Self::Containerd => "containerd",
            Self::CriO => "cri-o",
            Self::CriDockerd => "cri-dockerd",
            Self::Dockershim => "dockershim",
            Self::BuildKit => "buildkit",
            Self::Shim => "shim",
            Self::Cri => "cri",
        }
    }
}

/// What was spoken on an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Api {
    /// The Docker Engine API, also Podman's compatible one.
    Docker,
    /// Podman's own API.
    Libpod,
    /// The Container Runtime Interface.
    Cri,
    /// containerd's own API.
    Containerd,
    /// BuildKit's API.
    BuildKit,
    /// The shim's task API.
    Shim,
}

impl Api {
    /// The word used in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Libpod => "libpod",
            Self::Cri => "cri",
            Self::Containerd => "containerd",
            Self::BuildKit => "buildkit",
            Self::Shim => "shim",
        }
    }

    /// How a request of this API may call a container.
    pub const fn calling(self) -> Calling {
        match self {
            Self::Docker | Self::Libpod | Self::BuildKit => Calling::ByName,
            Self::Cri => Calling::ByShortId,
            Self::Containerd | Self::Shim => Calling::ByWholeId,
        }
    }
}

/// How containers may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calling {
    /// By name, by id, or by the beginning of the id.
    ByName,
    /// By id or by its beginning: a name that a container has is for people. (containerd looks up
    /// what crictl gives in a `truncindex`, and so does CRI-O.)
    ByShortId,
    /// By its whole id alone, which its client may have chosen.
    ByWholeId,
}

/// The process that serves an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// Its identity; it is also the subject of a `ProcessSeen`.
    #[serde(flatten)]
    pub process: ProcessKey,
    /// The program's path; null where unknown.
    pub exe: Option<String>,
    /// The daemon's version, where traffic said it (`Server: Docker/28.5.2`, `GET /version`).
    pub version: Option<String>,
}

/// The socket's file, as the host sees it: what decides who may connect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SocketFile {
    /// Permission bits, `0o660` for example.
    pub mode: u32,
    /// Owner's uid.
    pub uid: u32,
    /// Group's gid.
    pub gid: u32,
    /// Owner's name in the passwd of the daemon's root, else the host's.
    pub owner: Option<String>,
    /// Group's name, likewise.
    pub group: Option<String>,
}

/// What is done with an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EndpointState {
    /// It is watched: what its clients do is seen. (Recordings of versions that decoded less also
    /// say `listed`: known, and left alone.)
    #[serde(alias = "listed")]
    Watched,
    /// Its listener is gone.
    Gone,
}

/// One listening socket of a runtime.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Its number in this run.
    pub id: EndpointId,
    /// The daemon behind it: a label, from the path, the program or `--endpoint KIND=PATH`.
    pub runtime: Runtime,
    /// The path that the daemon bound, in the daemon's own mount namespace.
    pub path: String,
    /// The kernel's identity of the listener.
    pub listener: Listener,
    /// Who serves it; null until it is known.
    pub server: Option<Server>,
    /// The socket's file; null where it could not be looked at.
    pub file: Option<SocketFile>,
    /// Connections that existed already and were joined in mid-stream.
    pub joined: u32,
    /// What is done with it.
    pub state: EndpointState,
}

impl EndpointState {
    /// The word that begins an endpoint's line.
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Watched => "watch",
            Self::Gone => "gone",
        }
    }
}

/// A path with `/var/run` written as `/run`, which it links to on every distribution with systemd
/// (file-hierarchy(7)).
pub fn canonical(path: &str) -> &str {
    path.strip_prefix("/var")
        .filter(|rest| *rest == "/run" || rest.starts_with("/run/"))
        .unwrap_or(path)
}

#[cfg(test)]
mod tests;

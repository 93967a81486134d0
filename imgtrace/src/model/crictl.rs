//! Where crictl is told to point.

use serde::{Deserialize, Serialize};

use super::Listener;

/// A configuration file of crictl, as it lies on the machine.
///
/// What a shell has in `CONTAINER_RUNTIME_ENDPOINT` or `CRI_CONFIG_FILE` is not known: the
/// environment of other processes is never read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrictlConfig {
    /// Its path: `/etc/crictl.yaml`, or that of the crictl that comes with k3s or rke2.
    pub file: String,
    /// False if it is not there.
    pub found: bool,
    /// What it says of containers; null if it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<CriAddress>,
    /// What it says of images; null if it says nothing, and then it is the same as for containers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<CriAddress>,
    /// Why it could not be read; null if it could, or is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// An address of a CRI server, and where it leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CriAddress {
    /// As it is written: `unix:///run/containerd/containerd.sock`.
    pub address: String,
    /// The socket that lies there, links followed; null if there is none, or it could not be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socket: Option<Listener>,
}

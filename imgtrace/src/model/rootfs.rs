//! A root file system: what a container was really started from.

use serde::{Deserialize, Serialize};

use super::{DigestKind, Pod, Runtime, StoreId};

/// Number of a mounted root file system within one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MountId(pub u64);

/// What a root file system is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A container, running or about to, or only looked into (`docker cp`).
    Container,
    /// The sandbox of a pod (the pause container).
    Sandbox,
    /// A working container of Buildah, which may never run anything.
    Working,
    /// One step of a build.
    Build,
}

/// What is known of a root file system from where it was mounted and from its store's own files.
///
/// An absent field is one that could not be told. Nothing in it is a secret: of labels, environment
/// and annotations only what is named here is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootfsIdentity {
    /// The runtime whose layout it is.
    pub runtime: Runtime,
    /// What it is for.
    pub role: Role,
    /// The storage driver or snapshotter.
    pub driver: String,
    /// The container's full id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// Its name, without Docker's leading slash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container_name: Option<String>,
    /// containerd's namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The id of its pod's sandbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<String>,
    /// Its pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod: Option<Pod>,
    /// The normalised reference of the image that it was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// `sha256:…` of that image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// What `digest` names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest_kind: Option<DigestKind>,
    /// The chain id of its topmost image layer (OCI image specification, "Layer `ChainID`").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain_id: Option<String>,
    /// Image layers below it; a runtime's own init layer is not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layers: Option<u32>,
    /// Bytes that these layers take unpacked, as the store's own books say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// The restart policy, as the runtime writes it, where it is another than `no`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart_policy: Option<String>,
    /// How many times in a row that policy has brought it back, this time included, by the
    /// runtime's own books. None where this life of it is not the policy's doing, or that was not
    /// told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restarts: Option<u32>,
    /// The swarm service that it is a task of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swarm_service: Option<String>,
    /// What this rests on, or why no more could be told; a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

impl RootfsIdentity {
    /// One of which no more is known yet.
    pub fn new(runtime: Runtime, role: Role, driver: &str) -> Self {
        Self {
            runtime,
            role,
            driver: driver.to_owned(),
            container: None,
            container_name: None,
            namespace: None,
            sandbox: None,
            pod: None,
            image: None,
            digest: None,
            digest_kind: None,
            chain_id: None,
            layers: None,
            bytes: None,
            restart_policy: None,
            restarts: None,
            swarm_service: None,
            evidence: Vec::new(),
        }
    }
}

/// A root file system that is mounted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rootfs {
    /// Its number.
    pub mount: MountId,
    /// Where it is mounted, as the mounter sees it.
    pub path: String,
    /// The same folder as the machine's own root sees it, where that is another path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_path: Option<String>,
    /// Inode number of the mount namespace.
    pub mount_ns: u32,
    /// The store that its layers lie in.
    pub store: Option<StoreId>,
    /// What it is.
    pub identity: RootfsIdentity,
}

/// Why a container was started where no client asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// A program without a daemon did it itself, as its command line says: podman, buildah.
    CommandLine,
    /// The daemon, because the container has a restart policy and had ended.
    RestartPolicy,
    /// The daemon, because it has just come up and the container had run before.
    Recovery,
    /// The daemon, for a task of a swarm service.
    Swarm,
    /// kubelet, because the container had ended.
    CrashLoop,
    /// The daemon; whoever asked it was not seen.
    Unseen,
}

impl Cause {
    /// The word used in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CommandLine => "command-line",
            Self::RestartPolicy => "restart-policy",
            Self::Recovery => "recovery",
            Self::Swarm => "swarm",
            Self::CrashLoop => "crash-loop",
            Self::Unseen => "unseen",
        }
    }
}

/// What an OCI runtime (runc, crun and those with their command line) was called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OciVerb {
    /// Make the container; its process waits.
    Create,
    /// Let that process execute the container's program.
    Start,
    /// Both at once.
    Run,
    /// Bring it back from a checkpoint.
    Restore,
    /// Take away what is left of it.
    Delete,
}

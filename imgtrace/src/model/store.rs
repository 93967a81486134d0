//! A store: a place on disk where a runtime keeps images and root file systems.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Number of a store within one run, shown as `s1`, `s2` …
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoreId(pub u32);

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s{}", self.0)
    }
}

impl Serialize for StoreId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StoreId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.strip_prefix('s')
            .and_then(|number| number.parse().ok())
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("a store id is s followed by a number"))
    }
}

/// Who defined the layout of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreKind {
    /// dockerd's own (`image/` and `overlay2/` below its data root).
    Docker,
    /// containerd's content store and snapshotters, also where dockerd keeps its images there.
    Containerd,
    /// containers/storage: Podman, Buildah and CRI-O.
    ContainersStorage,
    /// buildkitd's, where it has no other.
    #[serde(rename = "buildkit")]
    BuildKit,
}

impl StoreKind {
    /// The word used in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Containerd => "containerd",
            Self::ContainersStorage => "containers-storage",
            Self::BuildKit => "buildkit",
        }
    }
}

/// A store. Two are the same if device, inode, driver and namespace are.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Store {
    /// What it looks like inside.
    pub kind: StoreKind,
    /// Its root folder: as the machine's own root sees it where that could be told, else as the
    /// runtime sees it.
    pub root: String,
    /// `st_dev` of the root folder.
    pub device: u64,
    /// `st_ino` of the root folder.
    pub inode: u64,
    /// The storage driver or snapshotter: `overlay2`, `overlayfs`, `overlay`, `fuse-overlayfs`.
    pub driver: String,
    /// containerd's namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// A store, as much of it as an operation needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreRef {
    /// Its number.
    pub id: StoreId,
    /// What it looks like inside.
    pub kind: StoreKind,
    /// Its root folder.
    pub root: String,
    /// containerd's namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

impl Store {
    /// As much of it as an operation needs.
    pub fn reference(&self, id: StoreId) -> StoreRef {
        StoreRef {
            id,
            kind: self.kind,
            root: self.root.clone(),
            namespace: self.namespace.clone(),
        }
    }
}

impl StoreRef {
    /// What people call it: `docker:/var/lib/docker`, `containerd:/var/lib/containerd (k8s.io)`.
    pub fn label(&self) -> String {
        let place = format!("{}:{}", self.kind.as_str(), self.root);
        match &self.namespace {
            Some(namespace) => format!("{place} ({namespace})"),
            None => place,
        }
    }
}

//! What the program that made a container wrote of it: the `metadata` of its entry in the books.
//!
//! Podman's is `RuntimeContainerMetadata` of podman's `libpod/storage.go`, CRI-O's the type of the
//! same name in cri-o's `internal/storage/runtime.go`. Both say the image's name and the
//! container's; only CRI-O's has a pod, and always has one.

use serde::Deserialize;

use super::records::reference;
use crate::model::Pod;

/// Who made a container.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Podman(Podman),
    Buildah,
    CriO(CriO),
}

/// Podman's document.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Podman {
    image: Option<String>,
}

/// CRI-O's document.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct CriO {
    /// `k8s_NAME_NAMESPACE_UID_ATTEMPT`.
    pod_name: String,
    pod_id: String,
    /// As the client asked for it: a name, or an id.
    image_name: String,
    /// The name in the CRI's own metadata: the pod's for a sandbox, else the container's.
    metadata_name: String,
    /// The pod's, for a sandbox only.
    uid: String,
    /// The pod's, for a sandbox only.
    namespace: String,
    /// True for a sandbox.
    pod: bool,
}

/// The fields that tell one from the other.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Told {
    #[serde(default)]
    pod_id: String,
    #[serde(default)]
    image_name: String,
    /// Both write the container's name, whatever else they leave out.
    #[serde(rename = "name")]
    _name: String,
}

impl Owner {
    /// Reads a document; none if it is neither program's.
    pub(super) fn from_metadata(document: &str) -> Option<Self> {
        let told: Told = serde_json::from_str(document).ok()?;
        if told.pod_id.is_empty() {
            let image = reference(&told.image_name);
            return Some(Self::Podman(Podman { image }));
        }
        serde_json::from_str(document).ok().map(Self::CriO)
    }
}

impl Podman {
    /// The reference that it was made from; none where an id was given.
    pub(super) fn image(&self) -> Option<String> {
        self.image.clone()
    }
}

impl CriO {
    /// The reference that was asked for; none where an id was given.
    pub(super) fn image(&self) -> Option<String> {
        reference(&self.image_name)
    }

    /// The id of its pod's sandbox.
    pub(super) fn sandbox(&self) -> Option<String> {
        some(&self.pod_id)
    }

    /// The container's name in the CRI.
    pub(super) fn name(&self) -> Option<String> {
        some(&self.metadata_name)
    }

    /// True for the sandbox itself, which is its own pod.
    pub(super) fn is_sandbox(&self, id: &str) -> bool {
        self.pod || self.pod_id == id
    }

    /// The pod, from a sandbox's own fields, else from the name that CRI-O makes of them (cri-o
    /// `internal/lib/sandbox`, `k8s_…`; no part of it can have an underscore).
    pub(super) fn pod(&self) -> Option<Pod> {
        let mut parts = self.pod_name.split('_');
        let is_made = parts.next() == Some("k8s");
        let mut part = || parts.next().filter(|_| is_made).and_then(some);
        let (name, namespace, uid) = (part(), part(), part());
        let pod = Pod {
            namespace: some(&self.namespace).or(namespace),
            name: name.or_else(|| some(&self.metadata_name).filter(|_| self.pod)),
            uid: some(&self.uid).or(uid),
        };
        (pod != Pod::default()).then_some(pod)
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;

//! What the bundle of a task says: the few annotations that CRI and nerdctl put into its
//! `config.json`. Everything else in that file, the environment above all, is skipped unread.

use serde::Deserialize;

use super::Error;
use crate::model::Pod;
use crate::store::Folder;

/// The file in a bundle (OCI runtime specification, "Filesystem Bundle").
const CONFIG: &str = "config.json";
/// The largest one that is read. gRPC carries 16 MiB to containerd, an ordinary one has 10 KiB.
const CONFIG_MOST: u64 = 4 * 1024 * 1024;
/// The longest annotation that is believed; the longest name of an image has 384 bytes.
const TEXT_MOST: usize = 1024;

/// Keys of containerd's `internal/cri/annotations/annotations.go` (`pkg/cri/annotations` in 1.6),
/// and of nerdctl's `pkg/labels/labels.go`, which copies its labels here.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Annotations {
    #[serde(rename = "io.kubernetes.cri.container-type")]
    container_type: Option<String>,
    #[serde(rename = "io.kubernetes.cri.container-name")]
    container_name: Option<String>,
    #[serde(rename = "io.kubernetes.cri.image-name")]
    image_name: Option<String>,
    #[serde(rename = "io.kubernetes.cri.podsandbox.image-name")]
    sandbox_image_name: Option<String>,
    #[serde(rename = "io.kubernetes.cri.sandbox-id")]
    sandbox_id: Option<String>,
    #[serde(rename = "io.kubernetes.cri.sandbox-name")]
    sandbox_name: Option<String>,
    #[serde(rename = "io.kubernetes.cri.sandbox-namespace")]
    sandbox_namespace: Option<String>,
    #[serde(rename = "io.kubernetes.cri.sandbox-uid")]
    sandbox_uid: Option<String>,
    #[serde(rename = "nerdctl/name")]
    nerdctl_name: Option<String>,
}

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    annotations: Option<Annotations>,
}

impl Annotations {
    /// Reads those of a bundle.
    ///
    /// # Errors
    /// It has no `config.json`, or one of another shape.
    pub(super) fn read(bundle: &Folder) -> Result<Self, Error> {
        let config = bundle.read(CONFIG, CONFIG_MOST)?;
        Self::parse(&config).ok_or_else(|| Error::Shape(format!("{}/{CONFIG}", bundle.path)))
    }

    /// serde's own message may quote what it met, so it is dropped.
    pub(super) fn parse(config: &[u8]) -> Option<Self> {
        let config: Config = serde_json::from_slice(config).ok()?;
        Some(config.annotations.unwrap_or_default())
    }

    /// True if it is the sandbox of a pod.
    pub(super) fn is_sandbox(&self) -> bool {
        self.container_type.as_deref() == Some("sandbox")
    }

    /// The container's name, in its pod or nerdctl's.
    pub(super) fn name(&self) -> Option<String> {
        text(self.container_name.as_ref()).or_else(|| text(self.nerdctl_name.as_ref()))
    }

    /// The image that CRI was asked for.
    pub(super) fn image(&self) -> Option<String> {
        text(self.image_name.as_ref()).or_else(|| text(self.sandbox_image_name.as_ref()))
    }

    /// The id of the sandbox.
    pub(super) fn sandbox(&self) -> Option<String> {
        text(self.sandbox_id.as_ref())
    }

    /// The pod.
    pub(super) fn pod(&self) -> Option<Pod> {
        let pod = Pod {
            namespace: text(self.sandbox_namespace.as_ref()),
            name: text(self.sandbox_name.as_ref()),
            uid: text(self.sandbox_uid.as_ref()),
        };
        (pod != Pod::default()).then_some(pod)
    }
}

fn text(given: Option<&String>) -> Option<String> {
    given
        .filter(|text| super::is_text(text, TEXT_MOST))
        .cloned()
}

#[cfg(test)]
mod tests;

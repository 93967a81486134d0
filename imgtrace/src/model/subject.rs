//! What a request is about: the image, the container, the pod.

use serde::{Deserialize, Serialize};

/// What kind of object a digest names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DigestKind {
    /// An image index (manifest list).
    Index,
    /// An image manifest.
    Manifest,
    /// An image configuration: the "image id" of classic stores.
    Config,
    /// Not told by what was seen.
    Unknown,
}

impl DigestKind {
    /// The word used in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Manifest => "manifest",
            Self::Config => "config",
            Self::Unknown => "unknown",
        }
    }
}

/// A Kubernetes pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pod {
    /// Namespace; null where only the uid is known.
    pub namespace: Option<String>,
    /// Name; null where only the uid is known.
    pub name: Option<String>,
    /// Uid, with dashes.
    pub uid: Option<String>,
}

/// Binds of one container that are told; kubelet makes about five, people seldom twenty.
pub const MAX_BINDS: usize = 64;

/// A folder or file of the machine that a container gets to see.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Bind {
    /// Its absolute path, as the daemon sees it.
    pub source: String,
    /// Where the container sees it.
    pub target: String,
    /// True if the container may not write there. Of a socket this keeps nobody from talking to
    /// who listens.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
}

/// What a request names and what its answer adds, as far as an operation says it.
///
/// Used for the begin, for progress and for the end alike: a later value replaces an earlier one,
/// an absent one leaves it. Values stand as the API gave them, except that image references are
/// normalised.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Subject {
    /// The normalised reference: `docker.io/library/busybox:1.36`, `…@sha256:…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// All references, where a request names several (load, save, build).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
    /// True if a pull asked for every tag of a repository.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub all_tags: bool,
    /// `sha256:…`: what the name resolved to, or the id that the caller named instead of a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// What `digest` names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest_kind: Option<DigestKind>,
    /// The platform that was asked for: `linux/arm64`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// The new reference of a tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The container as the API names it: full id, short id or name. `correlate` resolves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// The container's name, without Docker's leading slash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_name: Option<String>,
    /// Sandbox id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<String>,
    /// What of the machine a container to be created is to see, in the order of the request; at
    /// most [`MAX_BINDS`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub binds: Vec<Bind>,
    /// The pod that the request is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<Pod>,
    /// containerd namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Bytes moved or reclaimed, where the API tells them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Bytes that there are to move in all, as far as the stream has told; for progress only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_total: Option<u64>,
    /// What a prune prunes: `images`, `containers`, `build-cache`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// The id of an exec at its start; `correlate` knows its container from [`Fact::Exec`].
    ///
    /// [`Fact::Exec`]: crate::observation::Fact::Exec
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exec: Option<String>,
}

impl Subject {
    /// Takes over whatever `later` says.
    pub fn update(&mut self, later: Self) {
        fn take<T>(slot: &mut Option<T>, later: Option<T>) {
            if later.is_some() {
                *slot = later;
            }
        }
        take(&mut self.image, later.image);
        if !later.images.is_empty() {
            self.images = later.images;
        }
        self.all_tags |= later.all_tags;
        take(&mut self.digest, later.digest);
        take(&mut self.digest_kind, later.digest_kind);
        take(&mut self.platform, later.platform);
        take(&mut self.target, later.target);
        take(&mut self.container, later.container);
        take(&mut self.container_name, later.container_name);
        take(&mut self.sandbox, later.sandbox);
        if !later.binds.is_empty() {
            self.binds = later.binds;
        }
        take(&mut self.pod, later.pod);
        take(&mut self.namespace, later.namespace);
        take(&mut self.bytes, later.bytes);
        take(&mut self.bytes_total, later.bytes_total);
        take(&mut self.what, later.what);
        take(&mut self.exec, later.exec);
    }
}

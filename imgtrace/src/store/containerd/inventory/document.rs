//! The documents of an image: index, manifest and configuration.
//!
//! The fields are those of the OCI image specification (`image-index.md`, `manifest.md`,
//! `config.md`), which Docker's own have too (distribution `docs/spec/manifest-v2-2.md`). Nothing
//! else of a document is ever held: environment, labels and history are stepped over.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use crate::store::array;
use crate::store::platform::platform;

/// Manifests of an index that are looked at.
const MANIFESTS_MOST: usize = 256;
/// Layers of an image that are looked at. Docker allows 127, the kernel stacks 500.
const LAYERS_MOST: usize = 1024;
/// What an index says of the platform of what is no image, such as `BuildKit`'s attestations.
const UNKNOWN: &str = "unknown";
/// The configurations of images; what has another is something else that a registry keeps.
const CONFIGS: [&str; 2] = [
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
];

/// What a name of an image leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Document {
    /// Manifests, or further indexes.
    Index(Vec<Descriptor>),
    /// The image for one platform.
    Manifest {
        config: Descriptor,
        layers: Vec<Descriptor>,
    },
}

/// A blob that a document names.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Descriptor {
    pub(super) digest: String,
    #[serde(default, rename = "mediaType")]
    media_type: String,
    #[serde(default)]
    platform: Option<Platform>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Platform {
    os: String,
    architecture: String,
    variant: String,
}

/// What a configuration says of its image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Config {
    pub(super) platform: Option<String>,
    /// Seconds since 1970.
    pub(super) created: Option<u64>,
    /// The lowest first.
    pub(super) diff_ids: Vec<String>,
}

#[derive(Deserialize)]
struct Either {
    #[serde(default, deserialize_with = "manifests")]
    manifests: Option<Vec<Descriptor>>,
    #[serde(default)]
    config: Option<Descriptor>,
    #[serde(default, deserialize_with = "layers")]
    layers: Vec<Descriptor>,
}

// The platform's fields are not flattened into this: that would hold all that is not declared.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Written {
    os: String,
    architecture: String,
    variant: String,
    created: Option<String>,
    rootfs: RootFs,
}

#[derive(Default, Deserialize)]
struct RootFs {
    #[serde(default, deserialize_with = "diff_ids")]
    diff_ids: Vec<String>,
}

impl Document {
    /// Reads an index or a manifest; none if it is neither.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let either: Either = serde_json::from_slice(bytes).ok()?;
        match (either.manifests, either.config) {
            (Some(manifests), None) => Some(Self::Index(manifests)),
            (None, Some(config)) => Some(Self::Manifest {
                config,
                layers: either.layers,
            }),
            _ => None,
        }
    }
}

impl Descriptor {
    /// False if it is said to be for no platform, as what goes with an image is.
    pub(super) fn may_be_image(&self) -> bool {
        let platform = self.platform.as_ref();
        !platform.is_some_and(|it| it.os == UNKNOWN && it.architecture == UNKNOWN)
    }

    /// True if it is the configuration of an image.
    pub(super) fn is_config(&self) -> bool {
        CONFIGS.contains(&&*self.media_type)
    }
}

impl Config {
    /// Reads a configuration; none if it is none.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let written: Written = serde_json::from_slice(bytes).ok()?;
        let created = written.created.and_then(|at| at.parse::<Timestamp>().ok());
        Some(Self {
            platform: platform(&written.os, &written.architecture, &written.variant),
            created: created.and_then(|at| u64::try_from(at.as_second()).ok()),
            diff_ids: written.rootfs.diff_ids,
        })
    }
}

fn manifests<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<Descriptor>>, D::Error> {
    array::at_most(from, MANIFESTS_MOST).map(Some)
}

fn layers<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Descriptor>, D::Error> {
    array::at_most(from, LAYERS_MOST)
}

fn diff_ids<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    array::at_most(from, LAYERS_MOST)
}

//! What is read of a store's three books.
//!
//! The formats are Go's JSON of `Container`, `Image` and `Layer` in containers/storage's
//! `containers.go`, `images.go` and `layers.go`: an array of objects each. Only the fields below
//! are ever held; labels, ID maps and data of other programs are stepped over.

use std::collections::BTreeMap;

use serde::de::{Deserialize, Deserializer};

use crate::model::{DigestKind, ImageName, StoredImage, StoredLayer, Variant, image_id};
use crate::store::array::at_most;

/// Entries of one book that are held; the overlay driver itself allows 500 layers for an image.
const RECORDS_MOST: usize = 65_536;

/// Names of one entry that are held.
const NAMES_MOST: usize = 64;

/// What of an image's own data is looked up: the key of its manifest (containers/storage
/// `images.go`, `ImageDigestBigDataKey`).
const MANIFEST: &str = "manifest";

/// The name of what only a manifest list has among its data (containers/common
/// `libimage/manifests`, `instancesData`).
const INSTANCES: &str = "instances.json";

/// One entry of `containers.json`.
#[derive(Clone, Debug, serde::Deserialize)]
pub(super) struct Container {
    pub(super) id: String,
    #[serde(default, deserialize_with = "some")]
    pub(super) names: Vec<String>,
    /// The image's id; empty for a container that was made from nothing.
    #[serde(default)]
    pub(super) image: String,
    pub(super) layer: String,
    /// A document of the program that made it.
    #[serde(default)]
    pub(super) metadata: Option<String>,
}

/// One entry of `images.json`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub(super) struct Image {
    pub(super) id: String,
    #[serde(default)]
    digest: Option<String>,
    #[serde(default, deserialize_with = "some")]
    pub(super) names: Vec<String>,
    /// Its topmost layer; empty for one without any.
    #[serde(default)]
    pub(super) layer: String,
    #[serde(default, rename = "big-data-names", deserialize_with = "some")]
    data: Vec<String>,
    #[serde(default, rename = "big-data-digests", deserialize_with = "manifest")]
    manifest: Option<String>,
}

/// One entry of `layers.json`.
#[derive(Clone, Debug, serde::Deserialize)]
pub(super) struct Layer {
    pub(super) id: String,
    #[serde(default)]
    pub(super) parent: Option<String>,
    /// The digest of its archive, unpacked: what the OCI calls its diff id.
    #[serde(default, rename = "diff-digest")]
    pub(super) diff_id: Option<String>,
    /// Bytes of that archive.
    #[serde(default, rename = "diff-size")]
    pub(super) size: Option<u64>,
    /// The digest of the archive as it came.
    #[serde(default, rename = "compressed-diff-digest")]
    pub(super) came_as: Option<String>,
    /// The digest of its table of contents, of a layer that was fetched in parts.
    #[serde(default, rename = "toc-digest")]
    pub(super) toc: Option<String>,
}

impl Layer {
    /// True if it came compressed or in parts, as registries send layers; what is committed or
    /// imported here comes as it is. None if the book does not say how it came.
    pub(super) fn came_packed(&self) -> Option<bool> {
        let toc = self.toc.as_deref().is_some_and(|toc| !toc.is_empty());
        let came = self.came_as.as_deref().filter(|came| !came.is_empty());
        let packed = came.zip(self.diff_id.as_deref());
        let packed = packed.map(|(came, diff)| came != diff);
        if toc { Some(true) } else { packed }
    }
}

impl Image {
    /// `sha256:…` of its configuration.
    pub(super) fn config(&self) -> String {
        image_id(&self.id).unwrap_or_else(|| self.id.clone())
    }

    /// Its names, normalised; what is no reference is left out.
    pub(super) fn references(&self) -> Vec<String> {
        let names = self.names.iter().filter_map(|name| reference(name));
        names.collect()
    }

    /// Its first name with a tag, else its first.
    pub(super) fn name(&self) -> Option<String> {
        let names = self.references();
        let tagged = names.iter().find(|name| !name.contains('@'));
        tagged.or(names.first()).cloned()
    }

    /// What is told of it to those who know nothing of this layout.
    pub(super) fn stored(
        &self,
        layers: Option<Vec<StoredLayer>>,
        came_packed: Option<bool>,
    ) -> StoredImage {
        let digest = self.digest.as_deref().and_then(image_id);
        let (_, kind) = self.digest();
        let manifest = digest
            .clone()
            .filter(|_| kind == Some(DigestKind::Manifest));
        StoredImage {
            id: self.config(),
            names: self.references(),
            digest_kind: digest.is_some().then_some(kind).flatten(),
            digest,
            variants: vec![Variant {
                manifest,
                config: Some(self.config()),
                layers: layers.unwrap_or_default(),
                ..Variant::default()
            }],
            came_packed,
            ..StoredImage::default()
        }
    }

    /// The digest that it came with, and what that names: a list of manifests has data that no
    /// other image has, and a manifest is among the image's own data.
    pub(super) fn digest(&self) -> (Option<String>, Option<DigestKind>) {
        let Some(digest) = self.digest.as_deref().and_then(image_id) else {
            return (Some(self.config()), Some(DigestKind::Config));
        };
        let kind = if self.data.iter().any(|name| name == INSTANCES) {
            DigestKind::Index
        } else if self.manifest.as_deref() == Some(&*digest) {
            DigestKind::Manifest
        } else {
            DigestKind::Unknown
        };
        (Some(digest), Some(kind))
    }
}

/// A name as a store has it, normalised; none for an id. The library stores names in full.
pub(super) fn reference(name: &str) -> Option<String> {
    match ImageName::parse(name) {
        ImageName::Reference(name) => Some(name.or_latest().to_string()),
        _ => None,
    }
}

/// Reads a book; what is beyond [`RECORDS_MOST`] entries is left out.
pub(super) fn parse<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Option<Vec<T>> {
    if bytes.is_empty() {
        return Some(Vec::new());
    }
    let mut text = serde_json::Deserializer::from_slice(bytes);
    let records = at_most(&mut text, RECORDS_MOST).ok()?;
    text.end().ok()?;
    Some(records)
}

fn some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    at_most(deserializer, NAMES_MOST)
}

fn manifest<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let data = Option::<BTreeMap<String, String>>::deserialize(deserializer)?;
    Ok(data.and_then(|mut data| data.remove(MANIFEST)))
}

#[cfg(test)]
mod tests;

//! An image as it lies in a store.

use serde::{Deserialize, Serialize};

use super::DigestKind;

/// An image in a store, as the store's own files say.
///
/// One content may bear several names; it is one image. Where a store can hold several platforms of
/// one index, each that is there in part or whole is a variant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredImage {
    /// What its store calls it, `sha256:…`: the digest of its configuration, or in containerd's
    /// stores that of the manifest or index that its names lead to.
    pub id: String,
    /// Normalised references, with a tag or a digest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// `sha256:…` of the manifest or index that it came with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// What `digest` names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest_kind: Option<DigestKind>,
    /// What there is of it, one for each platform.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<Variant>,
    /// When it was made, by its configuration: seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<u64>,
    /// When it came into this store or was last named there: seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<u64>,
    /// True if it came as registries send images, by what the store notes: a layer that came
    /// compressed or in parts, or the registry that it came from (or was sent to). False if it was
    /// made or unpacked here; null where the store's books do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub came_packed: Option<bool>,
}

/// One platform of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// `linux/amd64`, `linux/arm/v7`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// `sha256:…` of its manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
    /// `sha256:…` of its configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    /// Its layers, the lowest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<StoredLayer>,
}

/// One layer of an image in a store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredLayer {
    /// `sha256:…` of it and all layers below it (OCI image specification, "Layer `ChainID`"). Equal
    /// chain ids are equal files, however they were compressed.
    pub chain_id: String,
    /// `sha256:…` of its archive as it came, where the store keeps that archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blob: Option<String>,
    /// Bytes of that archive in this store; none if it is not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packed: Option<u64>,
    /// Bytes that it takes unpacked in this store; none if it is not unpacked there, or the store's
    /// books do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unpacked: Option<u64>,
}

impl StoredImage {
    /// Its first name with a tag, else its first.
    pub fn name(&self) -> Option<&str> {
        let tagged = self.names.iter().find(|name| !name.contains('@'));
        tagged.or_else(|| self.names.first()).map(String::as_str)
    }
}

impl Variant {
    /// The chain id of its topmost layer: all of its files.
    pub fn chain_id(&self) -> Option<&str> {
        self.layers.last().map(|layer| layer.chain_id.as_str())
    }
}

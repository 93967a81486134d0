//! From what a name stands for to the platforms that are there of it.

use std::collections::HashMap;

use super::super::Error;
use super::blobs::Blobs;
use super::document::{Config, Descriptor, Document};
use crate::model::{DigestKind, StoredLayer, Variant};
use crate::store::chain::chain_id;
use crate::store::problems::Problems;

/// Indexes within one another that are followed. None but an image's own is usual.
const LEVELS_MOST: usize = 3;
/// Platforms of one image that are told.
const VARIANTS_MOST: usize = 64;

/// Layers that are unpacked, by their chain ids; with their bytes, where the books say.
pub(super) type Unpacked = HashMap<String, Option<u64>>;

/// Reads images.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    pub(super) blobs: Blobs<'a>,
    pub(super) unpacked: &'a Unpacked,
}

/// What there is of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    /// What its digest names; none if that cannot be read.
    pub(super) kind: Option<DigestKind>,
    pub(super) variants: Vec<Variant>,
    /// By the first of them: seconds since 1970.
    pub(super) created: Option<u64>,
}

impl Reader<'_> {
    /// Reads what is there of an image; what cannot be read goes to the problems.
    pub(super) fn parts(&mut self, digest: &str, problems: &mut Problems) -> Parts {
        let mut parts = Parts::default();
        parts.kind = self.add(digest, LEVELS_MOST, &mut parts, problems);
        parts
    }

    /// Adds the platforms that an index or manifest leads to, and says which it is.
    fn add(
        &mut self,
        digest: &str,
        levels: usize,
        parts: &mut Parts,
        problems: &mut Problems,
    ) -> Option<DigestKind> {
        let levels = levels.checked_sub(1)?;
        if !self.blobs.has(digest) || parts.variants.len() == VARIANTS_MOST {
            return None;
        }
        let document = match self.blobs.parsed(digest, Document::parse) {
            Ok(document) => document,
            Err(error) => {
                problems.say(error.sentence());
                return None;
            }
        };
        match document {
            Document::Index(manifests) => {
                for manifest in manifests.iter().filter(|one| one.may_be_image()) {
                    self.add(&manifest.digest, levels, parts, problems);
                }
                Some(DigestKind::Index)
            }
            Document::Manifest { config, layers } => {
                if config.is_config() && self.blobs.has(&config.digest) {
                    match self.variant(digest, &config.digest, &layers, problems) {
                        Ok((variant, _)) if !self.is_there(&variant) => {}
                        Ok((variant, created)) => {
                            parts.created = parts.created.or(created);
                            parts.variants.push(variant);
                        }
                        Err(error) => problems.say(error.sentence()),
                    }
                }
                Some(DigestKind::Manifest)
            }
        }
    }

    /// False if nothing of its layers is there: containerd may fetch all manifests and configurations
    /// of an index, but the layers for one platform.
    fn is_there(&self, variant: &Variant) -> bool {
        let mut layers = variant.layers.iter();
        variant.layers.is_empty()
            || layers.any(|it| it.packed.is_some() || self.unpacked.contains_key(&it.chain_id))
    }

    /// One platform, and when it was made.
    fn variant(
        &mut self,
        manifest: &str,
        config: &str,
        layers: &[Descriptor],
        problems: &mut Problems,
    ) -> Result<(Variant, Option<u64>), Error> {
        let read = self.blobs.parsed(config, Config::parse)?;
        // An archive goes with a diff id by its place; what does not go up is not told apart.
        let archives = (layers.len() == read.diff_ids.len()).then_some(layers);
        let mut below: Option<String> = None;
        let mut stored = Vec::new();
        for (index, diff_id) in read.diff_ids.iter().enumerate() {
            let Some(chain_id) = chain_id(below.as_deref(), diff_id) else {
                return Err(Error::Shape(self.blobs.path(config)));
            };
            let archive = archives.and_then(|archives| archives.get(index));
            let size = archive.map_or(Ok(None), |archive| self.blobs.size(&archive.digest));
            let packed = size.unwrap_or_else(|error| {
                problems.say(error.sentence());
                None
            });
            stored.push(StoredLayer {
                blob: packed.and(archive).map(|archive| archive.digest.clone()),
                packed,
                unpacked: self.unpacked.get(&chain_id).copied().flatten(),
                chain_id: chain_id.clone(),
            });
            below = Some(chain_id);
        }
        let variant = Variant {
            platform: read.platform,
            manifest: Some(manifest.to_owned()),
            config: Some(config.to_owned()),
            layers: stored,
        };
        Ok((variant, read.created))
    }
}

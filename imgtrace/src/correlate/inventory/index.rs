//! The ways to find an image without looking at all of them, and how often a layer is used.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::{StoreId, StoredImage};

/// What of an image a digest names, the surest sign of equal content first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Facet {
    /// The manifest or index that it came with.
    Target,
    /// The manifest for one platform.
    Manifest,
    /// The configuration for one platform.
    Config,
    /// The topmost layer's chain id.
    Layers,
}

/// A digest, and an image of a store that bears it.
type Entry = (Facet, Arc<str>, StoreId, Arc<str>);

/// Which images bear a digest, over all stores.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Digests {
    entries: BTreeSet<Entry>,
}

impl Digests {
    pub(super) const fn new() -> Self {
        Self {
            entries: BTreeSet::new(),
        }
    }

    pub(super) fn add(&mut self, store: StoreId, image: &StoredImage) {
        let id: Arc<str> = image.id.as_str().into();
        for (facet, digest) in facets(image) {
            self.entries
                .insert((facet, digest.into(), store, Arc::clone(&id)));
        }
    }

    pub(super) fn remove(&mut self, store: StoreId, image: &StoredImage) {
        let id: Arc<str> = image.id.as_str().into();
        for (facet, digest) in facets(image) {
            let entry = (facet, digest.into(), store, Arc::clone(&id));
            self.entries.remove(&entry);
        }
    }

    /// The images of a store that bear a digest.
    pub(super) fn bearers<'a>(
        &'a self,
        facet: Facet,
        digest: &str,
        store: StoreId,
    ) -> impl Iterator<Item = &'a str> {
        let digest: Arc<str> = digest.into();
        let first = (facet, Arc::clone(&digest), store, Arc::from(""));
        self.entries
            .range(first..)
            .take_while(move |(of, known, its, _)| {
                *of == facet && *known == digest && *its == store
            })
            .map(|(.., id)| &**id)
    }

    /// Of each store the first image that bears a digest, however many do.
    pub(super) fn in_each_store<'a>(
        &'a self,
        facet: Facet,
        digest: &str,
    ) -> impl Iterator<Item = (StoreId, &'a str)> {
        let digest: Arc<str> = digest.into();
        let mut from = Some(StoreId(0));
        std::iter::from_fn(move || {
            let first = (facet, Arc::clone(&digest), from?, Arc::from(""));
            let (of, known, store, id) = self.entries.range(first..).next()?;
            from = store.0.checked_add(1).map(StoreId);
            (*of == facet && *known == digest).then_some((*store, &**id))
        })
    }
}

/// All digests of an image.
fn facets(image: &StoredImage) -> impl Iterator<Item = (Facet, &str)> {
    let target = image
        .digest
        .iter()
        .map(|it| (Facet::Target, Some(it.as_str())));
    let variants = image.variants.iter().flat_map(|variant| {
        [
            (Facet::Manifest, variant.manifest.as_deref()),
            (Facet::Config, variant.config.as_deref()),
            (Facet::Layers, variant.chain_id()),
        ]
    });
    let all = target.chain(variants);
    all.filter_map(|(facet, digest)| Some((facet, digest?)))
}

/// How many images of a store have something, and its bytes there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Use {
    pub(super) images: u32,
    /// None if it does not lie there in this form.
    pub(super) bytes: Option<u64>,
}

/// What the images of one store consist of, each thing once.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    /// Unpacked layers, by chain id.
    layers: BTreeMap<Box<str>, Use>,
    /// Archives of layers, by digest.
    blobs: BTreeMap<Box<str>, Use>,
}

impl Parts {
    pub(super) fn add(&mut self, image: &StoredImage) {
        let (layers, blobs) = parts(image);
        count(&mut self.layers, layers);
        count(&mut self.blobs, blobs);
    }

    pub(super) fn remove(&mut self, image: &StoredImage) {
        let (layers, blobs) = parts(image);
        uncount(&mut self.layers, layers);
        uncount(&mut self.blobs, blobs);
    }

    pub(super) fn layer(&self, chain_id: &str) -> Use {
        self.layers.get(chain_id).copied().unwrap_or_default()
    }

    pub(super) fn blob(&self, digest: &str) -> Use {
        self.blobs.get(digest).copied().unwrap_or_default()
    }

    pub(super) fn layers(&self) -> impl Iterator<Item = (&str, Use)> {
        self.layers.iter().map(|(chain, used)| (&**chain, *used))
    }

    pub(super) fn blobs(&self) -> impl Iterator<Item = (&str, Use)> {
        self.blobs.iter().map(|(digest, used)| (&**digest, *used))
    }
}

/// Things by name, and their bytes.
type Things<'a> = BTreeMap<&'a str, Option<u64>>;

/// The layers and the archives of an image, each once.
fn parts(image: &StoredImage) -> (Things<'_>, Things<'_>) {
    let mut layers = Things::new();
    let mut blobs = Things::new();
    for layer in image.variants.iter().flat_map(|variant| &variant.layers) {
        let bytes = layers.entry(layer.chain_id.as_str()).or_default();
        *bytes = bytes.or(layer.unpacked);
        if let Some(blob) = &layer.blob {
            let bytes = blobs.entry(blob.as_str()).or_default();
            *bytes = bytes.or(layer.packed);
        }
    }
    (layers, blobs)
}

fn count(uses: &mut BTreeMap<Box<str>, Use>, things: Things<'_>) {
    for (name, bytes) in things {
        let known = uses.entry(name.into()).or_default();
        known.images += 1;
        known.bytes = known.bytes.or(bytes);
    }
}

fn uncount(uses: &mut BTreeMap<Box<str>, Use>, things: Things<'_>) {
    for (name, _) in things {
        if let Some(used) = uses.get_mut(name) {
            used.images = used.images.saturating_sub(1);
            if used.images == 0 {
                uses.remove(name);
            }
        }
    }
}

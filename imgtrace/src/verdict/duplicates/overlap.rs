//! What two stores have in common, and what it costs in each.

use std::collections::{BTreeMap, BTreeSet};

use crate::correlate::{Inventory, Same, SameBy, same_by, shares_blobs};
use crate::model::{StoreId, StoredImage, StoredLayer, Variant};

/// An image that is in two stores.
#[derive(Clone, Debug)]
pub(in crate::verdict) struct Both<'a> {
    pub(in crate::verdict) one: &'a StoredImage,
    pub(in crate::verdict) other: &'a StoredImage,
    /// Its platforms that are the same in both.
    platforms: Vec<(&'a Variant, &'a Variant)>,
    /// How it is known that they are the same; of several platforms the surest.
    pub(in crate::verdict) by: SameBy,
}

/// What images cost in a store: each layer and each archive once. A part is none if the store's
/// books tell none of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::verdict) struct Cost {
    pub(in crate::verdict) unpacked: Option<u64>,
    pub(in crate::verdict) packed: Option<u64>,
    /// Of both, what would be free if these images were removed: what no other image there has.
    pub(in crate::verdict) freed: Option<u64>,
}

impl Cost {
    /// Layers and archives; none if nothing is known of either.
    pub(in crate::verdict) fn total(self) -> Option<u64> {
        sum(self.unpacked, self.packed)
    }
}

impl<'a> Both<'a> {
    /// An image, and what is the same in other stores: for each store the image that is the most
    /// like it, by store.
    pub(super) fn all(one: &'a StoredImage, same: &[Same<'a>]) -> BTreeMap<StoreId, Self> {
        let mut all: BTreeMap<StoreId, Self> = BTreeMap::new();
        for same in same {
            let alike = |it: &&Variant| same_by(it, same.variant) == Some(same.by);
            let Some(own) = one.variants.iter().find(alike) else {
                continue;
            };
            let both = all.entry(same.store).or_insert_with(|| Self {
                one,
                other: same.image,
                platforms: Vec::new(),
                by: same.by,
            });
            if both.other.id == same.image.id {
                both.platforms.push((own, same.variant));
                both.by = both.by.min(same.by);
            }
        }
        all
    }

    /// Seen from the other store.
    pub(super) fn turned(&self) -> Self {
        let platforms = self.platforms.iter();
        Self {
            one: self.other,
            other: self.one,
            platforms: platforms.map(|(own, its)| (*its, *own)).collect(),
            by: self.by,
        }
    }

    /// Its platforms that are the same in both, as the first store has them.
    pub(super) fn own_platforms(&self) -> impl Iterator<Item = &'a Variant> {
        self.platforms.iter().map(|(own, _)| *own)
    }

    /// The layers that it has in both, as the first and as the other store keep them.
    pub(in crate::verdict) fn layers(
        &self,
    ) -> impl Iterator<Item = (&'a StoredLayer, &'a StoredLayer)> {
        self.platforms.iter().flat_map(|(own, its)| {
            let theirs = its.layers.iter().map(|it| (it.chain_id.as_str(), it));
            let theirs: BTreeMap<_, _> = theirs.collect();
            let both =
                move |layer: &'a StoredLayer| Some((layer, *theirs.get(layer.chain_id.as_str())?));
            own.layers.iter().filter_map(both)
        })
    }
}

/// All images that two stores have in common, for each pair of those that are asked about; the
/// store with the lower number is the first of a pair.
pub(super) fn pairs(
    inventory: &Inventory,
    is_asked: impl Fn(StoreId, StoreId) -> bool,
) -> BTreeMap<(StoreId, StoreId), Vec<Both<'_>>> {
    let mut pairs: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (store, held) in inventory.stores() {
        for image in held.images.values() {
            let all = Both::all(image, &inventory.same(store, image));
            let after = all.into_iter().filter(|(other, _)| store < *other);
            for (other, both) in after.filter(|(other, _)| is_asked(store, *other)) {
                pairs.entry((store, other)).or_default().push(both);
            }
        }
    }
    pairs
}

/// What the images of `common` cost in a store, where they are the first of each.
pub(super) fn cost(inventory: &Inventory, store: StoreId, common: &[Both<'_>]) -> Cost {
    let mut layers: BTreeMap<&str, &StoredLayer> = BTreeMap::new();
    for (layer, _) in common.iter().flat_map(Both::layers) {
        layers.insert(layer.chain_id.as_str(), layer);
    }
    let images: BTreeSet<_> = common.iter().map(|both| both.one.id.as_str()).collect();
    let kept = Kept::of(inventory, store, &images, &layers);
    let mut cost = Cost::default();
    let mut archives = BTreeSet::new();
    for (chain, layer) in &layers {
        let is_free = !kept.chains.contains(chain);
        cost.unpacked = sum(cost.unpacked, layer.unpacked);
        cost.freed = sum(cost.freed, layer.unpacked.filter(|_| is_free));
        let blob = archive(layer);
        if archives.insert(blob) {
            let is_free = !kept.blobs.contains(blob);
            cost.packed = sum(cost.packed, layer.packed);
            cost.freed = sum(cost.freed, layer.packed.filter(|_| is_free));
        }
    }
    if cost.total().is_some() {
        cost.freed = cost.freed.or(Some(0));
    }
    cost
}

/// Bytes of the archives that had to be fetched for an image that came into a store, which is the
/// first of `both`: of its layers that no other image there has. Where the store keeps no archives,
/// those of the other store's, if they are the same. None if that cannot be told.
pub(super) fn fetched(inventory: &Inventory, store: StoreId, both: &Both<'_>) -> Option<u64> {
    let layers: BTreeMap<_, _> = both
        .layers()
        .map(|(own, its)| (own.chain_id.as_str(), (own, its)))
        .collect();
    let gone = BTreeSet::from([both.one.id.as_str()]);
    let own: BTreeMap<_, _> = layers
        .iter()
        .map(|(chain, (own, _))| (*chain, *own))
        .collect();
    let kept = Kept::of(inventory, store, &gone, &own);
    let mut bytes = 0_u64;
    for (chain, (own, its)) in layers {
        if kept.chains.contains(chain) || kept.blobs.contains(archive(own)) {
            continue;
        }
        let is_same = both.by != SameBy::Layers || (own.blob.is_some() && own.blob == its.blob);
        let packed = own.packed.or(its.packed.filter(|_| is_same))?;
        bytes = bytes.saturating_add(packed);
    }
    Some(bytes)
}

/// What an image takes in its store, layers and archives each once; none if nothing is known of it.
pub(super) fn size(image: &StoredImage) -> Option<u64> {
    let layers = image.variants.iter().flat_map(|variant| &variant.layers);
    let layers: BTreeMap<_, _> = layers.map(|it| (it.chain_id.as_str(), it)).collect();
    let sizes = layers.values().map(|it| sum(it.unpacked, it.packed));
    sizes.fold(None, sum)
}

/// What of some layers stays if some images of a store go.
#[derive(Default)]
struct Kept<'a> {
    chains: BTreeSet<&'a str>,
    blobs: BTreeSet<&'a str>,
}

impl<'a> Kept<'a> {
    fn of(
        inventory: &'a Inventory,
        store: StoreId,
        gone: &BTreeSet<&str>,
        layers: &BTreeMap<&str, &'a StoredLayer>,
    ) -> Self {
        let mut kept = Self::default();
        let Some(here) = inventory.get(store) else {
            return kept;
        };
        let wanted: BTreeSet<_> = layers.values().map(|layer| archive(layer)).collect();
        for (id, held) in inventory.stores() {
            if !shares_blobs(&held.store, &here.store) {
                continue;
            }
            let stays = |image: &&StoredImage| id != store || !gone.contains(image.id.as_str());
            let variants = held.images.values().filter(stays);
            let rest = variants.flat_map(|image| &image.variants);
            for layer in rest.flat_map(|variant| &variant.layers) {
                let chain = layer.chain_id.as_str();
                if id == store && layers.contains_key(chain) {
                    kept.chains.insert(chain);
                }
                kept.blobs.extend(wanted.get(archive(layer)).copied());
            }
        }
        kept
    }
}

/// What an archive is called: by its digest, else by the layer that it holds.
fn archive(layer: &StoredLayer) -> &str {
    layer.blob.as_deref().unwrap_or(&layer.chain_id)
}

/// Both numbers, as far as they are known.
fn sum(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.saturating_add(other)),
        (one, other) => one.or(other),
    }
}

/// True if something of an image has that digest.
pub(super) fn bears(image: &StoredImage, digest: &str) -> bool {
    let is_its = |its: &Option<String>| its.as_deref() == Some(digest);
    let mut variants = image.variants.iter();
    image.id == digest
        || is_its(&image.digest)
        || variants.any(|it| is_its(&it.manifest) || is_its(&it.config))
}

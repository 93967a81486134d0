//! What lies where: the stores of this run, the images in them, and the daemons that keep them there.

mod bytes;
mod index;

use std::collections::BTreeMap;

pub(crate) use self::bytes::{Bytes, shares_blobs};
use self::index::{Digests, Facet, Parts};
use super::bounded::Bounded;
use crate::model::{
    Listing, ProcessKey, Store, StoreId, StoreKind, StoreRef, StoreUser, StoredImage, Variant,
};
use crate::observation::Observation;

/// Stores kept: a machine has a few, and some more for each daemon inside a container.
const MAX_STORES: usize = 1_024;

/// Images kept over all stores; what comes on top is not compared.
const MAX_IMAGES: usize = 65_536;

/// Layers kept over all stores, counted for each image that has them: 250 bytes each, so that 2,000
/// images of twelve layers take 12 MB with all indexes. What comes on top is not compared.
const MAX_LAYERS: usize = 262_144;

/// What is known of each store.
#[derive(Debug)]
pub(crate) struct Inventory {
    stores: Bounded<StoreId, Held>,
    digests: Digests,
    images: usize,
    layers: usize,
    /// True once there was no room for an image.
    is_cut: bool,
}

/// A store and what it holds.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) store: Store,
    /// The living daemons that keep images there.
    pub(crate) users: Vec<StoreUser>,
    /// By what the store calls them.
    pub(crate) images: BTreeMap<String, StoredImage>,
    /// What its books said in all, last; none if they have not been read.
    pub(crate) listing: Option<Listing>,
    /// Which image a name means: in each layout one name means one.
    names: BTreeMap<Box<str>, Box<str>>,
    parts: Parts,
}

impl Held {
    /// True if a living daemon keeps images there.
    pub(crate) const fn is_used(&self) -> bool {
        !self.users.is_empty()
    }
}

/// How it is known that two images are the same, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SameBy {
    /// Their manifests for one platform have one digest.
    Manifest,
    /// Their configurations have one digest.
    Config,
    /// Their topmost layers have one chain id: equal files; they may have been compressed anew or
    /// configured otherwise.
    Layers,
}

/// An image in another store that is the same.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Same<'a> {
    pub(crate) store: StoreId,
    pub(crate) image: &'a StoredImage,
    pub(crate) variant: &'a Variant,
    pub(crate) by: SameBy,
}

impl Inventory {
    pub(crate) const fn new() -> Self {
        Self {
            stores: Bounded::new(MAX_STORES),
            digests: Digests::new(),
            images: 0,
            layers: 0,
            is_cut: false,
        }
    }

    /// True if there were more images than are compared: what is not found may be there.
    pub(crate) const fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Takes in what was observed of stores; true if a store is news that is to be shown.
    pub(crate) fn observe(&mut self, what: &Observation) -> bool {
        match what {
            Observation::Store { id, store, users } => return self.learn(*id, store, users),
            Observation::StoreListed { store, listing } => {
                if let Some(held) = self.stores.get_mut(store) {
                    held.listing = Some(listing.clone());
                }
            }
            Observation::ImageAppeared {
                store,
                image,
                renamed,
                ..
            } => self.appeared(*store, image, *renamed),
            Observation::ImageVanished { store, image, .. } => {
                self.take(*store, &image.id);
            }
            _ => {}
        }
        false
    }

    fn learn(&mut self, id: StoreId, store: &Store, users: &[StoreUser]) -> bool {
        if let Some(known) = self.stores.get_mut(&id) {
            known.users = users.to_vec();
            let is_news = known.store != *store;
            known.store = store.clone();
            return is_news;
        }
        let held = Held {
            store: store.clone(),
            users: users.to_vec(),
            images: BTreeMap::new(),
            listing: None,
            names: BTreeMap::new(),
            parts: Parts::default(),
        };
        if let Some((gone, held)) = self.stores.insert(id, held) {
            for image in held.images.values() {
                self.digests.remove(gone, image);
                self.images -= 1;
                self.layers -= layers(image);
            }
        }
        true
    }

    fn appeared(&mut self, store: StoreId, image: &StoredImage, renamed: bool) {
        let mut image = image.clone();
        if let Some(known) = self.take(store, &image.id).filter(|_| renamed) {
            let mut kept = known.names;
            kept.retain(|name| !image.names.contains(name));
            image.names.extend(kept);
        }
        self.put(store, image);
    }

    /// Adds an image that is not there, unless there are too many. Names that it bears are its own
    /// from now on.
    fn put(&mut self, store: StoreId, image: StoredImage) {
        let layers = layers(&image);
        if self.images >= MAX_IMAGES || self.layers + layers > MAX_LAYERS {
            self.is_cut = true;
            return;
        }
        let Some(held) = self.stores.get_mut(&store) else {
            return;
        };
        self.images += 1;
        self.layers += layers;
        self.digests.add(store, &image);
        held.parts.add(&image);
        for name in &image.names {
            let before = held
                .names
                .insert(name.as_str().into(), image.id.as_str().into());
            let other = before.and_then(|id| held.images.get_mut(&*id));
            if let Some(other) = other {
                other.names.retain(|known| known != name);
            }
        }
        held.images.insert(image.id.clone(), image);
    }

    /// Takes an image out.
    fn take(&mut self, store: StoreId, id: &str) -> Option<StoredImage> {
        let held = self.stores.get_mut(&store)?;
        let image = held.images.remove(id)?;
        for name in &image.names {
            held.names.remove(name.as_str());
        }
        held.parts.remove(&image);
        self.digests.remove(store, &image);
        self.images -= 1;
        self.layers -= layers(&image);
        Some(image)
    }

    /// Every store, by its number.
    pub(crate) fn stores(&self) -> impl Iterator<Item = (StoreId, &Held)> {
        self.stores.iter().map(|(id, held)| (*id, held))
    }

    /// A store.
    pub(crate) fn get(&self, id: StoreId) -> Option<&Held> {
        self.stores.get(&id)
    }

    /// As much of a store as an operation or a finding says.
    pub(crate) fn reference(&self, id: StoreId) -> Option<StoreRef> {
        let store = &self.stores.get(&id)?.store;
        Some(StoreRef {
            id,
            kind: store.kind,
            root: store.root.clone(),
            namespace: store.namespace.clone(),
        })
    }

    /// The stores in which a daemon keeps images; containerd one for each of its namespaces.
    pub(crate) fn used_by(&self, process: ProcessKey) -> impl Iterator<Item = (StoreId, &Held)> {
        self.stores()
            .filter(move |(_, held)| held.users.iter().any(|user| user.process == process))
    }

    /// The stores that are deleted together with one, itself among them: all namespaces of one
    /// containerd, whose archives lie in one place.
    pub(crate) fn deleted_with(&self, id: StoreId) -> Vec<StoreId> {
        let Some(held) = self.get(id) else {
            return Vec::new();
        };
        if held.store.kind != StoreKind::Containerd {
            return vec![id];
        }
        let beside = self.stores();
        let beside = beside.filter(|(_, other)| shares_blobs(&held.store, &other.store));
        beside.map(|(id, _)| id).collect()
    }

    /// The image that a store means by a normalised reference (`name:tag`, `name@sha256:…`), by the
    /// digest of an index, manifest or configuration, or by its own id.
    pub(crate) fn find(&self, store: StoreId, name: &str) -> Option<&StoredImage> {
        let held = self.get(store)?;
        let named = held.names.get(name).map_or(name, |id| &**id);
        let digest = || name.rsplit_once('@').map_or(name, |(_, digest)| digest);
        let images = &held.images;
        images
            .get(named)
            .or_else(|| self.find_digest(store, digest()))
    }

    /// The image of a store whose index, manifest or configuration has that digest.
    fn find_digest(&self, store: StoreId, digest: &str) -> Option<&StoredImage> {
        let facets = [Facet::Target, Facet::Manifest, Facet::Config];
        let mut bearers = facets
            .into_iter()
            .flat_map(|facet| self.digests.bearers(facet, digest, store));
        self.get(store)?.images.get(bearers.next()?)
    }

    /// True if a store has the content of one of its images under another id too: a containerd lists
    /// one content by its index and by its manifest.
    pub(crate) fn is_there_twice(&self, store: StoreId, image: &StoredImage) -> bool {
        let facets = image.variants.iter().flat_map(|variant| {
            [
                (Facet::Manifest, variant.manifest.as_deref()),
                (Facet::Config, variant.config.as_deref()),
            ]
        });
        let mut digests = facets.filter_map(|(facet, digest)| Some((facet, digest?)));
        digests.any(|(facet, digest)| {
            let mut bearers = self.digests.bearers(facet, digest, store);
            bearers.any(|id| id != image.id)
        })
    }

    /// The images of other stores that are the same as one of a store: for each store and platform
    /// the surest.
    pub(crate) fn same<'a>(&'a self, store: StoreId, image: &StoredImage) -> Vec<Same<'a>> {
        let variants = image.variants.iter();
        let mut same: Vec<_> = variants
            .flat_map(|variant| self.same_platform(store, variant))
            .collect();
        same.sort_by_key(|same| same.store);
        same
    }

    /// The surest image of each other store that is the same as one platform of an image.
    fn same_platform(&self, store: StoreId, variant: &Variant) -> Vec<Same<'_>> {
        let facets = [
            (Facet::Manifest, variant.manifest.as_deref()),
            (Facet::Config, variant.config.as_deref()),
            (Facet::Layers, variant.chain_id()),
        ];
        let mut found: Vec<Same<'_>> = Vec::new();
        for (facet, digest) in facets {
            let Some(digest) = digest else {
                continue;
            };
            for (other, id) in self.digests.in_each_store(facet, digest) {
                if other == store || found.iter().any(|known| known.store == other) {
                    continue;
                }
                let image = self.get(other).and_then(|held| held.images.get(id));
                found.extend(image.and_then(|image| closest(other, image, variant)));
            }
        }
        found
    }
}

/// The platform of an image that is the most like another.
fn closest<'a>(store: StoreId, image: &'a StoredImage, like: &Variant) -> Option<Same<'a>> {
    let its = image.variants.iter();
    let alike = its.filter_map(|its| Some((its, same_by(like, its)?)));
    let (variant, by) = alike.min_by_key(|(_, by)| *by)?;
    Some(Same {
        store,
        image,
        variant,
        by,
    })
}

/// Layers of an image, for all its platforms.
fn layers(image: &StoredImage) -> usize {
    image.variants.iter().map(|it| it.layers.len()).sum()
}

/// How two platforms of images are the same; none if they are not.
pub(crate) fn same_by(one: &Variant, other: &Variant) -> Option<SameBy> {
    let equal = |one: Option<&str>, other: Option<&str>| one.is_some() && one == other;
    if equal(one.manifest.as_deref(), other.manifest.as_deref()) {
        Some(SameBy::Manifest)
    } else if equal(one.config.as_deref(), other.config.as_deref()) {
        Some(SameBy::Config)
    } else if equal(one.chain_id(), other.chain_id()) {
        Some(SameBy::Layers)
    } else {
        None
    }
}

#[cfg(test)]
mod tests;

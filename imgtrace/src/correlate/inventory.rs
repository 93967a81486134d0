//! What lies where: the stores of this run, the images in them, and the daemons that keep them there.

use std::collections::BTreeMap;

use super::bounded::Bounded;
use crate::model::{
    Listing, ProcessKey, Store, StoreId, StoreRef, StoreUser, StoredImage, Variant,
};
use crate::observation::Observation;

/// Stores kept: a machine has a few, and some more for each daemon inside a container.
const MAX_STORES: usize = 1_024;

/// Images kept over all stores; what comes on top is not compared.
const MAX_IMAGES: usize = 65_536;

/// What is known of each store.
#[derive(Debug)]
pub(crate) struct Inventory {
    stores: Bounded<StoreId, Held>,
    images: usize,
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
            images: 0,
        }
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
                let held = self.stores.get_mut(store);
                if held.is_some_and(|held| held.images.remove(&image.id).is_some()) {
                    self.images -= 1;
                }
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
        };
        if let Some((_, gone)) = self.stores.insert(id, held) {
            self.images -= gone.images.len();
        }
        true
    }

    fn appeared(&mut self, store: StoreId, image: &StoredImage, renamed: bool) {
        let Some(held) = self.stores.get_mut(&store) else {
            return;
        };
        let mut image = image.clone();
        if let Some(known) = held.images.get(&image.id).filter(|_| renamed) {
            let kept = known
                .names
                .iter()
                .filter(|name| !image.names.contains(name));
            let kept: Vec<_> = kept.cloned().collect();
            image.names.extend(kept);
        } else if !held.images.contains_key(&image.id) {
            if self.images == MAX_IMAGES {
                return;
            }
            self.images += 1;
        }
        held.images.insert(image.id.clone(), image);
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

    /// The image that a normalised reference (`name:tag`, `name@sha256:…`) or a digest means in a
    /// store.
    pub(crate) fn find(&self, store: StoreId, name: &str) -> Option<&StoredImage> {
        let images = &self.get(store)?.images;
        let is_named = |image: &&StoredImage| {
            image.names.iter().any(|known| known == name) || image.digest.as_deref() == Some(name)
        };
        images.get(name).or_else(|| images.values().find(is_named))
    }

    /// The images of other stores that are the same as one of a store, the surest first for each
    /// store, one for each platform.
    pub(crate) fn same<'a>(&'a self, store: StoreId, image: &StoredImage) -> Vec<Same<'a>> {
        let mut same = Vec::new();
        for (id, held) in self.stores().filter(|(id, _)| *id != store) {
            for variant in &image.variants {
                let others = held.images.values().flat_map(|other| {
                    let theirs = other.variants.iter();
                    theirs.filter_map(move |its| Some((other, its, same_by(variant, its)?)))
                });
                let surest = others.min_by_key(|(_, _, by)| *by);
                same.extend(surest.map(|(image, variant, by)| Same {
                    store: id,
                    image,
                    variant,
                    by,
                }));
            }
        }
        same
    }
}

/// How two platforms of images are the same; none if they are not.
pub(crate) fn same_by(one: &Variant, other: &Variant) -> Option<SameBy> {
    fn equal<T: PartialEq>(one: Option<T>, other: Option<T>) -> bool {
        one.is_some() && one == other
    }
    if equal(one.manifest.as_ref(), other.manifest.as_ref()) {
        Some(SameBy::Manifest)
    } else if equal(one.config.as_ref(), other.config.as_ref()) {
        Some(SameBy::Config)
    } else if equal(one.chain_id(), other.chain_id()) {
        Some(SameBy::Layers)
    } else {
        None
    }
}

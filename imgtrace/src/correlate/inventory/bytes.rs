//! Bytes: what lies on the disk twice, and what a removal would free.

use super::index::{Parts, Sized, Use, parts};
use super::{Held, Inventory};
use crate::model::{Store, StoreId, StoredImage, Variant};

/// Bytes of layers, each layer counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bytes {
    /// As root file systems use them.
    pub(crate) unpacked: u64,
    /// As archives, as they came from a registry.
    pub(crate) packed: u64,
}

impl Bytes {
    pub(crate) const fn total(self) -> u64 {
        self.unpacked.saturating_add(self.packed)
    }

    const fn add(&mut self, unpacked: Option<u64>, packed: Option<u64>) {
        if let Some(bytes) = unpacked {
            self.unpacked = self.unpacked.saturating_add(bytes);
        }
        if let Some(bytes) = packed {
            self.packed = self.packed.saturating_add(bytes);
        }
    }
}

impl Inventory {
    /// Bytes of a platform of an image that lie in `store`, where it is, and in `other` as well,
    /// counted as `store` keeps them. Layers that `other` has of another image count too: they are
    /// there.
    pub(crate) fn twice(&self, store: StoreId, variant: &Variant, other: StoreId) -> Bytes {
        let mut bytes = Bytes::default();
        let (Some(here), Some(there)) = (self.get(store), self.get(other)) else {
            return bytes;
        };
        let image = StoredImage {
            variants: vec![variant.clone()],
            ..StoredImage::default()
        };
        let (layers, blobs) = parts(&image);
        let is_apart = !shares_blobs(&here.store, &there.store);
        for (chain, unpacked) in layers {
            let is_there = there.parts.layer(chain).bytes.is_some();
            bytes.add(unpacked.filter(|_| is_there), None);
        }
        for (digest, packed) in blobs {
            let is_there = is_apart && there.parts.blob(digest).bytes.is_some();
            bytes.add(None, packed.filter(|_| is_there));
        }
        bytes
    }

    /// Bytes of all images of `store` that lie in any of `others` as well, counted as `store` keeps
    /// them, each once.
    pub(crate) fn all_twice(&self, store: StoreId, others: &[StoreId]) -> Bytes {
        let mut bytes = Bytes::default();
        let Some(here) = self.get(store) else {
            return bytes;
        };
        let others = others.iter().filter(|id| **id != store);
        let others: Vec<_> = others.filter_map(|id| self.get(*id)).collect();
        for (chain, used) in here.parts.layers() {
            let is_there = |held: &&Held| held.parts.layer(chain).bytes.is_some();
            bytes.add(used.bytes.filter(|_| others.iter().any(is_there)), None);
        }
        for (digest, used) in here.parts.blobs() {
            let is_there = |held: &&Held| {
                !shares_blobs(&here.store, &held.store) && held.parts.blob(digest).bytes.is_some()
            };
            bytes.add(None, used.bytes.filter(|_| others.iter().any(is_there)));
        }
        bytes
    }

    /// Bytes of all images of some stores: of each store what is unpacked there, of archives that
    /// lie in one place for several of them each once.
    pub(crate) fn held(&self, stores: &[StoreId]) -> Bytes {
        let mut bytes = Bytes::default();
        let held: Vec<_> = stores.iter().filter_map(|id| self.get(*id)).collect();
        for (at, here) in held.iter().enumerate() {
            let (before, _) = held.split_at(at);
            for (_, used) in here.parts.layers() {
                bytes.add(used.bytes, None);
            }
            for (digest, used) in here.parts.blobs() {
                let mut beside = before
                    .iter()
                    .filter(|it| shares_blobs(&here.store, &it.store));
                let is_counted = beside.any(|it| it.parts.blob(digest).bytes.is_some());
                bytes.add(None, used.bytes.filter(|_| !is_counted));
            }
        }
        bytes
    }

    /// Bytes that would be free in a store if that image were removed there: of its layers that no
    /// other image of the store has. Containers that are made of it may keep them.
    pub(crate) fn freed(&self, store: StoreId, image: &StoredImage) -> Bytes {
        let mut bytes = Bytes::default();
        let Some(here) = self.get(store) else {
            return bytes;
        };
        let (layers, blobs) = parts(image);
        let lone = |names: Sized<'_>, used: fn(&Parts, &str) -> Use| -> u64 {
            let own = names.into_iter().filter(|(name, _)| {
                let images = used(&here.parts, name).images;
                images <= 1
            });
            own.filter_map(|(_, bytes)| bytes).sum()
        };
        bytes.unpacked = lone(layers, Parts::layer);
        let beside: Vec<_> = self
            .stores()
            .filter(|(id, held)| *id != store && shares_blobs(&here.store, &held.store))
            .map(|(_, held)| held)
            .collect();
        let mut own = blobs;
        own.retain(|digest, _| {
            let is_there = |held: &&Held| held.parts.blob(digest).images > 0;
            !beside.iter().any(is_there)
        });
        bytes.packed = lone(own, Parts::blob);
        bytes
    }
}

/// True if two stores keep the archives of layers in one place: namespaces of one containerd
/// (containerd `core/metadata/content.go`: a blob lies in the root once, each namespace has a record
/// of it).
pub(crate) fn shares_blobs(one: &Store, other: &Store) -> bool {
    one.kind == other.kind && (one.device, one.inode) == (other.device, other.inode)
}

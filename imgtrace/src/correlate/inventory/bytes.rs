//! Bytes of whole stores: what lies there, and what lies elsewhere too.

use super::{Held, Inventory};
use crate::model::{Store, StoreId};

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
}

/// True if two stores keep the archives of layers in one place: namespaces of one containerd
/// (containerd `core/metadata/content.go`: a blob lies in the root once, each namespace has a record
/// of it).
pub(crate) fn shares_blobs(one: &Store, other: &Store) -> bool {
    one.kind == other.kind && (one.device, one.inode) == (other.device, other.inode)
}

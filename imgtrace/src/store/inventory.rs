//! What a data root holds, whatever its layout.

use super::{Contents, Edition, FileVersion, Folder, View};
use super::{containerd, containers_storage, docker};
use crate::model::{Store, StoreKind};

/// The stores below a data root, of whatever layout; `view` is what it was opened through.
pub fn stores(view: &View, root: &Folder) -> Vec<Store> {
    let mut stores = docker::inventory::stores(root);
    stores.extend(containerd::inventory::stores(root));
    stores.extend(containers_storage::inventory::store(view, root));
    stores
}

/// The images of one of them, where it is no store of containers/storage, whose own thread reads
/// it, or of `BuildKit`, which keeps a cache and no images.
pub fn contents(root: &Folder, store: &Store) -> Contents {
    match store.kind {
        StoreKind::Docker => docker::inventory::contents(root, store),
        StoreKind::Containerd => containerd::inventory::contents(root, store),
        StoreKind::ContainersStorage | StoreKind::BuildKit => Contents::default(),
    }
}

/// Something cheap that is another one when its index has changed; none if that could not be looked
/// at.
pub fn edition(root: &Folder, store: &Store) -> Option<Edition> {
    match store.kind {
        StoreKind::Docker => docker::inventory::edition(root, store),
        StoreKind::Containerd => containerd::inventory::edition(root, store),
        StoreKind::ContainersStorage | StoreKind::BuildKit => None,
    }
}

/// Something yet cheaper: as long as it is the same, so is the edition; none where there is no such
/// thing.
pub fn pulse(root: &Folder, store: &Store) -> Option<FileVersion> {
    match store.kind {
        StoreKind::Containerd => root.version(containerd::inventory::BOOK).ok(),
        StoreKind::Docker | StoreKind::ContainersStorage | StoreKind::BuildKit => None,
    }
}

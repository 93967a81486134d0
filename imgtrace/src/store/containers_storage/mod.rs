//! containers/storage, the store of Podman, Buildah and CRI-O: whose root file system a mount is,
//! and what its index says of images.
//!
//! Its layout: below the root (`graphroot`) the driver keeps a folder for each layer,
//! `overlay/<layer id>/{diff,merged,work,link,lower}`, and three books beside it say what the
//! layers are for: `overlay-layers/layers.json`, `overlay-images/images.json` and
//! `overlay-containers/containers.json`, each with a `volatile-` sibling for what need not survive
//! a crash. A container has a layer of its own whose id is not the container's. Whoever changes a
//! book writes it anew under a temporary name and renames it, so it is never read half.
//!
//! Which program a container belongs to is told by what that program left in the books: Podman and
//! CRI-O each put a document of their own into the container's `metadata`, Buildah puts none there
//! and writes `userdata/buildah.json` beside it, before it mounts.
//!
//! It does not know who mounted, nor whether anything runs. Additional image stores
//! (`additionalimagestores`, `--imagestore`) and transient stores, whose books are in the run root,
//! are not read: an identity then lacks layers, or there is none.

mod books;
mod chain;
mod config;
pub mod index;
pub(super) mod inventory;
mod metadata;
mod place;
mod records;
pub(super) mod roots;

use std::collections::HashMap;

use self::books::Books;
use self::metadata::Owner;
use self::place::Place;
use self::records::{Container, Image};
use super::{Folder, Identified, View};
use crate::capture::mounts::Mount;
use crate::model::{Pod, Role, RootfsIdentity, Runtime, Store, StoreKind};

/// Stores whose books are remembered; beyond them all are read anew.
const STORES_MOST: usize = 64;

/// Where Buildah describes its working container (buildah `buildah.go`, `stateFile`).
const BUILDAHS_STATE: &str = "userdata/buildah.json";

/// What was read of the stores that mounts have revealed.
#[derive(Debug, Default)]
pub struct ContainersStorage {
    /// By device and inode of their root folder.
    books: HashMap<(u64, u64), Books>,
}

impl ContainersStorage {
    /// Nothing is remembered yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What a mount is for, its store seen as its mounter sees it. None if it is no container's
    /// root file system in such a store: probes (`volatile-check…`, `compat…`), images that are
    /// only looked into, other layouts.
    pub fn identify(&mut self, mount: &Mount, view: &View) -> Option<Identified> {
        let place = Place::of(mount)?;
        let root = view.folder(place.root)?;
        let (device, inode) = root.identity().ok()?;
        let container = books::container_of(&root, place.layer)?;
        if self.books.len() >= STORES_MOST && !self.books.contains_key(&(device, inode)) {
            self.books.clear();
        }
        let books = self.books.entry((device, inode)).or_default();
        let owner = owner(&root, &container)?;
        let identity = identity(&place, &root, books, &container, &owner);
        let store = Store {
            kind: StoreKind::ContainersStorage,
            root: root.path.clone(),
            device,
            inode,
            driver: place.driver.to_owned(),
            namespace: None,
        };
        Some(Identified {
            identity,
            store: Some(store),
        })
    }
}

/// The program that made a container.
fn owner(root: &Folder, container: &Container) -> Option<Owner> {
    let told = container.metadata.as_deref().unwrap_or_default();
    if !told.is_empty() {
        return Owner::from_metadata(told);
    }
    let folder = root.folder("overlay-containers").ok()?;
    let state = format!("{}/{BUILDAHS_STATE}", container.id);
    folder.file(&state).ok().map(|_| Owner::Buildah)
}

fn identity(
    place: &Place<'_>,
    root: &Folder,
    books: &mut Books,
    container: &Container,
    owner: &Owner,
) -> RootfsIdentity {
    let image = books.image(root, &container.image);
    let mut identity = RootfsIdentity::new(owner.runtime(), Role::Container, place.driver);
    identity.container = Some(container.id.clone());
    identity.container_name = container.names.first().cloned();
    identity.evidence.push(format!(
        "the books of {} say whose layer {} is",
        root.path,
        place.layer.get(..12).unwrap_or(place.layer)
    ));
    tell_owner(&mut identity, root, container, owner);
    if identity.image.is_none() {
        identity.image = image.as_ref().and_then(Image::name);
    }
    if let Some(image) = &image {
        (identity.digest, identity.digest_kind) = image.digest();
    }
    let top = image.map(|image| image.layer).filter(|top| !top.is_empty());
    let extent = match top {
        Some(top) => books.extent(root, &top),
        // `buildah from scratch`, or the image was removed by force.
        None => books::extent_below(root, place.layer),
    };
    if let Some(extent) = extent {
        identity.layers = Some(extent.layers);
        identity.bytes = extent.bytes;
        identity.chain_id = extent.chain_id;
    } else {
        let reason = "its image's layers are not all in the books of this store";
        identity.evidence.push(reason.to_owned());
    }
    identity
}

/// Adds what only the container's own program knows of it.
fn tell_owner(identity: &mut RootfsIdentity, root: &Folder, container: &Container, owner: &Owner) {
    match owner {
        Owner::Podman(podman) => identity.image = podman.image(),
        Owner::Buildah => {
            identity.role = Role::Working;
            let state = format!("its {BUILDAHS_STATE} says that it is Buildah's");
            identity.evidence.push(state);
        }
        Owner::CriO(crio) => {
            identity.image = crio.image();
            identity.sandbox = crio.sandbox();
            if crio.is_sandbox(&container.id) {
                identity.role = Role::Sandbox;
                identity.pod = crio.pod();
            } else {
                identity.container_name = crio.name().or(identity.container_name.take());
                identity.pod = pod_of(root, crio);
            }
        }
    }
}

/// The pod of one of CRI-O's containers: its sandbox says it in fields of their own.
fn pod_of(root: &Folder, crio: &metadata::CriO) -> Option<Pod> {
    let sandbox = crio.sandbox()?;
    let sandbox = books::container(root, &sandbox);
    let told = sandbox.and_then(|sandbox| Owner::from_metadata(sandbox.metadata.as_deref()?));
    match told {
        Some(Owner::CriO(sandbox)) => sandbox.pod(),
        _ => crio.pod(),
    }
}

impl Owner {
    const fn runtime(&self) -> Runtime {
        match self {
            Self::Podman(_) => Runtime::Podman,
            Self::Buildah => Runtime::Buildah,
            Self::CriO(_) => Runtime::CriO,
        }
    }
}

#[cfg(test)]
mod tests;

//! dockerd's stores: which container a root file system is of, by dockerd's own files.
//!
//! It knows the layout of a data root, with graph drivers and with containerd's image store, and
//! what builds mount in it. Of containerd's own files it knows nothing: where the layers are
//! containerd's, its [`Identified`] has no store.
//!
//! dockerd mounts a container's root file system when it makes the container (to fill volumes), at
//! every start, when it comes up and finds the container running, and for `docker cp` and
//! `docker export` of one that does not run. So none of these mounts says that anything started.

mod books;
mod chains;
mod describe;
mod graph;
mod id;
pub mod inventory;
mod names;
mod owners;
mod place;
mod snapshot;

use chains::Chains;
use graph::Graph;
use owners::Owners;
use place::Place;

use super::{Identified, View};
use crate::capture::mounts::Mount;
use crate::model::{Role, RootfsIdentity, Runtime, Store};

/// The most stores whose indices are kept; beyond them the one used longest ago is forgotten.
const STORES_MOST: usize = 32;

/// What was learnt of dockerd's stores so far. It only saves reading: what may change is read anew
/// for every mount.
#[derive(Debug, Default)]
pub struct Docker {
    /// The one used last is the last.
    stores: Vec<(Store, Index)>,
}

/// What does not change in a store once it was written.
#[derive(Debug, Default)]
struct Index {
    owners: Owners,
    chains: Chains,
}

impl Docker {
    /// Says what a mount is, if its mount point is one of dockerd's and the files around it are
    /// dockerd's too. `view` is that of a process that sees the mount point under this path.
    ///
    /// It reads a handful of small files; for a container not seen before also a list of the
    /// store's containers, and for an image not seen before two files for each of its layers.
    pub fn identify(&mut self, mount: &Mount, view: &View) -> Option<Identified> {
        match Place::of(&mount.target)? {
            Place::Graph {
                root,
                driver,
                folder,
            } => {
                let graph = Graph::open(view, root, driver)?;
                let identity = graph.identify(self.index(&graph.store), folder)?;
                let store = Some(graph.store);
                Some(Identified { identity, store })
            }
            Place::GraphBuild { root, driver } => {
                let graph = Graph::open(view, root, driver)?;
                let mut identity = RootfsIdentity::new(Runtime::Docker, Role::Build, driver);
                let evidence = "its folder is named as the BuildKit in dockerd names a snapshot";
                identity.evidence.push(evidence.to_owned());
                let store = Some(graph.store);
                Some(Identified { identity, store })
            }
            Place::Snapshot {
                root,
                snapshotter,
                container,
            } => snapshot::container(view, root, snapshotter, container),
            Place::Pool { snapshotter } => Some(snapshot::pool(snapshotter)),
        }
    }

    /// The index of a store; an empty one if it was not met before.
    fn index(&mut self, store: &Store) -> &mut Index {
        let known = self.stores.iter().position(|(known, _)| known == store);
        let entry = match known {
            Some(at) => self.stores.remove(at),
            None => (store.clone(), Index::default()),
        };
        if self.stores.len() == STORES_MOST {
            self.stores.remove(0);
        }
        &mut self.stores.push_mut(entry).1
    }
}

#[cfg(test)]
mod scene;
#[cfg(test)]
mod tests;

//! Which container a mounted root file system is of: every layout on disk is tried in turn.

use super::containerd::Containerd;
use super::containers_storage::ContainersStorage;
use super::docker::Docker;
use super::{Identified, View};
use crate::capture::mounts::Mount;

/// The layouts that are known, and what each remembers of the stores that it has met.
#[derive(Debug, Default)]
pub struct Layouts {
    containerd: Containerd,
    docker: Docker,
    containers_storage: ContainersStorage,
}

impl Layouts {
    /// Says what a mount is; none if it is no runtime's root file system. `view` is that of a
    /// process that sees the mount point under its path.
    pub fn identify(&mut self, mount: &Mount, view: &View) -> Option<Identified> {
        self.docker
            .identify(mount, view)
            .map(|found| self.with_layers(found, mount, view))
            .or_else(|| self.containerd.identify(mount, view))
            .or_else(|| self.containers_storage.identify(mount, view))
    }

    /// Adds the layers of a root file system of dockerd's that lies in containerd's store.
    fn with_layers(&mut self, found: Identified, mount: &Mount, view: &View) -> Identified {
        if found.store.is_some() {
            return found;
        }
        match self.containerd.layers(mount, view) {
            Some(layers) => layers.of(found.identity),
            None => found,
        }
    }
}

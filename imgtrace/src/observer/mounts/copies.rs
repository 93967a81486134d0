//! Which file systems are mounted, however many mounts each has.
//!
//! Pure. Propagation copies a mount into other namespaces, and so does a new namespace; all copies
//! have one device. A device number comes back for another file system once its own is gone.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use crate::{capture::mounts::Mount, model::MountId};

/// File systems that are remembered: more than a node has containers. What is mounted beyond them
/// is counted as lost.
const FILE_SYSTEMS_MAX: usize = 16_384;

/// Major and minor number of a file system.
type Device = (u32, u32);

/// The table.
#[derive(Debug, Default)]
pub(super) struct Copies {
    /// A key of its own, so that nobody can make two file systems' layers look alike.
    hasher: RandomState,
    file_systems: HashMap<Device, FileSystem>,
    /// Namespace and number of each mount, and its file system.
    mounts: HashMap<(u32, u64), Device>,
}

/// One file system and its mounts.
#[derive(Debug)]
struct FileSystem {
    /// Hash of its layers, which tell it from a later one with its device number. Their paths may
    /// take a megabyte, and each file system is remembered, whoever mounts it.
    layers: u64,
    /// Its number, if it was found to be a container's.
    told: Option<MountId>,
    mounts: usize,
}

/// What a mount is to the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attached {
    /// Of a file system that is not told: it is to be looked at.
    Unknown {
        /// What had its device before, if it was told and nobody said that it is gone.
        replaced: Option<MountId>,
    },
    /// One more of a file system that is told.
    Told,
    /// There is no room.
    Full,
}

impl Copies {
    /// A mount has come, or has moved.
    pub(super) fn attach(&mut self, mount: &Mount) -> Attached {
        let layers = self.hasher.hash_one((&mount.lower, &mount.upper));
        let known = self.file_systems.get(&mount.device);
        let replaced = known
            .is_some_and(|known| known.layers != layers)
            .then(|| self.forget(mount.device))
            .flatten();
        if self.file_systems.len() >= FILE_SYSTEMS_MAX
            && !self.file_systems.contains_key(&mount.device)
        {
            return Attached::Full;
        }
        let file_system = self.file_systems.entry(mount.device).or_insert(FileSystem {
            layers,
            told: None,
            mounts: 0,
        });
        let place = (mount.namespace, mount.id);
        if self.mounts.insert(place, mount.device).is_none() {
            file_system.mounts += 1;
        }
        match file_system.told {
            Some(_) => Attached::Told,
            None => Attached::Unknown { replaced },
        }
    }

    /// The file system of a mount is told under this number.
    pub(super) fn tell(&mut self, mount: &Mount, number: MountId) {
        if let Some(file_system) = self.file_systems.get_mut(&mount.device) {
            file_system.told = Some(number);
        }
    }

    /// A mount is gone; gives the number of its file system if that was the last one.
    pub(super) fn detach(&mut self, namespace: u32, id: u64) -> Option<MountId> {
        let device = self.mounts.remove(&(namespace, id))?;
        let file_system = self.file_systems.get_mut(&device)?;
        file_system.mounts = file_system.mounts.saturating_sub(1);
        if file_system.mounts > 0 {
            return None;
        }
        self.file_systems.remove(&device)?.told
    }

    fn forget(&mut self, device: Device) -> Option<MountId> {
        self.mounts.retain(|_, of| *of != device);
        self.file_systems.remove(&device)?.told
    }
}

#[cfg(test)]
mod tests;

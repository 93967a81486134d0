//! Which overlays are mounted where, and which of several mounts of one file system was told.
//!
//! Pure. A file system that is mounted more than once in a namespace (bind mounts) is told once,
//! by its first mount; a file system that is seen in several namespaces is told in each, with the
//! same device.

use std::collections::HashMap;

/// Mounts of overlays that are remembered, copies included, in all namespaces together.
const MOUNTS_MAX: usize = 1 << 16;

/// Major and minor number of a file system.
pub(super) type Device = (u32, u32);

/// The table. Namespaces are inode numbers, mounts the kernel's numbers.
#[derive(Debug, Default)]
pub(super) struct Known {
    mounts: HashMap<(u32, u64), Device>,
    copies: HashMap<(u32, Device), Copies>,
}

/// The mounts of one file system in one namespace.
#[derive(Debug)]
struct Copies {
    /// The one that was told.
    told: u64,
    /// How many there are.
    count: usize,
}

/// What a mount is to the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attached {
    /// The first of its file system in this namespace: to be told.
    New,
    /// One more of a file system that was told.
    Copy,
    /// It is there already.
    Again,
    /// There is no room.
    Full,
}

impl Known {
    /// Whether a mount is known.
    pub(super) fn contains(&self, namespace: u32, id: u64) -> bool {
        self.mounts.contains_key(&(namespace, id))
    }

    /// Whether a mount is the one of its file system that was told.
    pub(super) fn is_told(&self, namespace: u32, id: u64) -> bool {
        let device = self.mounts.get(&(namespace, id));
        device
            .and_then(|device| self.copies.get(&(namespace, *device)))
            .is_some_and(|copies| copies.told == id)
    }

    /// The known mounts of a namespace, in no order.
    pub(super) fn of(&self, namespace: u32) -> Vec<u64> {
        let mounts = self.mounts.keys();
        mounts
            .filter_map(|(of, id)| (*of == namespace).then_some(*id))
            .collect()
    }

    /// A mount has come.
    pub(super) fn attach(&mut self, namespace: u32, id: u64, device: Device) -> Attached {
        if self.contains(namespace, id) {
            return Attached::Again;
        }
        if self.mounts.len() >= MOUNTS_MAX {
            return Attached::Full;
        }
        self.mounts.insert((namespace, id), device);
        let copies = self
            .copies
            .entry((namespace, device))
            .or_insert(Copies { told: id, count: 0 });
        copies.count += 1;
        if copies.count == 1 {
            Attached::New
        } else {
            Attached::Copy
        }
    }

    /// A mount is gone; true if it is the one that was told.
    pub(super) fn detach(&mut self, namespace: u32, id: u64) -> bool {
        let Some(device) = self.mounts.remove(&(namespace, id)) else {
            return false;
        };
        let key = (namespace, device);
        let Some(copies) = self.copies.get_mut(&key) else {
            return false;
        };
        let was_told = copies.told == id;
        copies.count -= 1;
        if copies.count == 0 {
            self.copies.remove(&key);
        }
        was_told
    }

    /// A namespace is gone with all its mounts; those of them that were told.
    pub(super) fn forget(&mut self, namespace: u32) -> Vec<u64> {
        let mut all = self.of(namespace);
        all.retain(|id| self.detach(namespace, *id));
        all
    }
}

#[cfg(test)]
mod tests;

//! Whose a folder of the graph driver is: `layerdb/mounts/<owner>/mount-id`.
//!
//! dockerd names the folder of a container's own layer by chance, and only keeps which is whose
//! under the container's id, so the way back is an index. The file is there before the folder is
//! mounted for the first time (`CreateRWLayer`, `saveMount` of moby's
//! `daemon/internal/layer/layer_store.go`) and never changes.

use std::collections::{HashMap, HashSet};

use super::id::Id;
use crate::store::{Folder, ReadError};

/// The most owners of one store that are looked at, and that are remembered. What a store has beyond
/// them is not found; when those that are remembered, gone ones among them, are so many, they are
/// read anew.
const OWNERS_MOST: usize = 16_384;

/// Bytes of a `mount-id`: 64, and some for a line end.
const MOUNT_ID_MOST: u64 = 80;

/// The owners of one store's folders, as far as they were looked at.
#[derive(Debug, Default)]
pub(super) struct Owners {
    /// Those whose file was read.
    read: HashSet<Id>,
    /// Folder → owner.
    owners: HashMap<Id, Id>,
}

impl Owners {
    /// Whose `folder` is, by `mounts`, the store's `layerdb/mounts`. A folder that was asked for
    /// before costs nothing; another costs one listing, and one small file for each owner that is
    /// new since the last.
    ///
    /// # Errors
    /// The list cannot be read.
    pub(super) fn find(&mut self, mounts: &Folder, folder: Id) -> Result<Option<Id>, ReadError> {
        if let Some(owner) = self.owners.get(&folder) {
            return Ok(Some(*owner));
        }
        if self.read.len() >= OWNERS_MOST {
            *self = Self::default();
        }
        let mut new = Vec::new();
        mounts.each_name(OWNERS_MOST, |name| {
            // Names that are no container's are BuildKit's, for folders that it names like itself.
            new.extend(Id::parse(name).filter(|owner| !self.read.contains(owner)));
        })?;
        for owner in new {
            // An owner whose file is not there yet is looked at again the next time.
            let Some(its) = mount_id(mounts, owner) else {
                continue;
            };
            self.read.insert(owner);
            self.owners.insert(its, owner);
            if its == folder {
                return Ok(Some(owner));
            }
        }
        Ok(None)
    }
}

fn mount_id(mounts: &Folder, owner: Id) -> Option<Id> {
    let bytes = mounts
        .read(&format!("{owner}/mount-id"), MOUNT_ID_MOST)
        .ok()?;
    Id::parse(std::str::from_utf8(&bytes).ok()?.trim())
}

#[cfg(test)]
mod tests;

//! The numbers of this run's stores, however they were found.

use crate::model::{Store, StoreId, StoreUser};

/// Stores that are numbered: each is a runtime's or a namespace's of one, of which a node has a
/// handful. Of those beyond no more is told than the root file system.
const STORES_MAX: usize = 1_024;

/// See the module.
#[derive(Debug, Default)]
pub(in crate::observer) struct Numbers(Vec<(Store, Vec<StoreUser>)>);

impl Numbers {
    /// The number of a store, and whether it is new.
    pub(in crate::observer) fn number(&mut self, store: &Store) -> Option<(StoreId, bool)> {
        if let Some(known) = self.find(store) {
            return Some((known, false));
        }
        if self.0.len() >= STORES_MAX {
            return None;
        }
        let number = id(self.0.len())?;
        self.0.push((store.clone(), Vec::new()));
        Some((number, true))
    }

    /// The number that a store has.
    pub(super) fn find(&self, store: &Store) -> Option<StoreId> {
        let is = |(known, _): &(Store, _)| {
            (known.device, known.inode, &known.driver, &known.namespace)
                == (store.device, store.inode, &store.driver, &store.namespace)
        };
        id(self.0.iter().position(is)?)
    }

    /// A store, as it was first told.
    pub(super) fn get(&self, id: StoreId) -> Option<&Store> {
        self.entry(id).map(|(store, _)| store)
    }

    /// The daemons that use it, as was last told.
    pub(super) fn users(&self, id: StoreId) -> &[StoreUser] {
        self.entry(id).map_or(&[], |(_, users)| users)
    }

    /// Notes who uses it.
    pub(super) fn use_by(&mut self, id: StoreId, users: Vec<StoreUser>) {
        let place = place(id);
        if let Some((_, known)) = place.and_then(|place| self.0.get_mut(place)) {
            *known = users;
        }
    }

    fn entry(&self, id: StoreId) -> Option<&(Store, Vec<StoreUser>)> {
        self.0.get(place(id)?)
    }
}

/// Numbers begin at 1.
fn id(place: usize) -> Option<StoreId> {
    Some(StoreId(u32::try_from(place).ok()?.checked_add(1)?))
}

fn place(id: StoreId) -> Option<usize> {
    usize::try_from(id.0.checked_sub(1)?).ok()
}

#[cfg(test)]
mod tests;

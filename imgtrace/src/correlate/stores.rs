//! The stores of this run.

use super::bounded::Bounded;
use crate::model::{Store, StoreId, StoreRef};

/// Stores kept: a machine has a few, and some more for each daemon inside a container.
const MAX_STORES: usize = 1_024;

/// What is known of each store.
#[derive(Debug)]
pub(crate) struct Stores {
    known: Bounded<StoreId, Store>,
}

impl Stores {
    pub(crate) const fn new() -> Self {
        Self {
            known: Bounded::new(MAX_STORES),
        }
    }

    /// Takes over what was found; true if that is news.
    pub(crate) fn learn(&mut self, id: StoreId, store: &Store) -> bool {
        let news = self.known.get(&id) != Some(store);
        if news {
            self.known.insert(id, store.clone());
        }
        news
    }

    /// As much of a store as an operation says.
    pub(crate) fn reference(&self, id: StoreId) -> Option<StoreRef> {
        let store = self.known.get(&id)?;
        Some(StoreRef {
            id,
            kind: store.kind,
            root: store.root.clone(),
        })
    }
}

//! Stores of which not all could be read, or that are gone: said once for each, and again when it is something else.

use crate::correlate::Inventory;
use crate::correlate::bounded::Bounded;
use crate::model::{Listing, Notice, Stamp, StoreId};

/// Stores that are remembered as said.
const MAX_STORES: usize = 1_024;

/// Problems of one store that a notice tells; the rest is counted.
const TOLD: usize = 3;

/// What was said of which store.
#[derive(Debug)]
pub(super) struct Unread {
    said: Bounded<StoreId, Vec<String>>,
}

impl Unread {
    pub(super) const fn new() -> Self {
        Self {
            said: Bounded::new(MAX_STORES),
        }
    }

    /// What is to be said of a store whose books were read.
    pub(super) fn listed(
        &mut self,
        at: Stamp,
        id: StoreId,
        listing: &Listing,
        inventory: &Inventory,
    ) -> Option<Notice> {
        let problems = &listing.problems;
        if self.said.get_mut(&id).is_some_and(|said| said == problems) {
            return None;
        }
        if problems.is_empty() {
            self.said.remove(&id);
            return None;
        }
        let store = inventory.reference(id)?.label();
        self.said.insert(id, problems.clone());
        let (about, text) = if listing.is_of_gone() {
            ("store-gone", format!("{store}: {}", sentence(problems)))
        } else {
            let text = format!("not all of {store} could be read: {}", sentence(problems));
            ("store-unread", text)
        };
        Some(Notice {
            at,
            about: about.to_owned(),
            text,
            endpoint: None,
        })
    }
}

fn sentence(problems: &[String]) -> String {
    let (told, rest) = problems.split_at(problems.len().min(TOLD));
    let more = (!rest.is_empty()).then(|| format!("and {} more", rest.len()));
    let told = told.iter().cloned().chain(more);
    told.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests;

//! That nothing is wrong with what lies in the stores: one line, once the first round over them is over.

use super::words;
use crate::correlate::World;
use crate::model::{Finding, Notice, Rule, Stamp};

/// The rules that find something in what lies there, whatever is going on.
const OF_STORES: [Rule; 3] = [Rule::DoublePull, Rule::HalfDuplicate, Rule::Leftover];

/// Whether anything was found that this line would contradict.
#[derive(Debug, Default)]
pub(super) struct Calm {
    disturbed: bool,
}

impl Calm {
    pub(super) fn take(&mut self, findings: &[Finding]) {
        let mut rules = findings.iter().map(|finding| finding.rule);
        self.disturbed |= rules.any(|rule| OF_STORES.contains(&rule));
    }

    /// What is to be said when every store has been listed; none if there is something to find, or
    /// no store.
    pub(super) fn inventoried(&self, at: Stamp, world: &World) -> Option<Notice> {
        if self.disturbed {
            return None;
        }
        let (mut stores, mut images, mut unpacked) = (0, 0, 0_u64);
        let mut unread = false;
        for (_, held) in world.inventory().stores() {
            let Some(listing) = &held.listing else {
                continue;
            };
            stores += 1;
            images = listing.images.saturating_add(images);
            unpacked = listing.unpacked.saturating_add(unpacked);
            unread |= !listing.problems.is_empty();
        }
        let as_far = if unread {
            ", as far as it could be read"
        } else {
            ""
        };
        (stores > 0).then(|| Notice {
            at,
            about: "stores-in-order".to_owned(),
            text: format!(
                "nothing is wrong with what is stored here{as_far}: {}, {} unpacked, in {}; \
                 nothing twice, nothing left behind",
                words::count(images, "image"),
                words::bytes(unpacked),
                words::count(stores, "store"),
            ),
            endpoint: None,
        })
    }
}

#[cfg(test)]
mod tests;

//! What lies in the stores, and whether nothing is wrong with that: one line, once the first round
//! over them is over.

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

    /// What is to be said when every store has been listed.
    pub(super) fn inventoried(&self, at: Stamp, world: &World) -> Notice {
        let totals = Totals::of(world);
        let (about, text) = if totals.stores == 0 {
            ("stores-listed", "no store of images was found".to_owned())
        } else if self.disturbed {
            ("stores-listed", format!("there are {}", totals.sentence()))
        } else {
            let text = format!(
                "nothing is wrong with what is stored here: {}; nothing twice, nothing left behind",
                totals.sentence()
            );
            ("stores-in-order", text)
        };
        Notice {
            at,
            about: about.to_owned(),
            text,
            endpoint: None,
        }
    }
}

/// What lies in all stores.
#[derive(Debug, Default)]
struct Totals {
    stores: u64,
    images: u64,
    unpacked: u64,
    /// Not all of it could be read, or compared.
    partial: bool,
}

impl Totals {
    fn of(world: &World) -> Self {
        let mut totals = Self {
            partial: world.inventory().is_cut(),
            ..Self::default()
        };
        for (_, held) in world.inventory().stores() {
            totals.stores += 1;
            let Some(listing) = &held.listing else {
                totals.partial = true;
                continue;
            };
            totals.images = totals.images.saturating_add(listing.images);
            totals.unpacked = totals.unpacked.saturating_add(listing.unpacked);
            totals.partial |= !listing.problems.is_empty();
        }
        totals
    }

    fn sentence(&self) -> String {
        let partial = if self.partial {
            ", as far as they could be read"
        } else {
            ""
        };
        format!(
            "{} of {} unpacked in {}{partial}",
            words::count(self.images, "image"),
            words::bytes(self.unpacked),
            words::count(self.stores, "store"),
        )
    }
}

#[cfg(test)]
mod tests;

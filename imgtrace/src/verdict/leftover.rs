//! Leftover: a store that no living daemon uses.
//!
//! When that is so `World::standing` says; here is when it is told, and how.

mod left;

use std::collections::BTreeMap;

use self::left::Left;
use super::situations::Situations;
use super::{Now, Verdict};
use crate::correlate::{Standing, mention};
use crate::model::{Finding, Stamp, StoreId, StoreUser};
use crate::observation::Observation;

/// Milliseconds that a store is without a daemon before that is said: one that restarts is back by
/// then, and one that has just come up is found.
const ABSENCE: f64 = 30_000.0;

/// Stores without a daemon that are watched; a machine has a handful.
const MAX_LONELY: usize = 1_024;

/// A store without a daemon.
#[derive(Debug)]
struct Lonely {
    since: Stamp,
    /// Who used it last, if that was seen.
    last: Option<String>,
    /// True once it has been without one for long enough.
    is_left: bool,
    /// True if all that is known of it has been said.
    is_told: bool,
}

/// The rule.
#[derive(Debug)]
pub(super) struct Leftover {
    is_inventoried: bool,
    lonely: BTreeMap<StoreId, Lonely>,
    /// The daemons of stores that have some.
    users: BTreeMap<StoreId, String>,
    /// By the first of the stores that are deleted together, with the images, the unpacked and the
    /// packed bytes of what was said.
    said: Situations<StoreId, (u64, u64, u64)>,
}

impl Leftover {
    pub(super) const fn new() -> Self {
        Self {
            is_inventoried: false,
            lonely: BTreeMap::new(),
            users: BTreeMap::new(),
            said: Situations::new(),
        }
    }

    fn used(&mut self, id: StoreId, users: &[StoreUser], now: &Now<'_>, out: &mut Vec<Finding>) {
        if let Some(user) = users.first() {
            self.lonely.remove(&id);
            if self.users.len() < MAX_LONELY {
                self.users.insert(id, mention(now.world, user.process));
            }
            for id in now.world.inventory().deleted_with(id) {
                self.said.over(&id, now.at, out);
            }
        } else if self.lonely.len() < MAX_LONELY {
            let last = self.users.remove(&id);
            self.lonely.entry(id).or_insert(Lonely {
                since: now.at,
                last,
                is_left: false,
                is_told: false,
            });
        }
    }

    /// Says what has been without a daemon for long enough; after the first round whatever has none.
    fn say(&mut self, is_first: bool, now: &Now<'_>, out: &mut Vec<Finding>) {
        for lonely in self.lonely.values_mut() {
            lonely.is_left |= is_first || now.at.millis_since(lonely.since) >= ABSENCE;
        }
        let due = self.lonely.iter();
        let due = due.filter(|(_, lonely)| lonely.is_left && !lonely.is_told);
        let due: Vec<_> = due.map(|(id, _)| *id).collect();
        for id in due {
            match now.world.standing(id) {
                Standing::Leftover => self.say_left(id, now, out),
                Standing::Empty | Standing::AtRest => {
                    if let Some(lonely) = self.lonely.get_mut(&id) {
                        lonely.is_told = true;
                    }
                }
                Standing::Used | Standing::Unread | Standing::Doubtful => {}
            }
        }
    }

    /// Says what a store is that is left, together with those that are deleted with it.
    fn say_left(&mut self, id: StoreId, now: &Now<'_>, out: &mut Vec<Finding>) {
        let stores = now.world.inventory().deleted_with(id);
        let mut last = None;
        for store in &stores {
            if let Some(lonely) = self.lonely.get_mut(store) {
                lonely.is_told = true;
                last = last.or_else(|| lonely.last.clone());
            }
        }
        let left = Left::of(&stores, last, now);
        if let Some(first) = stores.first() {
            self.said
                .stands(*first, left.fingerprint(), out, || left.finding(now));
        }
    }
}

impl Verdict for Leftover {
    fn observed(&mut self, what: &Observation, now: &Now<'_>, out: &mut Vec<Finding>) {
        match what {
            Observation::Store { id, users, .. } => self.used(*id, users, now, out),
            Observation::StoreListed { store, .. } => {
                if let Some(lonely) = self.lonely.get_mut(store) {
                    lonely.is_told = false;
                }
            }
            Observation::Inventoried => {
                self.is_inventoried = true;
                self.say(true, now, out);
            }
            Observation::Tick if self.is_inventoried => self.say(false, now, out),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;

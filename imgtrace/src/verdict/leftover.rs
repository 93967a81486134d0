//! Leftover: a store that no living daemon uses.
//!
//! Only what a daemon is needed for: Podman's and Buildah's stores have none, so that nobody can say
//! that one is left. Where a daemon of the right kind lives whose store is not known, nothing is
//! said either.

mod left;

use std::collections::BTreeMap;

use self::left::Left;
use super::situations::Situations;
use super::{Now, Verdict};
use crate::correlate::{World, mention};
use crate::model::{Finding, Stamp, Store, StoreId, StoreKind, StoreUser};
use crate::observation::Observation;

/// Milliseconds that a store is without a daemon before that is said: one that restarts is back by
/// then, and one that has just come up is found.
const ABSENCE: f64 = 30_000.0;

/// Stores without a daemon that are watched; a machine has a handful.
const MAX_LONELY: usize = 1_024;

/// What makes stores one thing to delete: the root of a containerd with all its namespaces, else one
/// store.
type Root = (StoreKind, u64, u64, Option<String>);

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
    /// With the images, the unpacked and the packed bytes of what was said.
    said: Situations<Root, (u64, u64, u64)>,
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

    fn used(
        &mut self,
        id: StoreId,
        store: &Store,
        users: &[StoreUser],
        now: &Now<'_>,
        out: &mut Vec<Finding>,
    ) {
        if let Some(user) = users.first() {
            self.lonely.remove(&id);
            if self.users.len() < MAX_LONELY {
                self.users.insert(id, mention(now.world, user.process));
            }
            self.said.over(&root_of(store), now.at, out);
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
            let Some(held) = now.world.inventory().get(id) else {
                self.lonely.remove(&id);
                continue;
            };
            if held.listing.is_none() || now.world.may_be_used(held.store.kind) {
                continue;
            }
            let Some(stores) = beside(&held.store, now.world) else {
                continue;
            };
            let last = self.lonely.get(&id).and_then(|lonely| lonely.last.clone());
            for store in &stores {
                if let Some(lonely) = self.lonely.get_mut(store) {
                    lonely.is_told = true;
                }
            }
            let left = Left::of(&stores, last, now);
            if !left.is_empty() {
                let root = root_of(&held.store);
                self.said
                    .stands(root, left.fingerprint(), out, || left.finding(now));
            }
        }
    }
}

impl Verdict for Leftover {
    fn observed(&mut self, what: &Observation, now: &Now<'_>, out: &mut Vec<Finding>) {
        match what {
            Observation::Store { id, store, users } => self.used(*id, store, users, now, out),
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

/// What is deleted together with a store.
fn root_of(store: &Store) -> Root {
    let driver = (store.kind != StoreKind::Containerd).then(|| store.driver.clone());
    (store.kind, store.device, store.inode, driver)
}

/// The stores that are deleted together with one, itself among them; none if somebody uses one.
fn beside(store: &Store, world: &World) -> Option<Vec<StoreId>> {
    let root = root_of(store);
    let all = world.inventory().stores();
    let mut beside = all.filter(|(_, held)| root_of(&held.store) == root);
    beside.try_fold(Vec::new(), |mut ids, (id, held)| {
        ids.push(id);
        held.users.is_empty().then_some(ids)
    })
}

#[cfg(test)]
mod tests;

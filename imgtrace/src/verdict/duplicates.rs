//! Content that is in two stores of this machine: when it comes, and when it was so before.
//!
//! Joins operations with what the stores list, compares, and has `double_pull` say it of two stores
//! and `half_duplicate` of two namespaces of one containerd. What is shared without being a copy,
//! layers that different images are made of, is not said.

mod arrivals;
mod arrived;
mod copies;
mod expected;
mod overlap;
mod place;
mod uses;

use std::collections::BTreeSet;

pub(super) use self::arrived::Arrived;
pub(super) use self::copies::{Copies, called, sameness};
pub(super) use self::expected::Begins;
pub(super) use self::place::{Place, is_half};

use self::arrivals::{Arrival, Arrivals, Expected, Unlisted};
use self::expected::{Into, daemon, expected, is_bringing};
use self::overlap::{Both, pairs, size};
use self::place::{is_living, is_one_namespace};
use self::uses::Uses;
use super::situations::Situations;
use super::{Now, Seen, Verdict, double_pull, half_duplicate};
use crate::correlate::{Bounded, Same};
use crate::model::{Finding, Op, Operation, OperationId, Stamp, StoreId, StoredImage};
use crate::observation::Observation;

/// Arrivals that are remembered after they were concluded: what several stores got at once.
const MAX_RECENT: usize = 1_024;

/// What was said already.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Situation {
    /// A pull of that name into a store began.
    Begins(Into, String),
    /// That image came into a store.
    Came(StoreId, String),
    /// An image of that name in a store is another one than elsewhere.
    Differs(StoreId, String),
    /// Two stores have images in common.
    Stands(StoreId, StoreId),
}

/// Both rules.
#[derive(Debug)]
pub(super) struct Duplicates {
    arrivals: Arrivals,
    /// The latest that were concluded, for when one that came before them is listed after them.
    recent: Bounded<(StoreId, String), Concluded>,
    uses: Uses,
    said: Situations<Situation, String>,
    /// Stores that were compared with the others when they were first listed.
    compared: BTreeSet<StoreId>,
    is_inventoried: bool,
    /// The last moment that was told.
    at: Stamp,
}

/// An arrival of which everything was said.
#[derive(Clone, Debug)]
struct Concluded {
    arrival: Arrival,
    /// The stores that had the same by then.
    others: Vec<StoreId>,
}

impl Duplicates {
    pub(super) const fn new() -> Self {
        Self {
            arrivals: Arrivals::new(),
            recent: Bounded::new(MAX_RECENT),
            uses: Uses::new(),
            said: Situations::new(),
            compared: BTreeSet::new(),
            is_inventoried: false,
            at: Stamp { mono: 0, wall: 0 },
        }
    }

    /// A pull has begun: warns if another store has what it asks for.
    fn begins(&mut self, operation: &Operation, now: &Now<'_>, out: &mut Vec<Finding>) {
        let found = expected(operation, now.world);
        let found =
            found.filter(|found| self.is_inventoried || matches!(found.into, Into::Store(_)));
        let expected = found.as_ref().map(|found| Expected {
            name: found.name.to_owned(),
            first: found.store,
        });
        self.arrivals.began(operation, expected);
        let Some(found) = found else {
            return;
        };
        let Some(first) = Place::of(now.world, found.store) else {
            return;
        };
        let second = match found.into {
            Into::Store(id) => Place::of(now.world, id),
            Into::Daemon(_) => None,
        };
        let daemon = || daemon(operation, now.world);
        let into = second.as_ref().map_or_else(daemon, |it| it.label.clone());
        let begins = Begins {
            operation: operation.id,
            name: found.name,
            is_digest: found.is_digest,
            first: &first,
            into: &into,
            second: second.as_ref(),
            image: found.image,
            size: size(found.image),
        };
        let key = Situation::Begins(found.into, found.name.to_owned());
        self.said.met(key, found.image.id.clone(), out, || {
            half_duplicate::begins(now.at, &begins, now.world.inventory())
                .unwrap_or_else(|| double_pull::begins(now.at, &begins))
        });
    }

    /// Says what has arrived by now.
    fn settle(&mut self, now: &Now<'_>, out: &mut Vec<Finding>) {
        while let Some(arrival) = self.arrivals.next(now.at, now.world.inventory()) {
            self.concluded(arrival, now, out);
        }
    }

    /// Says what follows from an arrival. Of two that were listed in one go the later one says it,
    /// in whatever order they were listed.
    fn concluded(&mut self, arrival: Arrival, now: &Now<'_>, out: &mut Vec<Finding>) {
        let inventory = now.world.inventory();
        let image = inventory.find(arrival.store, &arrival.image);
        let same = image.map(|image| inventory.same(arrival.store, image));
        let same = same.unwrap_or_default();
        let recent = |same: &Same<'_>| {
            let known = self.recent.get(&(same.store, same.image.id.clone()));
            known.filter(|known| known.arrival.is_after(&arrival))
        };
        let is_next = |same: &Same<'_>| {
            let id = &same.image.id;
            self.arrivals.comes_after(same.store, id, &arrival)
        };
        let later = same.iter().find_map(recent).cloned();
        match later {
            Some(later) if later.others.contains(&arrival.store) => {}
            Some(later) => self.arrived(&later.arrival, now, out),
            None if same.iter().any(is_next) => {}
            None => self.arrived(&arrival, now, out),
        }
        let key = (arrival.store, arrival.image.clone());
        let others = same.iter().map(|same| same.store).collect();
        self.recent.insert(key, Concluded { arrival, others });
    }

    fn arrived(&mut self, arrival: &Arrival, now: &Now<'_>, out: &mut Vec<Finding>) {
        let inventory = now.world.inventory();
        let held = inventory.get(arrival.store);
        let Some(image) = held.and_then(|held| held.images.get(&arrival.image)) else {
            return;
        };
        // It had that content before, under another id.
        if inventory.is_there_twice(arrival.store, image) {
            return;
        }
        let same = Both::all(image, &inventory.same(arrival.store, image));
        let mut all: Vec<_> = same.into_iter().collect();
        // The surest, of a store that is used, first.
        all.sort_by_key(|(id, both)| (!inventory.get(*id).is_some_and(is_living), both.by, *id));
        let (half, whole): (Vec<_>, Vec<_>) = all
            .into_iter()
            .filter(|(id, _)| !is_one_namespace(inventory, *id, arrival.store))
            .partition(|(id, _)| is_half(inventory, *id, arrival.store));
        if half.is_empty() && whole.is_empty() {
            self.differs(arrival, image, now, out);
        }
        self.came(arrival, &half, true, now, out);
        self.came(arrival, &whole, false, now, out);
    }

    /// Says that an image came into a store that is in others already.
    fn came(
        &mut self,
        arrival: &Arrival,
        found: &[(StoreId, Both<'_>)],
        is_half: bool,
        now: &Now<'_>,
        out: &mut Vec<Finding>,
    ) {
        let Some(((first, both), rest)) = found.split_first() else {
            return;
        };
        let world = now.world;
        let copies = vec![both.turned()];
        let copies = Copies::new(world, &self.uses, *first, arrival.store, copies);
        let Some(copies) = copies else {
            return;
        };
        let others = rest.iter().filter_map(|(id, _)| Place::of(world, *id));
        let arrived = Arrived::new(arrival, both, world.inventory(), others.collect());
        let finding = if is_half {
            half_duplicate::settled(now.at, &copies, &arrived)
        } else {
            double_pull::settled(now.at, &copies, &arrived)
        };
        let kind = if is_half { "half " } else { "" };
        let key = Situation::Came(arrival.store, format!("{kind}{}", arrival.image));
        let fingerprint = format!("{:?}", found.iter().map(|(id, _)| id).collect::<Vec<_>>());
        if let Some(finding) = finding {
            self.said.met(key, fingerprint, out, || finding);
        }
    }

    /// Says that an image that came bears a name that means another one elsewhere.
    fn differs(
        &mut self,
        arrival: &Arrival,
        image: &StoredImage,
        now: &Now<'_>,
        out: &mut Vec<Finding>,
    ) {
        let op = arrival.by.as_ref().map(|by| by.op);
        if !matches!(op, Some(Op::Pull | Op::Load | Op::Import)) {
            return;
        }
        let inventory = now.world.inventory();
        let others = inventory.stores().filter(|(id, _)| *id != arrival.store);
        let mut namesakes = others.filter_map(|(id, held)| {
            let tags = image.names.iter().filter(|name| !name.contains('@'));
            let mut found = tags.filter_map(|name| inventory.find(id, name));
            found.next().filter(|_| is_living(held)).map(|it| (id, it))
        });
        let Some((first, theirs)) = namesakes.next() else {
            return;
        };
        let places = Place::of(now.world, first).zip(Place::of(now.world, arrival.store));
        let Some((first, second)) = places else {
            return;
        };
        let arrived = Arrived::of(arrival, Vec::new());
        let key = Situation::Differs(second.id(), arrived.name(image).to_owned());
        let fingerprint = format!("{} {}", theirs.id, image.id);
        self.said.met(key, fingerprint, out, || {
            double_pull::differs(now.at, (&first, theirs), (&second, image), &arrived)
        });
    }

    /// Compares the stores that are new with all others. One that nobody uses is a leftover, which
    /// is said of it, and is not compared.
    fn compare(&mut self, now: &Now<'_>, out: &mut Vec<Finding>) {
        let inventory = now.world.inventory();
        let is_used = |id: StoreId| inventory.get(id).is_some_and(is_living);
        let is_asked = |one: StoreId, other: StoreId| {
            let is_new = !self.compared.contains(&one) || !self.compared.contains(&other);
            is_new && is_used(one) && is_used(other) && !is_one_namespace(inventory, one, other)
        };
        for ((first, second), mut images) in pairs(inventory, is_asked) {
            let is_new =
                |store: StoreId, image: &StoredImage| self.arrivals.is_new(store, &image.id);
            images.retain(|both| !is_new(first, both.one) && !is_new(second, both.other));
            if images.is_empty() {
                continue;
            }
            let fingerprint = images.len().to_string();
            let copies = Copies::new(now.world, &self.uses, first, second, images);
            let Some(copies) = copies else {
                continue;
            };
            let key = Situation::Stands(first, second);
            self.said.stands(key, fingerprint, out, || {
                if is_half(inventory, first, second) {
                    half_duplicate::standing(now.at, &copies)
                } else {
                    double_pull::standing(now.at, &copies, inventory)
                }
            });
        }
        let listed = inventory
            .stores()
            .filter(|(_, held)| held.listing.is_some());
        let used = listed.filter(|(_, held)| is_living(held));
        self.compared = used.map(|(id, _)| id).collect();
    }

    /// An image is gone: what was said of it is over.
    fn vanished(&mut self, store: StoreId, image: &StoredImage, at: Stamp, out: &mut Vec<Finding>) {
        for kind in ["", "half "] {
            let key = Situation::Came(store, format!("{kind}{}", image.id));
            self.said.over(&key, at, out);
        }
        for name in &image.names {
            let key = Situation::Begins(Into::Store(store), name.clone());
            self.said.over(&key, at, out);
        }
    }
}

impl Verdict for Duplicates {
    fn operation(&mut self, seen: &Seen<'_>, out: &mut Vec<Finding>) {
        let operation = seen.operation;
        if !is_bringing(operation.op) {
            return;
        }
        self.at = seen.now.at;
        if operation.outcome.is_none() {
            self.begins(operation, seen.now, out);
        } else {
            let inventory = seen.now.world.inventory();
            self.arrivals.ended(seen.now.at, operation, inventory);
        }
        self.settle(seen.now, out);
    }

    fn observed(&mut self, what: &Observation, now: &Now<'_>, out: &mut Vec<Finding>) {
        self.at = now.at;
        match what {
            Observation::ImageAppeared {
                store,
                image,
                renamed: false,
                already: false,
                ..
            } => self.arrivals.appeared(now.at, *store, image),
            Observation::ImageAppeared {
                store,
                image,
                renamed: false,
                ..
            } if self.is_inventoried && !self.compared.contains(store) => {
                self.arrivals.asked_for(now.at, *store, image);
            }
            Observation::ImageVanished { store, image, .. } => {
                self.vanished(*store, image, now.at, out);
            }
            Observation::Mounted { rootfs, .. } => self.uses.mounted(rootfs),
            Observation::Unmounted { mount } => self.uses.unmounted(*mount),
            Observation::Inventoried => {
                self.is_inventoried = true;
                self.compare(now, out);
            }
            Observation::StoreListed { store, .. } | Observation::Store { id: store, .. }
                if self.is_inventoried && !self.compared.contains(store) =>
            {
                self.compare(now, out);
            }
            Observation::Tick => {
                let inventory = now.world.inventory();
                for late in self.arrivals.pass_time(now.at, inventory) {
                    self::unlisted(&late, now, out);
                }
                self.settle(now, out);
            }
            _ => {}
        }
    }

    fn dropped(&mut self, id: OperationId) {
        self.arrivals.dropped(self.at, id);
    }

    fn finish(&mut self, now: &Now<'_>, out: &mut Vec<Finding>) {
        let inventory = now.world.inventory();
        for late in self.arrivals.finish(now.at, inventory) {
            self::unlisted(&late, now, out);
        }
        while let Some(arrival) = self.arrivals.next_unmeasured() {
            self.concluded(arrival, now, out);
        }
        self.said.rest(now.at, out);
    }
}

/// Says that what was expected could not be settled.
fn unlisted(unlisted: &Unlisted, now: &Now<'_>, out: &mut Vec<Finding>) {
    let Some(first) = Place::of(now.world, unlisted.expected.first) else {
        return;
    };
    let second = unlisted.store.and_then(|id| Place::of(now.world, id));
    out.push(double_pull::unsettled(
        now.at,
        &unlisted.expected.name,
        &first,
        second.as_ref(),
        unlisted.operation,
    ));
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

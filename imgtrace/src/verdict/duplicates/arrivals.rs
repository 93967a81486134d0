//! What comes into which store: operations and the images that stores list, joined.
//!
//! An image may be listed before its operation ends or some time after. One that nobody is seen to
//! have asked for arrives all the same. What was in the store before has not arrived: a pull that
//! only verified makes nothing.

use std::collections::{BTreeMap, VecDeque};

use super::overlap::bears;
use crate::correlate::Inventory;
use crate::model::{Op, Operation, OperationId, Outcome, Stamp, StoreId, StoredImage, Variant};

/// Operations that are waited for; the oldest is forgotten when there are more.
const MAX_COMING: usize = 1_024;

/// Images that wait for an operation, or for the size of their layers.
pub(super) const MAX_WAITING: usize = 4_096;

/// Images of one operation: a load or a pull of all tags can bring many.
const MAX_ARRIVED: usize = 1_024;

/// Milliseconds in which an image that nobody was seen to bring is waited for: an operation of a
/// daemon's is said some time after it ended.
const UNASKED: f64 = 5_000.0;

/// Milliseconds after its end in which a store is to list what an operation brought.
const LISTED: f64 = 30_000.0;

/// Milliseconds in which an image's layers are waited for after it was listed: `ctr` unpacks when
/// the image has its name.
const UNPACKED: f64 = 5_000.0;

/// What was said when an operation began, for when it cannot be settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) name: String,
    /// The store that had it.
    pub(super) first: StoreId,
}

/// An operation that brings images.
#[derive(Clone, Debug)]
pub(super) struct Brought {
    pub(super) id: OperationId,
    pub(super) op: Op,
    /// When its end was seen.
    ended: Option<Stamp>,
    /// Bytes that were fetched, where the stream told, of a single image.
    pub(super) bytes: Option<u64>,
    /// The name that was asked for, of a single image.
    pub(super) name: Option<String>,
}

/// An image that is in a store and was not before.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    pub(super) store: StoreId,
    /// What the store calls it.
    pub(super) image: String,
    /// When it was listed, or its operation ended, whichever was later.
    at: Stamp,
    /// None if nobody was seen to bring it.
    pub(super) by: Option<Brought>,
}

impl Arrival {
    /// True if the operation that brought this is known to have ended after another's. Stores are
    /// looked at now and then, and what came in between is listed in any order.
    pub(super) fn is_after(&self, other: &Self) -> bool {
        let ended = |arrival: &Self| arrival.by.as_ref()?.ended;
        let both = ended(self).zip(ended(other));
        both.is_some_and(|(own, other)| own.mono > other.mono)
    }
}

/// An operation that was expected to bring what another store has, and of which the store did not
/// tell.
#[derive(Clone, Debug)]
pub(super) struct Unlisted {
    pub(super) operation: OperationId,
    pub(super) store: Option<StoreId>,
    pub(super) expected: Expected,
}

/// An operation, and what is known to have come of it.
#[derive(Debug)]
struct Coming {
    op: Op,
    store: Option<StoreId>,
    /// Names that it asks for.
    names: Vec<String>,
    all_tags: bool,
    digest: Option<String>,
    bytes: Option<u64>,
    ended: Option<Stamp>,
    expected: Option<Expected>,
    /// Images that were listed before it ended.
    arrived: Vec<(StoreId, String)>,
    /// True if something came of it.
    is_settled: bool,
}

/// An image that nobody has claimed yet.
#[derive(Debug)]
struct Loose {
    at: Stamp,
    store: StoreId,
    image: String,
}

/// What is on its way.
#[derive(Debug)]
pub(super) struct Arrivals {
    coming: BTreeMap<OperationId, Coming>,
    loose: VecDeque<Loose>,
    here: VecDeque<Arrival>,
}

impl Arrivals {
    pub(super) const fn new() -> Self {
        Self {
            coming: BTreeMap::new(),
            loose: VecDeque::new(),
            here: VecDeque::new(),
        }
    }

    /// An operation that brings images has begun, and what is expected of it.
    pub(super) fn began(&mut self, operation: &Operation, expected: Option<Expected>) {
        let mut coming = Coming::of(operation);
        coming.expected = expected;
        self.coming.insert(operation.id, coming);
        if self.coming.len() > MAX_COMING {
            self.coming.pop_first();
        }
    }

    /// An operation that brings images has ended.
    pub(super) fn ended(&mut self, at: Stamp, operation: &Operation, inventory: &Inventory) {
        let began = self.coming.remove(&operation.id);
        let mut coming = Coming::of(operation);
        if let Some(began) = began {
            coming.store = coming.store.or(began.store);
            coming.expected = began.expected;
            coming.arrived = began.arrived;
        }
        if operation.outcome == Some(Outcome::Error) {
            self.let_go(at, coming.arrived);
            return;
        }
        coming.ended = Some(at);
        self.claim(&mut coming, inventory);
        let arrived = std::mem::take(&mut coming.arrived);
        coming.is_settled = !arrived.is_empty();
        for (store, image) in arrived {
            self.arrive(at, store, image, Some(coming.brought(operation.id)));
        }
        if coming.is_settled || !coming.was_there(inventory) {
            self.coming.insert(operation.id, coming);
        }
    }

    /// A store lists an image that it did not list before.
    pub(super) fn appeared(&mut self, at: Stamp, store: StoreId, image: &StoredImage) {
        if !self.asked_for(at, store, image) {
            let image = image.id.clone();
            push(&mut self.loose, Loose { at, store, image });
        }
    }

    /// A store that was not known before lists an image. It has come if it was asked for; else it
    /// may have been there for long. False if nobody is known to have asked.
    pub(super) fn asked_for(&mut self, at: Stamp, store: StoreId, image: &StoredImage) -> bool {
        let claims = self.coming.iter_mut();
        let claims = claims.filter(|(_, it)| it.brings(store, image));
        // One that is known to be of this store rather than one that may be of any.
        let Some((id, coming)) = claims.max_by_key(|(_, it)| it.store.is_some()) else {
            return false;
        };
        if coming.ended.is_none() {
            if coming.arrived.len() < MAX_ARRIVED {
                coming.arrived.push((store, image.id.clone()));
            }
            return true;
        }
        coming.is_settled = true;
        let by = coming.brought(*id);
        self.arrive(at, store, image.id.clone(), Some(by));
        true
    }

    /// An operation is no more: what came of it is anybody's.
    pub(super) fn dropped(&mut self, at: Stamp, operation: OperationId) {
        if let Some(coming) = self.coming.remove(&operation) {
            self.let_go(at, coming.arrived);
        }
    }

    /// Gives up waiting for what was due; returns the operations of which nothing was listed.
    pub(super) fn pass_time(&mut self, at: Stamp, inventory: &Inventory) -> Vec<Unlisted> {
        let is_late = |it: &Loose| at.millis_since(it.at) > UNASKED;
        while let Some(loose) = self.loose.pop_front_if(|it| is_late(it)) {
            self.arrive(at, loose.store, loose.image, None);
        }
        let is_over = |coming: &Coming| {
            let ended = coming.ended;
            ended.is_some_and(|ended| at.millis_since(ended) > LISTED)
        };
        let over = self.coming.extract_if(.., |_, coming| is_over(coming));
        let over: Vec<_> = over.collect();
        let unlisted = over.into_iter();
        unlisted
            .filter(|(_, coming)| !coming.is_settled && !coming.was_named(inventory))
            .filter_map(|(id, coming)| coming.unlisted(id))
            .collect()
    }

    /// Everything that is still waited for, at the end of the run: what is listed has arrived.
    pub(super) fn finish(&mut self, at: Stamp, inventory: &Inventory) -> Vec<Unlisted> {
        while let Some(loose) = self.loose.pop_front() {
            self.arrive(at, loose.store, loose.image, None);
        }
        let mut coming = std::mem::take(&mut self.coming);
        for (id, coming) in &mut coming {
            let by = coming.brought(*id);
            for (store, image) in std::mem::take(&mut coming.arrived) {
                self.arrive(at, store, image, Some(by.clone()));
            }
        }
        coming
            .into_iter()
            .filter(|(_, it)| it.ended.is_some() && !it.is_settled && !it.was_named(inventory))
            .filter_map(|(id, coming)| coming.unlisted(id))
            .collect()
    }

    /// True for an image that has come just now and of which nothing was said yet.
    pub(super) fn is_new(&self, store: StoreId, image: &str) -> bool {
        let of = |at: StoreId, id: &str| at == store && id == image;
        let mut coming = self.coming.values().flat_map(|coming| &coming.arrived);
        self.loose.iter().any(|it| of(it.store, &it.image))
            || self.here.iter().any(|it| of(it.store, &it.image))
            || coming.any(|(at, id)| of(*at, id))
    }

    /// True for an image that came after another one arrived, and of which nothing was said yet.
    pub(super) fn comes_after(&self, store: StoreId, image: &str, arrival: &Arrival) -> bool {
        let is_it = |at: StoreId, id: &str| at == store && id == image;
        let mut here = self.here.iter();
        let here = here.find(|it| is_it(it.store, &it.image));
        here.map_or_else(|| self.is_new(store, image), |here| here.is_after(arrival))
    }

    /// The next image that has arrived and whose layers are measured, or will not be in time.
    pub(super) fn next(&mut self, at: Stamp, inventory: &Inventory) -> Option<Arrival> {
        let position = self.here.iter().position(|arrival| {
            let held = inventory.get(arrival.store);
            let image = held.and_then(|held| held.images.get(&arrival.image));
            image.is_none_or(is_measured) || at.millis_since(arrival.at) > UNPACKED
        })?;
        self.here.remove(position)
    }

    /// The next one at all, when no more will be known of it.
    pub(super) fn next_unmeasured(&mut self) -> Option<Arrival> {
        self.here.pop_front()
    }

    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.coming.len() + self.loose.len() + self.here.len()
    }

    fn arrive(&mut self, at: Stamp, store: StoreId, image: String, by: Option<Brought>) {
        let arrival = Arrival {
            store,
            image,
            at,
            by,
        };
        push(&mut self.here, arrival);
    }

    fn let_go(&mut self, at: Stamp, arrived: Vec<(StoreId, String)>) {
        for (store, image) in arrived {
            push(&mut self.loose, Loose { at, store, image });
        }
    }

    /// Hands an operation what waits for one.
    fn claim(&mut self, coming: &mut Coming, inventory: &Inventory) {
        self.loose.retain(|loose| {
            let held = inventory.get(loose.store);
            let image = held.and_then(|held| held.images.get(&loose.image));
            let is_its = image.is_some_and(|image| coming.brings(loose.store, image));
            if is_its {
                coming.arrived.push((loose.store, loose.image.clone()));
            }
            !is_its
        });
    }
}

impl Coming {
    fn of(operation: &Operation) -> Self {
        let subject = &operation.subject;
        let mut names = subject.images.clone();
        names.extend(subject.image.clone().filter(|name| !names.contains(name)));
        Self {
            op: operation.op,
            store: operation.store.as_ref().map(|store| store.id),
            names,
            all_tags: subject.all_tags,
            digest: subject.digest.clone(),
            bytes: subject.bytes,
            ended: None,
            expected: None,
            arrived: Vec::new(),
            is_settled: false,
        }
    }

    /// True if an image that a store lists comes of this.
    fn brings(&self, store: StoreId, image: &StoredImage) -> bool {
        if self.store.is_some_and(|its| its != store) {
            return false;
        }
        let digest = self.digest.as_deref();
        let is_named = |name: &String| {
            let is_tag = |known: &String| self.all_tags && is_tag_of(known, name);
            image
                .names
                .iter()
                .any(|known| known == name || is_tag(known))
        };
        digest.is_some_and(|digest| bears(image, digest)) || self.names.iter().any(is_named)
    }

    /// True if its store has what it resolved to, and did not get it just now.
    fn was_there(&self, inventory: &Inventory) -> bool {
        let found = self.store.zip(self.digest.as_deref());
        found.is_some_and(|(store, digest)| inventory.find(store, digest).is_some())
    }

    /// True if its store has an image of such a name.
    fn was_named(&self, inventory: &Inventory) -> bool {
        let is_there = |store: StoreId| {
            let mut names = self.names.iter();
            names.any(|name| inventory.find(store, name).is_some())
        };
        self.store.is_some_and(is_there)
    }

    fn brought(&self, id: OperationId) -> Brought {
        let is_one = !self.all_tags && self.names.len() <= 1;
        Brought {
            id,
            op: self.op,
            ended: self.ended,
            bytes: self.bytes.filter(|_| is_one),
            name: self.names.first().cloned().filter(|_| is_one),
        }
    }

    fn unlisted(self, operation: OperationId) -> Option<Unlisted> {
        Some(Unlisted {
            operation,
            store: self.store,
            expected: self.expected?,
        })
    }
}

/// True for `docker.io/library/a:1` and `docker.io/library/a`.
fn is_tag_of(known: &str, repository: &str) -> bool {
    let rest = known.strip_prefix(repository);
    rest.is_some_and(|rest| rest.starts_with([':', '@']))
}

/// True if what the image takes is known: of every platform that is there.
fn is_measured(image: &StoredImage) -> bool {
    let is_known = |it: &Variant| it.layers.iter().any(|layer| layer.unpacked.is_some());
    image.variants.iter().any(is_known)
}

/// Adds to what waits; what has waited longest is not waited for any more when there is too much.
fn push<T>(waiting: &mut VecDeque<T>, one: T) {
    if waiting.len() == MAX_WAITING {
        waiting.pop_front();
    }
    waiting.push_back(one);
}

#[cfg(test)]
mod tests;

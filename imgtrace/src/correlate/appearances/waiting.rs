//! Images that have appeared in a daemon's store with no request for them in sight, yet.

use std::collections::VecDeque;

use super::{Account, operation};
use crate::correlate::World;
use crate::correlate::caller::mention;
use crate::model::{
    Op, Operation, ProcessKey, Runtime, Stamp, StoreId, StoreKind, StoreRef, StoredImage,
};

/// Images that wait; the oldest is told when there are more.
const MAX_WAITING: usize = 1_024;

/// ns that an image waits for a request: to be understood, to be told of its answer.
const WAIT: u64 = 5_000_000_000;

/// The same where a connection to the store's daemon was joined: what was asked there may be
/// concluded only from an answer that comes later (`operations/waiting.rs`, `WAIT_FOR_STATES`).
const JOINED_WAIT: u64 = 17_000_000_000;

/// See the module.
#[derive(Debug)]
pub(super) struct Waiting {
    images: VecDeque<Waited>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Waited {
    pub(super) at: Stamp,
    pub(super) store: StoreId,
    pub(super) image: StoredImage,
    due: u64,
}

impl Waiting {
    pub(super) const fn new() -> Self {
        Self {
            images: VecDeque::new(),
        }
    }

    /// Lets an image wait; returns what is told at once because there are too many.
    pub(super) fn push(
        &mut self,
        at: Stamp,
        store: StoreId,
        image: &StoredImage,
        world: &World,
    ) -> Option<Operation> {
        let endpoints = world.endpoints_of(store);
        let mut joined = world.connections.joined();
        let is_joined = joined.any(|connection| endpoints.contains(&connection.endpoint));
        let wait = if is_joined { JOINED_WAIT } else { WAIT };
        self.images.push_back(Waited {
            at,
            store,
            image: image.clone(),
            due: at.mono.saturating_add(wait),
        });
        let is_full = self.images.len() > MAX_WAITING;
        let oldest = is_full.then(|| self.images.pop_front()).flatten();
        oldest.map(|waited| waited.operation(world))
    }

    /// The next one that has waited for long enough.
    pub(super) fn pop_due(&mut self, at: Stamp, is_end: bool) -> Option<Waited> {
        let next = self.images.front()?;
        let is_due = is_end || next.due <= at.mono;
        is_due.then(|| self.images.pop_front()).flatten()
    }
}

impl Waited {
    /// What nobody was seen to ask for.
    pub(super) fn operation(self, world: &World) -> Operation {
        let place = world.inventory.reference(self.store);
        let label = place.as_ref().map(StoreRef::label);
        let label = label.unwrap_or_else(|| "the store".to_owned());
        let mut evidence = vec![format!(
            "the index of {label} has it; no request for it was seen"
        )];
        let (op, reason) = self.op();
        evidence.push(reason.to_owned());
        let daemon = daemon_of(self.store, world);
        evidence.extend(daemon.map(|key| {
            let daemon = mention(world, key);
            format!("{daemon} keeps its images there; who asked it could not be told")
        }));
        let kind = place.as_ref().map(|place| place.kind);
        let account = Account {
            op,
            caller: daemon,
            runtime: runtime_of(daemon, kind, world),
            unasked: daemon.is_some(),
            evidence,
        };
        operation(self.at, &self.image, place, account, world)
    }

    /// A registry's digest, and layers that were fetched: it was pulled.
    fn op(&self) -> (Op, &'static str) {
        match (&self.image.digest, self.image.came_packed) {
            (Some(_), Some(true)) => (Op::Pull, "its content came from a registry"),
            (None, Some(true)) => (Op::AddImage, "it bears no registry's digest"),
            (_, Some(false)) => (Op::AddImage, "its content did not come from a registry"),
            (_, None) => (Op::AddImage, "nothing says that it came from a registry"),
        }
    }
}

/// The only daemon that keeps its images in a store, where that is a namespace of a containerd's
/// another one than the containerd.
fn daemon_of(store: StoreId, world: &World) -> Option<ProcessKey> {
    let users = &world.inventory.get(store)?.users;
    let is_containerd = |key: &ProcessKey| {
        let mut served = world.endpoints.served_by(*key);
        served.any(|endpoint| endpoint.runtime == Runtime::Containerd)
    };
    let all: Vec<_> = users.iter().map(|user| user.process).collect();
    let guests: Vec<_> = all.iter().filter(|key| !is_containerd(key)).collect();
    match (&guests[..], &all[..]) {
        ([only], _) => Some(**only),
        ([], [only]) => Some(*only),
        _ => None,
    }
}

/// What the daemon serves, else what the store looks like.
fn runtime_of(daemon: Option<ProcessKey>, kind: Option<StoreKind>, world: &World) -> Runtime {
    let served = daemon.and_then(|key| world.endpoints.served_by(key).next());
    match (served, kind) {
        (Some(endpoint), _) => endpoint.runtime,
        (None, Some(StoreKind::Docker)) => Runtime::Docker,
        (None, Some(StoreKind::BuildKit)) => Runtime::BuildKit,
        (None, Some(StoreKind::ContainersStorage)) => Runtime::Podman,
        (None, Some(StoreKind::Containerd) | None) => Runtime::Containerd,
    }
}

#[cfg(test)]
mod tests;

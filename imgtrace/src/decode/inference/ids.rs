//! What the ids are that go by: sandboxes and containers of CRI, and in which state.
//!
//! kubelet asks for all of them every second, so most requests name an id that is known.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use super::form::is_id;

/// Ids that are remembered. kubelet allows 110 pods on a node, and what a whole list of all lacks is
/// forgotten; a list beyond 64 KiB is never whole. Beyond this all are forgotten and learnt again.
const IDS: usize = 8192;

/// How far apart the counts of requests are that an id has before and after it was forgotten.
const APART: u32 = 1 << 20;

/// An id of 64 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Id([u8; 32]);

/// What an id is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A pod's sandbox.
    Sandbox,
    /// A container.
    Container,
}

/// The state of a container or sandbox (cri-api `ContainerState`, `PodSandboxState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// `CONTAINER_CREATED` (0).
    Created,
    /// `CONTAINER_RUNNING` (1).
    Running,
    /// `CONTAINER_EXITED` (2).
    Exited,
    /// `SANDBOX_READY` (0).
    Ready,
    /// `SANDBOX_NOTREADY` (1).
    NotReady,
    /// It is in no list any more.
    Gone,
}

/// What is known of one id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// What it is of.
    pub(super) kind: Kind,
    /// The state in which it was seen, if no request that may have changed it was made since.
    pub(super) state: Option<State>,
    /// Requests that may have changed it.
    pub(super) touches: u32,
    /// When the last of them ended.
    touched: u64,
}

/// The ids of one connection.
#[derive(Debug, Default)]
pub(super) struct Ids {
    known: HashMap<Id, Known>,
    /// Where the count of an id's requests begins.
    first: u32,
}

impl Id {
    /// The id that is written so.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if !is_id(text) {
            return None;
        }
        let mut id = [0; 32];
        let digit = |b: u8| {
            if b.is_ascii_digit() {
                b - b'0'
            } else {
                b - b'a' + 10
            }
        };
        for (byte, digits) in id.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = digits.iter().fold(0, |byte, d| byte << 4 | digit(*d));
        }
        Some(Self(id))
    }
}

impl State {
    /// The state of that number; an absent field is 0.
    pub(super) fn of(kind: Kind, number: u64) -> Option<Self> {
        match (kind, number) {
            (Kind::Container, 0) => Some(Self::Created),
            (Kind::Container, 1) => Some(Self::Running),
            (Kind::Container, 2) => Some(Self::Exited),
            (Kind::Sandbox, 0) => Some(Self::Ready),
            (Kind::Sandbox, 1) => Some(Self::NotReady),
            _ => None,
        }
    }
}

impl Ids {
    /// What is known of an id.
    pub(super) fn get(&self, id: Id) -> Option<Known> {
        self.known.get(&id).copied()
    }

    /// An answer to a request made at `asked` says this of an id.
    pub(super) fn see(&mut self, id: Id, kind: Kind, state: Option<State>, asked: u64) {
        if self.known.len() >= IDS && !self.known.contains_key(&id) {
            self.known.clear();
            self.first = self.first.wrapping_add(APART);
        }
        let known = self.known.entry(id).or_insert(Known {
            kind,
            state: None,
            touches: self.first,
            touched: 0,
        });
        if known.kind != kind {
            // Ids are random: one of the answers was not what it seemed to be.
            known.state = None;
        } else if asked > known.touched {
            known.state = state;
        }
    }

    /// An answer of this moment says that this was just made.
    pub(super) fn born(&mut self, id: Id, kind: Kind, state: State, now: u64) {
        self.see(id, kind, Some(state), now);
        if let Some(known) = self.known.get_mut(&id) {
            known.touched = now;
        }
    }

    /// A request that may change what an id is of was made or answered at this moment.
    pub(super) fn touch(&mut self, id: Id, now: u64) {
        if let Some(known) = self.known.get_mut(&id) {
            known.state = None;
            known.touches = known.touches.wrapping_add(1);
            known.touched = now;
        }
    }

    /// The ids of this kind that are not in the list of all that was asked for at `asked`. One that
    /// was touched since may be younger than the list.
    pub(super) fn missing(&self, kind: Kind, all: &[Id], asked: u64) -> Vec<Id> {
        let all: HashSet<_> = all.iter().collect();
        self.known
            .iter()
            .filter(|(id, known)| known.kind == kind && known.touched < asked && !all.contains(id))
            .map(|(id, _)| *id)
            .collect()
    }

    /// Forgets an id.
    pub(super) fn remove(&mut self, id: Id) {
        self.known.remove(&id);
    }

    /// Requests were missed: no state is certain any more.
    pub(super) fn forget_states(&mut self, now: u64) {
        for known in self.known.values_mut() {
            known.state = None;
            known.touches = known.touches.wrapping_add(1);
            known.touched = now;
        }
    }
}

//! Attempts to connect that the daemon may never see.
//!
//! The connect hook sees attempts and not results, and the absence of a connection proves nothing:
//! a busy daemon accepts late. So an attempt waits for an accept(2) that contradicts it, and is then
//! judged on what the caller's own root shows.

use std::collections::VecDeque;

use crate::{
    host::refused::Attempt,
    model::{ProcessKey, Stamp},
};

/// How long an accept(2) may contradict an attempt before it is judged, in ns.
const PATIENCE_NS: u64 = 200_000_000;
/// Attempts that wait at the most; each holds its caller's mount namespace. More are not judged.
const WAITING_MAX: usize = 512;

/// One connect(2) of which no more is known than that it was tried.
pub(super) struct Waiting {
    pub(super) at: Stamp,
    pub(super) process: ProcessKey,
    /// The path as the caller gave it.
    pub(super) path: String,
    pub(super) attempt: Attempt,
}

/// The attempts that wait, oldest first.
#[derive(Default)]
pub(super) struct Attempts {
    waiting: VecDeque<Waiting>,
}

impl Attempts {
    /// Lets an attempt wait.
    pub(super) fn tried(&mut self, waiting: Waiting) {
        if self.waiting.len() < WAITING_MAX {
            self.waiting.push_back(waiting);
        } else {
            tracing::warn!("too many attempts to connect: one is not judged");
        }
    }

    /// A connection of this process was accepted at `at` (ns): its first attempt before it
    /// succeeded, since a listener takes connections in their order.
    pub(super) fn accepted(&mut self, client: u32, at: u64) {
        let attempt = self
            .waiting
            .iter()
            .position(|waiting| waiting.process.pid == client && waiting.at.mono < at);
        if let Some(attempt) = attempt {
            self.waiting.remove(attempt);
        }
    }

    /// The attempts that have waited long enough at `now` (ns of `CLOCK_MONOTONIC`).
    pub(super) fn ripe(&mut self, now: u64) -> Vec<Waiting> {
        let ripe = self
            .waiting
            .iter()
            .take_while(|waiting| waiting.at.mono.saturating_add(PATIENCE_NS) <= now)
            .count();
        self.waiting.drain(..ripe).collect()
    }
}

//! What the main loop tells the thread: only the latest counts, so nothing piles up.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::store::discover::{Candidate, Daemon};

/// Roots that were seen and the thread has not looked at, at most. What comes on top is seen again
/// with its next container.
const SEEN_MAX: usize = 64;

/// The main loop's end, and that of the thread that looks at mounts, and the thread's.
#[derive(Clone, Debug, Default)]
pub(in crate::observer) struct Orders(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    daemons: Vec<Daemon>,
    seen: Vec<Candidate>,
    /// True if others live than the thread knows, or a root was seen.
    is_new: bool,
    stopped: bool,
}

/// What the thread is to do.
#[derive(Debug)]
pub(super) enum Order {
    /// To look where these daemons keep their stores, and at these roots.
    Look {
        daemons: Vec<Daemon>,
        seen: Vec<Candidate>,
    },
    /// To look at the stores that it knows.
    Again,
    /// To end.
    Stop,
}

impl Orders {
    /// These daemons live now.
    pub(super) fn daemons(&self, daemons: Vec<Daemon>) {
        let mut state = self.state();
        state.daemons = daemons;
        state.is_new = true;
        self.0.changed.notify_one();
    }

    /// There is a store at this root, as this process sees it.
    pub(in crate::observer) fn seen(&self, pid: u32, root: &str) {
        let mut state = self.state();
        if state.seen.len() < SEEN_MAX {
            state.seen.push(Candidate {
                path: root.to_owned(),
                pid,
                user: None,
            });
            state.is_new = true;
            self.0.changed.notify_one();
        }
    }

    /// It is to end.
    pub(super) fn stop(&self) {
        self.state().stopped = true;
        self.0.changed.notify_one();
    }

    /// Whether it is to end.
    pub(super) fn is_stopped(&self) -> bool {
        self.state().stopped
    }

    /// The daemons that live.
    pub(super) fn living(&self) -> Vec<Daemon> {
        self.state().daemons.clone()
    }

    /// Waits for an order, or until `rest` is over.
    pub(super) fn wait(&self, rest: Duration) -> Order {
        let state = self.state();
        let waited = self
            .0
            .changed
            .wait_timeout_while(state, rest, |state| !state.stopped && !state.is_new);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.stopped {
            Order::Stop
        } else if std::mem::take(&mut state.is_new) {
            Order::Look {
                daemons: state.daemons.clone(),
                seen: std::mem::take(&mut state.seen),
            }
        } else {
            Order::Again
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

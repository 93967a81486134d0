//! What the main loop tells the thread: only the latest counts, so nothing piles up.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::store::discover::Daemon;

/// The main loop's end and the thread's.
#[derive(Clone, Debug)]
pub(super) struct Orders(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    daemons: Vec<Daemon>,
    /// True if others live than the thread has seen, or a store was seen that it may not know.
    is_new: bool,
    stopped: bool,
}

/// What the thread is to do.
#[derive(Debug)]
pub(super) enum Order {
    /// To look where these daemons keep their stores.
    Look(Vec<Daemon>),
    /// To look at the stores that it knows.
    Again,
    /// To end.
    Stop,
}

impl Orders {
    pub(super) fn new(daemons: Vec<Daemon>) -> Self {
        let state = State {
            daemons,
            is_new: true,
            stopped: false,
        };
        Self(Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
        }))
    }

    /// These daemons live now.
    pub(super) fn daemons(&self, daemons: Vec<Daemon>) {
        let mut state = self.state();
        state.daemons = daemons;
        state.is_new = true;
        self.0.changed.notify_one();
    }

    /// There is something new, whoever has brought it.
    pub(super) fn look(&self) {
        self.state().is_new = true;
        self.0.changed.notify_one();
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
            Order::Look(state.daemons.clone())
        } else {
            Order::Again
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

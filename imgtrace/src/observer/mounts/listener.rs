//! The thread that hears of mounts. It asks the kernel what they are at once, and leaves the files
//! of the stores to another thread: a mount may be gone in a few milliseconds.

use std::{
    sync::mpsc::{Receiver, SyncSender, TryRecvError},
    time::{Duration, Instant},
};

use super::watcher::{Doer, Order};
use crate::{
    capture::mounts::{Event, Mounts, WatchError},
    host::process,
};

/// How long the thread sleeps while nothing is mounted.
const IDLE: Duration = Duration::from_hours(1);

/// A container's root file system is there for longer than this: what is gone so soon is none. It
/// takes longer to execute the OCI runtime that makes the container.
const BRIEF: Duration = Duration::from_millis(50);

/// What the thread hands on.
pub(super) enum Heard {
    /// A process is in a mount namespace that is watched.
    Viewer {
        /// The namespace.
        namespace: u32,
        /// The process.
        pid: u32,
    },
    /// What has happened, and who did it.
    Events(Vec<(Event, Option<Doer>)>),
    /// The kernel tells no more.
    Failed(String),
}

/// What the thread has.
pub(super) struct Listener {
    mounts: Mounts,
    orders: Receiver<Order>,
    heard: SyncSender<Heard>,
    /// When the kernel was last asked.
    rested: Instant,
}

/// Nobody listens any more.
struct Closed;

impl Listener {
    pub(super) fn new(mounts: Mounts, orders: Receiver<Order>, heard: SyncSender<Heard>) -> Self {
        Self {
            mounts,
            orders,
            heard,
            rested: Instant::now(),
        }
    }

    /// Listens until there are no more orders; what has happened by then is handed on.
    pub(super) fn run(mut self) {
        while let Ok(goes_on) = self.obey()
            && let Ok(is_empty) = self.listen(if goes_on { IDLE } else { Duration::ZERO })
        {
            if !goes_on && is_empty {
                let mut rest = Vec::new();
                self.mounts.finish(&mut rest);
                // If nobody listens any more, nobody is to be told.
                let _ = self.tell(rest);
                return;
            }
        }
    }

    /// Does what was ordered meanwhile; false if nobody will order anything any more.
    fn obey(&mut self) -> Result<bool, Closed> {
        loop {
            match self.orders.try_recv() {
                Ok(Order::Watch(pid)) => self.watch(pid)?,
                Ok(Order::Made(mounter)) => self.mounts.made(mounter),
                Err(TryRecvError::Empty) => return Ok(true),
                Err(TryRecvError::Disconnected) => return Ok(false),
            }
        }
    }

    fn watch(&mut self, pid: u32) -> Result<(), Closed> {
        watch(&mut self.mounts, pid).map_or(Ok(()), |viewer| self.send(viewer))
    }

    /// Waits for what happens next; true if it is nothing.
    fn listen(&mut self, timeout: Duration) -> Result<bool, Closed> {
        let mut events = Vec::new();
        let busy = self.rested.elapsed();
        if let Err(error) = self.mounts.next(timeout, &mut events) {
            self.send(Heard::Failed(error.to_string()))?;
            return Err(Closed);
        }
        self.rested = Instant::now();
        // Of no container, if there was time to look.
        events.retain(|event| busy >= BRIEF || !matches!(event, Event::Gone { .. }));
        let is_empty = events.is_empty();
        self.tell(events)?;
        Ok(is_empty)
    }

    /// Hands on what has happened, with who did it.
    fn tell(&self, mut events: Vec<Event>) -> Result<(), Closed> {
        if events.is_empty() {
            return Ok(());
        }
        prefer(&mut events);
        let with_doer = |event| {
            let mounter = match &event {
                Event::Attached(mount) => mount.mounter,
                _ => None,
            };
            (event, mounter.map(Doer::of))
        };
        self.send(Heard::Events(events.into_iter().map(with_doer).collect()))
    }

    fn send(&self, heard: Heard) -> Result<(), Closed> {
        self.heard.send(heard).map_err(|_| Closed)
    }
}

/// Watches the mount namespace of a process; it is a viewer then.
pub(super) fn watch(mounts: &mut Mounts, pid: u32) -> Option<Heard> {
    match mounts.watch(pid) {
        Ok(watched) => Some(Heard::Viewer {
            namespace: watched.namespace,
            pid,
        }),
        // It has ended, as most of what a runtime executes soon has.
        Err(error @ WatchError::Open { .. }) => {
            tracing::debug!(%error);
            None
        }
        Err(error) => {
            tracing::warn!(%error);
            None
        }
    }
}

/// Puts, of the copies of one file system that came together, the one in its mounter's own
/// namespace first: that is where its store is seen best.
fn prefer(events: &mut [Event]) {
    let is_abroad = |event: &Event| match event {
        Event::Attached(mount) => mount
            .mounter
            .is_some_and(|pid| process::mount_namespace(pid) != mount.namespace),
        _ => false,
    };
    let is_attached = |event: &Event| matches!(event, Event::Attached(_));
    for run in events.chunk_by_mut(|one, next| is_attached(one) && is_attached(next)) {
        if run.len() > 1 {
            run.sort_by_cached_key(is_abroad);
        }
    }
}

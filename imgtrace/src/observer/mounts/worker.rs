//! The thread that waits for mounts, and reads at once what the stores say of them: the container
//! may be gone in a tenth of a second.

use std::{
    sync::mpsc::{Receiver, TryRecvError},
    time::{Duration, Instant},
};

use tokio::sync::mpsc::Sender;

use super::abroad::on_machine;
use super::{
    copies::{Attached, Copies},
    viewers::Viewers,
    watcher::{Doer, Mounted, News, Order},
};
use crate::{
    capture::mounts::{Event, Mount, Mounts, WatchError},
    host::process,
    model::{MountId, StoreKind},
    store::{Layouts, containers_storage::index::Guide},
};

/// How long the thread sleeps while nothing is mounted.
const IDLE: Duration = Duration::from_hours(1);

/// A container's root file system is there for longer than this: what is gone so soon is none. It
/// takes longer to execute the OCI runtime that makes the container.
const BRIEF: Duration = Duration::from_millis(20);

/// What the thread has.
pub(super) struct Worker {
    mounts: Mounts,
    orders: Receiver<Order>,
    news: Sender<News>,
    indexes: Option<Guide>,
    viewers: Viewers,
    copies: Copies,
    layouts: Layouts,
    /// File systems that were told.
    count: u64,
    /// When the kernel was last asked.
    rested: Instant,
    /// How long what it told then may have waited.
    busy: Duration,
}

/// Nobody listens any more.
struct Closed;

impl Worker {
    pub(super) fn new(
        mounts: Mounts,
        orders: Receiver<Order>,
        news: Sender<News>,
        indexes: Option<Guide>,
    ) -> Self {
        Self {
            mounts,
            orders,
            news,
            indexes,
            viewers: Viewers::new(),
            copies: Copies::default(),
            layouts: Layouts::default(),
            count: 0,
            rested: Instant::now(),
            busy: Duration::ZERO,
        }
    }

    /// Works until there are no more orders; what has happened by then is told before it ends.
    pub(super) fn run(mut self) {
        loop {
            let goes_on = self.obey();
            let timeout = if goes_on { IDLE } else { Duration::ZERO };
            let mut events = Vec::new();
            self.busy = self.rested.elapsed();
            if let Err(error) = self.mounts.next(timeout, &mut events) {
                let _ = self.news.blocking_send(News::Failed(error.to_string()));
                return;
            }
            self.rested = Instant::now();
            let is_empty = events.is_empty();
            if self.tell_all(events).is_err() || (!goes_on && is_empty) {
                return;
            }
        }
    }

    /// Does what was ordered meanwhile; false if nobody will order anything any more.
    fn obey(&mut self) -> bool {
        loop {
            match self.orders.try_recv() {
                Ok(Order::Watch(pid)) => self.watch(pid),
                Ok(Order::Made(mounter)) => self.mounts.made(mounter),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    /// Watches the mount namespace of a process.
    pub(super) fn watch(&mut self, pid: u32) {
        match self.mounts.watch(pid) {
            Ok(watched) => self.viewers.insert(watched.namespace, pid),
            // It has ended, as most of what a runtime executes soon has.
            Err(error @ WatchError::Open { .. }) => tracing::debug!(%error),
            Err(error) => tracing::warn!(%error),
        }
    }

    fn tell_all(&mut self, mut events: Vec<Event>) -> Result<(), Closed> {
        self.prefer(&mut events);
        events.into_iter().try_for_each(|event| match event {
            Event::Attached(mount) => self.attached(&mount),
            Event::Detached { at, id, namespace } => match self.copies.detach(namespace, id) {
                Some(mount) => self.send(News::Unmounted { at, mount }),
                None => Ok(()),
            },
            // Of no container, if there was time to look.
            Event::Gone { .. } if self.busy < BRIEF => Ok(()),
            Event::Gone { at, mounts } | Event::Lost { at, mounts } => {
                self.send(News::Lost { at, mounts })
            }
        })
    }

    /// Puts, of the copies of one file system that came together, the one in its mounter's own
    /// namespace first: that is where its store is seen best.
    fn prefer(&self, events: &mut [Event]) {
        let is_abroad = |event: &Event| match event {
            Event::Attached(mount) if !self.viewers.is_own(mount.namespace) => mount
                .mounter
                .is_some_and(|pid| process::mount_namespace(pid) != mount.namespace),
            _ => false,
        };
        let is_attached = |event: &Event| matches!(event, Event::Attached(_));
        for run in events.chunk_by_mut(|one, next| is_attached(one) && is_attached(next)) {
            run.sort_by_cached_key(is_abroad);
        }
    }

    fn attached(&mut self, mount: &Mount) -> Result<(), Closed> {
        match self.copies.attach(mount) {
            Attached::Told => Ok(()),
            Attached::Full => self.send(News::Lost {
                at: mount.at,
                mounts: 1,
            }),
            Attached::Unknown { replaced } => {
                if let Some(replaced) = replaced {
                    let at = mount.at;
                    self.send(News::Unmounted {
                        at,
                        mount: replaced,
                    })?;
                }
                self.identify(mount)
            }
        }
    }

    fn identify(&mut self, mount: &Mount) -> Result<(), Closed> {
        // The mounter may end while its store is read.
        let by = mount.mounter.map(Doer::of);
        let Some((viewer, view)) = self.viewers.of(mount) else {
            tracing::debug!(
                target = mount.target,
                "nobody is left to look at a mount with"
            );
            return Ok(());
        };
        let Some(mut identified) = self.layouts.identify(mount, &view) else {
            return Ok(());
        };
        let store = identified.store.as_ref();
        if let (Some(indexes), Some(store)) = (&self.indexes, store)
            && store.kind == StoreKind::ContainersStorage
        {
            indexes.store(viewer, &store.root);
        }
        let host_path = on_machine(viewer, mount, identified.store.as_mut());
        self.count += 1;
        let number = MountId(self.count);
        self.copies.tell(mount, number);
        self.send(News::Mounted(Box::new(Mounted {
            at: mount.at,
            mount: number,
            by,
            path: mount.target.clone(),
            host_path,
            mount_ns: mount.namespace,
            identified,
            already: mount.already,
        })))
    }

    fn send(&self, news: News) -> Result<(), Closed> {
        self.news.blocking_send(news).map_err(|_| Closed)
    }
}

//! The thread that watches mounts, as the main loop has it, and what the two tell each other.

use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use tokio::{
    sync::mpsc::{Receiver, channel},
    time::timeout,
};

use super::worker::Worker;
use crate::{
    capture::mounts::{Mounts, OpenError, Waker, Way},
    host::process,
    model::{MountId, ProcessKey},
    store::Identified,
};

/// What the thread has found and the main loop has not taken, at most.
const NEWS_MAX: usize = 1_024;
/// Processes that the thread is to look at and has not, at most; more are left out, and the log
/// says so.
const ORDERS_MAX: usize = 1_024;
/// How long the thread may take, at the end, for what has happened by then.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the thread is told.
pub(super) enum Order {
    /// To watch the mount namespace of a process.
    Watch(u32),
}

/// What the thread tells. Times are ns of `CLOCK_MONOTONIC`.
pub(super) enum News {
    /// A root file system was mounted.
    Mounted(Box<Mounted>),
    /// The last mount of one is gone.
    Unmounted { at: u64, mount: MountId },
    /// Mounts that could not be looked at.
    Lost { at: u64, mounts: u64 },
    /// The kernel tells no more.
    Failed(String),
}

/// A root file system that was mounted.
pub(super) struct Mounted {
    pub(super) at: u64,
    pub(super) mount: MountId,
    /// The process that mounted it, and its identity if it lived to be asked.
    pub(super) by: Option<(u32, Option<ProcessKey>)>,
    /// Where, as `mount_ns` sees it.
    pub(super) path: String,
    pub(super) mount_ns: u32,
    pub(super) identified: Identified,
    pub(super) already: bool,
}

impl News {
    /// When it happened; none for what concerns all of the time to come.
    pub(super) fn at(&self) -> Option<u64> {
        match self {
            Self::Mounted(mounted) => Some(mounted.at),
            Self::Unmounted { at, .. } | Self::Lost { at, .. } => Some(*at),
            Self::Failed(_) => None,
        }
    }
}

/// The thread, as the main loop has it.
pub(in crate::observer) struct Watcher {
    /// None when it is to end.
    orders: Option<SyncSender<Order>>,
    waker: Waker,
    news: Receiver<News>,
    /// The mount namespace that imgtrace is in, which is watched anyway.
    own: u32,
}

impl Watcher {
    /// Watches the mount namespaces of imgtrace itself and of these processes from now on, in
    /// the way that is wanted or the best that works.
    ///
    /// # Errors
    /// The kernel has no such way to see mounts, or does not allow it.
    pub(super) fn begin(wanted: Option<Way>, pids: &[u32]) -> Result<Self, OpenError> {
        let mounts = Mounts::open(wanted)?;
        for obstacle in mounts.obstacles() {
            let (way, error) = (obstacle.way.name(), &obstacle.error);
            tracing::info!(way, %error, "mounts are not seen in this way");
        }
        tracing::info!(way = mounts.way().name(), "mounts are seen");
        let waker = mounts.waker();
        let (orders, ordered) = sync_channel(ORDERS_MAX);
        let (sender, news) = channel(NEWS_MAX);
        let mut worker = Worker::new(mounts, ordered, sender);
        worker.watch(std::process::id());
        for pid in pids {
            worker.watch(*pid);
        }
        std::thread::spawn(move || worker.run());
        Ok(Self {
            orders: Some(orders),
            waker,
            news,
            own: process::mount_namespace(std::process::id()),
        })
    }

    /// Watches the mount namespace of a process.
    pub(super) fn watch(&self, pid: u32) {
        let Some(orders) = &self.orders else {
            return;
        };
        match orders.try_send(Order::Watch(pid)) {
            Ok(()) => self.waker.wake(),
            Err(TrySendError::Full(_)) => {
                tracing::warn!(pid, "too many mount namespaces at once: one is not watched");
            }
            // The thread has said why it ended.
            Err(TrySendError::Disconnected(_)) => {}
        }
    }

    /// Whether a mount namespace is not imgtrace's own.
    pub(super) fn is_foreign(&self, namespace: u32) -> bool {
        namespace != self.own
    }

    /// Waits until there are news; false if there never will be any more.
    pub(super) async fn hear(&mut self, news: &mut Vec<News>) -> bool {
        self.news.recv_many(news, NEWS_MAX).await > 0
    }

    /// Ends the thread, and takes in what it had.
    pub(super) async fn end(mut self, news: &mut Vec<News>) {
        drop(self.orders.take());
        self.waker.wake();
        let rest = async { while self.hear(news).await {} };
        if timeout(PATIENCE, rest).await.is_err() {
            tracing::warn!("what was mounted last is not known: a store takes long to answer");
        }
    }
}

//! The threads that wait for mounts and for images, as the main loop has them, and what is told
//! between them.

use std::{
    io,
    sync::mpsc::{SyncSender, TrySendError, sync_channel},
    time::Duration,
};

use tokio::{
    sync::mpsc::{Receiver, Sender, channel},
    time::timeout,
};

use super::{
    listener::{self, Heard, Listener},
    worker::{Pointers, Worker},
};
use crate::{
    capture::mounts::{Mounter, Mounts, OpenError, Waker},
    host::process,
    model::{Listing, MountId, Process, ProcessKey, Store},
    observer::{index, inventory},
    store::{
        Contents, Identified,
        containers_storage::index::{Event, Guide},
    },
};

/// What the threads have found and the main loop has not taken, at most.
const NEWS_MAX: usize = 1_024;
/// How much these threads go before others, as nice(1) counts.
const NICE: i32 = -15;
/// Lists of what has happened that one thread has heard and the other has not looked at, at most;
/// what happens on top waits in the kernel's queue.
const HEARD_MAX: usize = 256;
/// Processes that the thread is to look at and has not, at most; more are left out, and the log
/// says so.
const ORDERS_MAX: usize = 1_024;
/// How long the threads may take, at the end, for what has happened by then.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the thread that waits for mounts is told.
pub(super) enum Order {
    /// To watch the mount namespace of a process.
    Watch(u32),
    /// To take in who has made a mount.
    Made(Mounter),
}

/// What the threads tell. Times are ns of `CLOCK_MONOTONIC`.
pub(in crate::observer) enum News {
    /// A root file system was mounted.
    Mounted(Box<Mounted>),
    /// The last mount of one is gone.
    Unmounted { at: u64, mount: MountId },
    /// Mounts that could not be looked at.
    Lost { at: u64, mounts: u64 },
    /// An index of images has changed.
    Indexed(Box<Event>, Option<Doer>),
    /// An index is watched from now on, and this is what it held.
    IndexFound(Box<Store>, Contents),
    /// What an index says in all since it has changed.
    IndexListed(Box<Store>, Listing),
    /// All stores that the thread was pointed to at first are known.
    IndexMarked,
    /// The kernel tells no more of mounts.
    Failed(String),
}

/// Who did something: the number of a process, and its identity if it lived to be asked.
#[derive(Clone, Copy)]
pub(in crate::observer) struct Doer {
    pub(in crate::observer) pid: u32,
    pub(in crate::observer) key: Option<ProcessKey>,
}

impl Doer {
    pub(in crate::observer) fn of(pid: u32) -> Self {
        Self {
            pid,
            key: process::key(pid),
        }
    }
}

/// A root file system that was mounted.
pub(in crate::observer) struct Mounted {
    pub(super) at: u64,
    pub(super) mount: MountId,
    pub(super) by: Option<Doer>,
    /// Where, as `mount_ns` sees it.
    pub(super) path: String,
    /// Where, as the machine sees it, where that is elsewhere.
    pub(super) host_path: Option<String>,
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
            Self::Indexed(event, _) => Some(event.at),
            Self::IndexFound(..) | Self::IndexListed(..) | Self::IndexMarked | Self::Failed(_) => {
                None
            }
        }
    }
}

/// The threads, as the main loop has them.
pub(in crate::observer) struct Watcher {
    /// The one that waits for mounts; none where this kernel lets nobody wait for them.
    mounts: Option<Orders>,
    /// Points the one that waits for images to stores; none where there is no such thread.
    indexes: Option<Guide>,
    news: Receiver<News>,
    /// The mount namespace that imgtrace is in, which is watched anyway.
    own: u32,
}

/// What the thread that waits for mounts is reached by; it ends when this is dropped and it wakes.
struct Orders {
    orders: SyncSender<Order>,
    waker: Waker,
}

impl Orders {
    /// Starts the thread, and the one that reads the stores.
    fn begin(
        mut mounts: Mounts,
        pids: &[u32],
        news: Sender<News>,
        pointers: Pointers,
    ) -> io::Result<Self> {
        let waker = mounts.waker();
        let (orders, ordered) = sync_channel(ORDERS_MAX);
        let (sender, heard) = sync_channel(HEARD_MAX);
        let mut worker = Worker::new(heard, news, pointers);
        for pid in std::iter::once(std::process::id()).chain(pids.iter().copied()) {
            if let Some(Heard::Viewer { namespace, pid }) = listener::watch(&mut mounts, pid) {
                worker.viewers.insert(namespace, pid);
            }
        }
        let listener = Listener::new(mounts, ordered, sender);
        let thread = |name: &str| std::thread::Builder::new().name(name.to_owned());
        thread("stores").spawn(move || {
            hurry();
            worker.run();
        })?;
        thread("mounts").spawn(move || {
            hurry();
            listener.run();
        })?;
        Ok(Self { orders, waker })
    }
}

/// Has this thread run before what it looks at: on a machine where everything waits for a processor
/// a container is gone, and its files with it, before it is looked at. It needs few milliseconds a
/// container. Without `CAP_SYS_NICE` it waits as the others do.
fn hurry() {
    // setpriority(2): for Linux "this process" is the calling thread.
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(%error, "what is mounted is looked at with no priority");
    }
}

/// What is not seen, and why.
#[derive(Default)]
pub(super) struct Unseen {
    pub(super) mounts: Option<String>,
    pub(super) images: Option<String>,
}

impl Watcher {
    /// Watches the mount namespaces of imgtrace itself and of these processes from now on, if mounts
    /// can be seen, and the stores at their default places.
    pub(super) fn begin(
        mounts: Result<Mounts, OpenError>,
        pids: &[u32],
        inventory: inventory::Orders,
    ) -> (Self, Unseen) {
        let (sender, news) = channel(NEWS_MAX);
        let mut unseen = Unseen::default();
        let indexes = index::watch(sender.clone())
            .map_err(|error| unseen.images = Some(error.to_string()))
            .ok();
        let pointers = Pointers::new(indexes.clone(), inventory);
        let mounts = mounts
            .map_err(io::Error::other)
            .and_then(|mounts| Orders::begin(mounts, pids, sender, pointers))
            .map_err(|error| unseen.mounts = Some(error.to_string()))
            .ok();
        let watcher = Self {
            mounts,
            indexes,
            news,
            own: process::mount_namespace(std::process::id()),
        };
        (watcher, unseen)
    }

    /// Watches the mount namespace of a process, unless that is imgtrace's own.
    pub(super) fn watch(&self, pid: u32, namespace: u32) {
        if namespace != self.own {
            self.order(Order::Watch(pid));
        }
    }

    /// Hands over who has made a mount.
    pub(super) fn made(&self, mounter: Mounter) {
        self.order(Order::Made(mounter));
    }

    fn order(&self, order: Order) {
        let Some(mounts) = &self.mounts else {
            return;
        };
        match mounts.orders.try_send(order) {
            Ok(()) => mounts.waker.wake(),
            Err(TrySendError::Full(Order::Watch(pid))) => {
                tracing::warn!(pid, "too many mount namespaces at once: one is not watched");
            }
            Err(TrySendError::Full(Order::Made(Mounter { pid, .. }))) => {
                tracing::warn!(pid, "too many mounts at once: one has no mounter");
            }
            // The thread has said why it ended.
            Err(TrySendError::Disconnected(_)) => {}
        }
    }

    /// Looks for the store of a process, if its program keeps images in one.
    pub(super) fn look(&self, process: &Process) {
        if let Some(indexes) = &self.indexes {
            indexes.program(process);
        }
    }

    /// What points the thread that waits for images to stores.
    pub(super) fn guide(&self) -> Option<Guide> {
        self.indexes.clone()
    }

    /// Waits until there are news; false if there never will be any more.
    pub(super) async fn hear(&mut self, news: &mut Vec<News>) -> bool {
        self.news.recv_many(news, NEWS_MAX).await > 0
    }

    /// Takes in the news that are there, as long as there is room for them.
    pub(super) fn overhear(&mut self, news: &mut Vec<News>) {
        let room = NEWS_MAX.saturating_sub(news.len());
        let there = std::iter::from_fn(|| self.news.try_recv().ok());
        news.extend(there.take(room));
    }

    /// Ends the threads, and takes in what they had.
    pub(super) async fn end(mut self, news: &mut Vec<News>) {
        if let Some(Orders { orders, waker }) = self.mounts.take() {
            drop(orders);
            waker.wake();
        }
        if let Some(indexes) = self.indexes.take() {
            indexes.stop();
        }
        let rest = async { while self.hear(news).await {} };
        if timeout(PATIENCE, rest).await.is_err() {
            tracing::warn!("what was mounted last is not known: a store takes long to answer");
        }
    }
}

//! How other threads point to stores.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::model::Process;
use crate::store::View;
use crate::store::containers_storage::roots;

/// Hints that wait for the thread; what comes on top is not looked at.
const HINTS_MOST: usize = 256;

/// How long a store that is not there is waited for: a program makes it within its first second.
const AWAITED_FOR: Duration = Duration::from_secs(10);

/// Something to look at.
#[derive(Debug)]
pub(super) enum Hint {
    /// A program that uses stores has begun.
    Program {
        process: Box<Process>,
        view: View,
    },
    /// A mount was made in the store at this root.
    Store {
        pid: u32,
        root: String,
    },
    /// To say when all hints before this one were followed.
    Mark,
    Stop,
}

/// Points [`Indexes`](super::Indexes) to stores from other threads.
#[derive(Clone, Debug)]
pub struct Guide {
    hints: SyncSender<Hint>,
    bell: Arc<OwnedFd>,
}

/// Makes both ends.
pub(super) fn channel() -> io::Result<(Guide, Receiver<Hint>)> {
    let (hints, received) = sync_channel(HINTS_MOST);
    let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
    let bell = Arc::new(bell);
    Ok((Guide { hints, bell }, received))
}

impl Guide {
    /// A program has begun, or was there already. Every process may be given: those that use no
    /// such store are passed over. It is to be called at once, as a program that has ended is lost;
    /// its configuration is left to the thread, because reading that may take as long as a container
    /// likes.
    pub fn program(&self, process: &Process) {
        if !roots::uses_stores(process) {
            return;
        }
        if let Some(view) = View::of(process.key.pid) {
            let process = Box::new(process.clone());
            self.send(Hint::Program { process, view });
        }
    }

    /// A mount has revealed a store: its root as the process sees it.
    pub fn store(&self, pid: u32, root: &str) {
        let root = root.to_owned();
        self.send(Hint::Store { pid, root });
    }

    /// Lets [`Indexes::take_mark`](super::Indexes::take_mark) be true once the stores that it was
    /// pointed to by now are known.
    pub fn mark(&self) {
        self.send(Hint::Mark);
    }

    /// Lets [`Indexes::next`](super::Indexes::next) return false.
    pub fn stop(&self) {
        self.send(Hint::Stop);
    }

    fn send(&self, hint: Hint) {
        if self.hints.try_send(hint).is_err() {
            tracing::warn!("too many programs at once: a store may not be watched");
        }
        // It fails if the counter is full: then the thread is awake already.
        let _ = rustix::io::write(&*self.bell, &1u64.to_ne_bytes());
    }

    pub(super) fn clear(&self) {
        let _ = rustix::io::read(&*self.bell, &mut [0u8; 8]);
    }
}

impl AsFd for Guide {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}

/// Roots that a program may make while it lives.
#[derive(Debug)]
pub(super) struct Awaited {
    pub(super) pid: u32,
    pub(super) roots: Vec<String>,
    /// Kept, since the program may be gone when its store is there.
    pub(super) view: View,
    /// None if it has ended.
    program: Option<OwnedFd>,
    until: Instant,
}

impl Awaited {
    pub(super) fn new(pid: u32, roots: Vec<String>, view: View) -> Self {
        let now = Instant::now();
        Self {
            pid,
            roots,
            view,
            program: process(pid),
            until: now.checked_add(AWAITED_FOR).unwrap_or(now),
        }
    }

    /// True if this is the last look.
    pub(super) fn is_over(&self) -> bool {
        let has_ended = self.program.as_ref().is_none_or(|it| has_ended(it.as_fd()));
        has_ended || Instant::now() >= self.until
    }
}

/// A descriptor that can be read once the process has ended.
pub(super) fn process(pid: u32) -> Option<OwnedFd> {
    let pid = Pid::from_raw(i32::try_from(pid).ok()?)?;
    pidfd_open(pid, PidfdFlags::empty()).ok()
}

pub(super) fn has_ended(process: BorrowedFd<'_>) -> bool {
    let mut fds = [PollFd::from_borrowed_fd(process, PollFlags::IN)];
    matches!(poll(&mut fds, Some(&Timespec::default())), Ok(1))
}

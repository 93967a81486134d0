//! Images that come and go in stores of containers/storage, whoever brings them: nothing of what
//! Podman, Buildah or CRI-O do on their own goes over a socket, but each writes the store's index
//! of images anew, and the kernel says which process did.
//!
//! A blocking source: a thread of its own calls [`Indexes::next`], others point it to stores
//! through a [`Guide`]. It decides nothing: whether an image was pulled, built or loaded is
//! `correlate`'s.
//!
//! What it cannot see: a store that no process and no mount has pointed to; what was added to one
//! before it was found, unless it was not there yet when its program was first seen; which of
//! several processes wrote, where they did so at the same moment.

mod guide;
mod notify;
mod watched;

use std::io;
use std::os::fd::AsFd as _;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::time::{ClockId, clock_gettime};

pub use self::guide::Guide;
use self::guide::{Awaited, Hint};
use self::watched::Watched;
use super::roots;
use crate::model::{Listing, Process, Store};
pub use crate::store::shelf::Change;
use crate::store::{Contents, View};

/// Stores that are watched at once; each takes a descriptor and one of the kernel's groups
/// (`fs.fanotify.max_user_groups` and `fs.inotify.max_user_instances` are 128).
const STORES_MOST: usize = 32;

/// Roots that are waited for at once, because a program that has just begun will make its store
/// there; beyond them the oldest is given up.
const AWAITED_MOST: usize = 16;

/// How often a root that is waited for is looked at, while there are any.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A change of a store's index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// `CLOCK_MONOTONIC` when the index was read that has it, ns.
    pub at: u64,
    /// The store.
    pub store: Store,
    /// The process that wrote the index, in the initial pid namespace; none where that cannot be
    /// told.
    pub writer: Option<u32>,
    /// What.
    pub change: Change,
}

/// The watched indexes.
#[derive(Debug)]
pub struct Indexes {
    hints: Receiver<Hint>,
    guide: Guide,
    stores: Vec<Watched>,
    awaited: Vec<Awaited>,
    found: Vec<(Store, Contents)>,
    is_marked: bool,
    has_begun: bool,
}

impl Indexes {
    /// Will watch the stores of the machine's own root at their default places, where there are any.
    ///
    /// # Errors
    /// The kernel gives no descriptor.
    pub fn open() -> io::Result<Self> {
        let (guide, hints) = guide::channel()?;
        Ok(Self {
            hints,
            guide,
            stores: Vec::new(),
            awaited: Vec::new(),
            found: Vec::new(),
            is_marked: false,
            has_begun: false,
        })
    }

    /// Watches the stores at their default places. It reads their books, which may take a while.
    fn begin(&mut self) {
        self.has_begun = true;
        if let Some(view) = View::of(std::process::id()) {
            for root in roots::of_root(&view) {
                self.watch(&root, &view, std::process::id(), false);
            }
        }
    }

    /// What points it to stores, and stops it, from other threads.
    pub fn guide(&self) -> Guide {
        self.guide.clone()
    }

    /// Takes the stores that are watched since the last call, with all that they held before.
    pub fn found(&mut self) -> Vec<(Store, Contents)> {
        std::mem::take(&mut self.found)
    }

    /// Takes what the books of stores that have changed say in all.
    pub fn listed(&mut self) -> Vec<(Store, Listing)> {
        let stores = self.stores.iter_mut();
        stores.filter_map(Watched::take_listing).collect()
    }

    /// Whether it was marked since the last call: it knows all stores that it was pointed to before
    /// that.
    pub fn take_mark(&mut self) -> bool {
        std::mem::take(&mut self.is_marked)
    }

    /// Waits for changes and appends them; at least one if it was not the time that ran out, no
    /// store was found, and nobody has marked it. False once it was told to stop.
    pub fn next(&mut self, timeout: Duration, events: &mut Vec<Event>) -> bool {
        let until = Instant::now().checked_add(timeout);
        let (before, found) = (events.len(), self.found.len());
        if !self.has_begun {
            self.begin();
        }
        loop {
            while let Ok(hint) = self.hints.try_recv() {
                match hint {
                    Hint::Stop => return false,
                    Hint::Mark => self.is_marked = true,
                    Hint::Program { process, view } => self.begun(&process, view),
                    Hint::Store { pid, root } => {
                        if let Some(view) = View::of(pid) {
                            self.watch(&root, &view, pid, false);
                        }
                    }
                }
            }
            self.look_for_awaited();
            let now = monotonic();
            self.stores.retain_mut(|store| store.collect(now, events));
            let left = until.map_or(timeout, |until| {
                until.saturating_duration_since(Instant::now())
            });
            let has_news = self.is_marked || self.found.len() > found;
            if has_news || events.len() > before || left.is_zero() {
                return true;
            }
            self.wait(now, left);
        }
    }

    /// A program has begun: the stores that it may use are watched, or waited for where there are
    /// none yet.
    fn begun(&mut self, process: &Process, view: View) {
        let pid = process.key.pid;
        let roots = roots::of_program(process, &view).into_iter();
        let (there, missing): (Vec<_>, _) = roots.partition(|root| watched::is_at(root, &view));
        for root in there {
            self.watch(&root, &view, pid, false);
        }
        self.wait_for(Awaited::new(pid, missing, view));
    }

    /// Waits for stores that a program will make as long as it lives.
    fn wait_for(&mut self, awaited: Awaited) {
        if awaited.roots.is_empty() {
            return;
        }
        if self.awaited.len() >= AWAITED_MOST {
            self.awaited.remove(0);
        }
        self.awaited.push(awaited);
    }

    fn look_for_awaited(&mut self) {
        for mut awaited in std::mem::take(&mut self.awaited) {
            let last = awaited.is_over();
            let (pid, roots) = (awaited.pid, std::mem::take(&mut awaited.roots));
            let missing = roots.into_iter();
            awaited.roots = missing
                .filter(|root| !self.watch(root, &awaited.view, pid, true))
                .collect();
            if !last && !awaited.roots.is_empty() {
                self.awaited.push(awaited);
            }
        }
    }

    /// Watches the store at a root; true if it is watched, or never will be.
    fn watch(&mut self, root: &str, view: &View, pid: u32, is_new: bool) -> bool {
        let Some(folder) = view.folder(root) else {
            return false;
        };
        let Ok(identity) = folder.identity() else {
            return true;
        };
        if let Some(known) = self.stores.iter().position(|store| store.is(identity)) {
            if self
                .stores
                .get(known)
                .is_some_and(|store| store.is_current(&folder))
            {
                return true;
            }
            self.stores.remove(known);
        }
        if self.stores.len() >= STORES_MOST {
            tracing::warn!(
                root,
                most = STORES_MOST,
                "too many stores; this one is not watched"
            );
            return true;
        }
        let newly_by = is_new.then_some(pid);
        match Watched::open(&folder, view, pid, newly_by) {
            Ok(Some((store, contents))) => {
                self.found.push((store.store().clone(), contents));
                self.stores.push(store);
            }
            Ok(None) => return false,
            Err(error) => tracing::warn!(root, %error, "the index of this store is not watched"),
        }
        true
    }

    fn wait(&mut self, now: u64, mut left: Duration) {
        let due = self.stores.iter().filter_map(Watched::due).min();
        if let Some(due) = due {
            left = left.min(Duration::from_nanos(due.saturating_sub(now)));
        }
        if !self.awaited.is_empty() {
            left = left.min(LOOK_EVERY);
        }
        let mut fds = vec![PollFd::new(&self.guide, PollFlags::IN)];
        for store in &self.stores {
            let ends = store.writers();
            fds.push(PollFd::from_borrowed_fd(store.as_fd(), PollFlags::IN));
            fds.extend(ends.map(|end| PollFd::from_borrowed_fd(end, PollFlags::IN)));
        }
        let left = Timespec::try_from(left).ok();
        if let Err(error) = poll(&mut fds, left.as_ref())
            && error != Errno::INTR
        {
            // It cannot fail but for want of memory; then not at once again.
            std::thread::sleep(LOOK_EVERY);
        }
        self.guide.clear();
    }
}

/// `CLOCK_MONOTONIC`, ns.
fn monotonic() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(now.tv_nsec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(nanos)
}

#[cfg(test)]
mod tests;

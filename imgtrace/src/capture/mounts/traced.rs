//! mountinfo, and beside it the kernel program that says who mounts (`fexit` of
//! `vfs_create_mount`): what works where there are no notifications and trampolines are allowed.
//!
//! The two tell of one mount in any order, a few milliseconds apart, and have its device in common.
//! So a mount without a mounter waits a little for the one, and a mounter without a mount is
//! remembered for the other. A device number comes back as soon as its file system is gone, with
//! each start of a container for instance, so the two must be of about the same time too. What
//! comes and goes between two reads of mountinfo is missed here too.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use super::mountinfo::Mountinfo;
use super::source::Source;
use super::waker::Waker;
use super::{Event, Mount, WatchError, Watched};

/// How long a mount waits for its mounter: the program's record is handed over once in a few
/// milliseconds, later where the machine is busy.
const PATIENCE: Duration = Duration::from_millis(100);

/// A mounter this near in time (ns) is the mount's, and nothing more is waited for: mountinfo is read
/// within a millisecond. One with that device number from before may be as near by chance only.
const NEAR: u64 = 5_000_000;

/// A mounter this far in time (ns) is not the mount's, however long nobody else is told.
const FAR: u64 = 1_000_000_000;

/// Mounters that are remembered. A mount that is never attached anywhere (runc's sealed binary)
/// leaves one behind.
const MOUNTERS_MAX: usize = 1_024;

/// Who has made a mount, as the kernel program tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mounter {
    /// When, ns of `CLOCK_MONOTONIC`.
    pub at: u64,
    /// The process, in the initial pid namespace.
    pub pid: u32,
    /// Major and minor number of the file system.
    pub device: (u32, u32),
}

/// See the module.
#[derive(Debug)]
pub(super) struct Traced {
    mountinfo: Mountinfo,
    /// The oldest first.
    mounters: VecDeque<Mounter>,
    waiting: VecDeque<(Instant, Mount)>,
}

impl Traced {
    /// # Errors
    /// There is no mountinfo.
    pub(super) fn open() -> io::Result<Self> {
        Ok(Self {
            mountinfo: Mountinfo::open()?,
            mounters: VecDeque::new(),
            waiting: VecDeque::new(),
        })
    }

    /// Who made a mount's file system, by its device and time, and how far off that time is, ns.
    fn mounter_of(&self, mount: &Mount) -> Option<(u32, u64)> {
        let mounters = self.mounters.iter();
        mounters
            .filter(|mounter| mounter.device == mount.device)
            .map(|mounter| (mounter.pid, mounter.at.abs_diff(mount.at)))
            .filter(|(_, distance)| *distance < FAR)
            .min_by_key(|(_, distance)| *distance)
    }

    fn with_mounter(&self, mount: Mount) -> Event {
        let mounter = self.mounter_of(&mount).map(|(pid, _)| pid);
        Event::Attached(Mount { mounter, ..mount })
    }

    /// Tells what waits and is due, or has its mounter.
    fn release(&mut self, out: &mut Vec<Event>) {
        let now = Instant::now();
        for (since, mount) in std::mem::take(&mut self.waiting) {
            let mounter = self.mounter_of(&mount);
            let is_near = mounter.is_some_and(|(_, distance)| distance < NEAR);
            if is_near || now.duration_since(since) >= PATIENCE {
                out.push(self.with_mounter(mount));
            } else {
                self.waiting.push_back((since, mount));
            }
        }
    }

    /// Tells the mount that `event` is about, if it waits. The others are not looked at: thousands
    /// may come and go together.
    fn release_before(&mut self, event: &Event, out: &mut Vec<Event>) {
        let mut waiting = self.waiting.iter();
        let place = waiting.position(|(_, mount)| is_of(event, mount));
        if let Some((_, mount)) = place.and_then(|place| self.waiting.remove(place)) {
            out.push(self.with_mounter(mount));
        }
    }
}

/// True if an event is about that mount.
fn is_of(event: &Event, mount: &Mount) -> bool {
    match event {
        Event::Attached(other) => other.id == mount.id && other.namespace == mount.namespace,
        Event::Detached { id, namespace, .. } => *id == mount.id && *namespace == mount.namespace,
        Event::Gone { .. } | Event::Lost { .. } => false,
    }
}

impl Source for Traced {
    fn watch(&mut self, pid: u32) -> Result<Watched, WatchError> {
        self.mountinfo.watch(pid)
    }

    fn made(&mut self, mounter: Mounter) {
        if self.mounters.len() >= MOUNTERS_MAX {
            self.mounters.pop_front();
        }
        self.mounters.push_back(mounter);
    }

    fn is_behind(&self) -> bool {
        self.mountinfo.is_behind()
    }

    fn wait(&mut self, waker: &Waker, timeout: Duration) -> io::Result<()> {
        let oldest = self.waiting.front();
        let due = oldest.map(|(since, _)| PATIENCE.saturating_sub(since.elapsed()));
        let timeout = due.map_or(timeout, |due| timeout.min(due));
        self.mountinfo.wait(waker, timeout)
    }

    fn take(&mut self, at: u64, out: &mut Vec<Event>) -> io::Result<()> {
        let mut events = Vec::new();
        self.mountinfo.take(at, &mut events)?;
        for event in events {
            self.release_before(&event, out);
            match event {
                Event::Attached(mount) if !mount.already => {
                    self.waiting.push_back((Instant::now(), mount));
                }
                event => out.push(event),
            }
        }
        self.release(out);
        Ok(())
    }

    fn sweep(&mut self) {
        self.mountinfo.sweep();
    }

    fn finish(&mut self, out: &mut Vec<Event>) {
        for (_, mount) in std::mem::take(&mut self.waiting) {
            out.push(self.with_mounter(mount));
        }
    }
}

#[cfg(test)]
mod tests;

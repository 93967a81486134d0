//! `/proc/PID/mountinfo`, read again whenever the kernel says that it changed (`POLLPRI`,
//! `proc_pid_mountinfo(5)`): what works on every kernel.
//!
//! It names no mounter, and does not see what comes and goes between two reads, nor an unmount
//! between two reads if the very same is mounted again. An open mountinfo holds its namespace, so
//! it is closed when no process is left there.

mod line;

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _};
use std::os::fd::AsFd as _;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};

use super::known::{Attached, Known};
use super::source::{Source, wait};
use super::waker::Waker;
use super::{Event, Mount, NAMESPACES_MAX, WatchError, Watched, namespace};
use crate::capture::monotonic;
use line::Line;

/// The most of a mountinfo that is read, in bytes: some ten thousand mounts.
const READ_MAX: u64 = 16 << 20;

/// The watched namespaces.
#[derive(Debug, Default)]
pub(super) struct Mountinfo {
    namespaces: Vec<Namespace>,
    known: Known,
    /// Namespaces that are gone, until that is told.
    ended: Vec<u32>,
    /// What the first reading of namespaces has shown, until that is told.
    first: Vec<Event>,
}

/// A namespace, and what was in it when it was read.
#[derive(Debug)]
struct Namespace {
    inode: u32,
    /// A process that is in it.
    pid: u32,
    file: File,
    /// Whether it is to be read.
    changed: bool,
    /// Whether it has been read before.
    was_read: bool,
    mounts: HashMap<u64, Line>,
}

impl Mountinfo {
    /// Tries whether there is one.
    ///
    /// # Errors
    /// There is no `/proc`.
    pub(super) fn open() -> io::Result<Self> {
        File::open("/proc/self/mountinfo")?;
        Ok(Self::default())
    }

    /// Reads one namespace and tells what is different.
    fn read(&mut self, index: usize, at: u64, out: &mut Vec<Event>) {
        let Some(namespace) = self.namespaces.get_mut(index) else {
            return;
        };
        namespace.changed = false;
        let Ok(text) = text(&namespace.file) else {
            out.push(Event::Lost { at, mounts: 1 });
            return;
        };
        let now = line::overlays(&text);
        let before = std::mem::take(&mut namespace.mounts);
        let already = !std::mem::replace(&mut namespace.was_read, true);
        let inode = namespace.inode;
        for (id, line) in &before {
            if now.get(id).is_none_or(|now| !now.is_of(line)) && self.known.detach(inode, *id) {
                out.push(detached(at, *id, inode));
            }
        }
        let mut lost = u64::from(text.len() as u64 == READ_MAX);
        let mut come: Vec<_> = now.iter().collect();
        come.sort_unstable_by_key(|(id, _)| **id);
        for (id, line) in come {
            let moved = before
                .get(id)
                .is_some_and(|before| before.target != line.target);
            let is_told = match self.known.attach(inode, *id, line.device) {
                Attached::New => true,
                Attached::Again => moved && self.known.is_told(inode, *id),
                Attached::Copy => false,
                Attached::Full => {
                    lost += 1;
                    false
                }
            };
            if is_told {
                out.push(Event::Attached(mount(at, inode, *id, line, already)));
            }
        }
        if lost > 0 {
            out.push(Event::Lost { at, mounts: lost });
        }
        if let Some(namespace) = self.namespaces.get_mut(index) {
            namespace.mounts = now;
        }
    }
}

impl Source for Mountinfo {
    fn watch(&mut self, pid: u32) -> Result<Watched, WatchError> {
        let gone = |source| WatchError::Open { pid, source };
        let opened = namespace::open(pid).map_err(gone)?;
        let inode = namespace::inode(&opened).map_err(gone)?;
        let is_new = !self.namespaces.iter().any(|one| one.inode == inode);
        if is_new {
            if self.namespaces.len() >= NAMESPACES_MAX {
                return Err(WatchError::TooMany);
            }
            self.namespaces.push(Namespace {
                inode,
                pid,
                file: File::open(format!("/proc/{pid}/mountinfo")).map_err(gone)?,
                changed: false,
                was_read: false,
                mounts: HashMap::new(),
            });
            // Now, so that what comes from here on is known to be new.
            let mut first = std::mem::take(&mut self.first);
            self.read(self.namespaces.len() - 1, monotonic(), &mut first);
            self.first = first;
        }
        Ok(Watched {
            namespace: inode,
            is_new,
        })
    }

    fn is_behind(&self) -> bool {
        !self.ended.is_empty() || !self.first.is_empty()
    }

    fn wait(&mut self, waker: &Waker, timeout: Duration) -> io::Result<()> {
        let files = self.namespaces.iter();
        let files = files.map(|one| PollFd::from_borrowed_fd(one.file.as_fd(), PollFlags::PRI));
        let changed = wait(waker, files, timeout)?;
        // A change is told once, so it is noted down.
        for (namespace, changed) in self.namespaces.iter_mut().zip(changed) {
            namespace.changed |= changed;
        }
        Ok(())
    }

    fn take(&mut self, at: u64, out: &mut Vec<Event>) -> io::Result<()> {
        for inode in std::mem::take(&mut self.ended) {
            let gone = self.known.forget(inode);
            out.extend(gone.into_iter().map(|id| detached(at, id, inode)));
        }
        out.append(&mut self.first);
        for index in 0..self.namespaces.len() {
            if self.namespaces.get(index).is_some_and(|one| one.changed) {
                self.read(index, at, out);
            }
        }
        Ok(())
    }

    fn sweep(&mut self) {
        let ended = &mut self.ended;
        self.namespaces.retain_mut(|namespace| {
            let inode = namespace.inode;
            let process = Some(namespace.pid).filter(|pid| namespace::of(*pid) == Some(inode));
            if let Some(pid) = process.or_else(|| process_in(inode)) {
                namespace.pid = pid;
                return true;
            }
            ended.push(inode);
            false
        });
    }
}

fn text(mut mountinfo: &File) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    mountinfo.rewind()?;
    mountinfo.take(READ_MAX).read_to_end(&mut text)?;
    Ok(text)
}

/// Any process in a mount namespace.
fn process_in(inode: u32) -> Option<u32> {
    let entries = fs::read_dir("/proc").ok()?.flatten();
    let mut pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.find(|pid| namespace::of(*pid) == Some(inode))
}

fn detached(at: u64, id: u64, namespace: u32) -> Event {
    Event::Detached { at, id, namespace }
}

fn mount(at: u64, namespace: u32, id: u64, line: &Line, already: bool) -> Mount {
    Mount {
        at,
        id,
        device: line.device,
        namespace,
        mounter: None,
        kind: line.kind.clone(),
        source: line.source.clone(),
        target: line.target.clone(),
        lower: line.layers.lower.clone(),
        upper: line.layers.upper.clone(),
        already,
    }
}

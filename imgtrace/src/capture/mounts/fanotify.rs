//! Mount notifications of fanotify (6.15 and later), completed by statmount(2).
//!
//! One group for all namespaces: its queue keeps the order, and costs nobody else anything. A
//! notification names the mount and who mounted it, but not the namespace, so the watched ones
//! are asked for the mount.
//!
//! The queue has the kernel's bound (`fs.fanotify.max_queued_events`, 16,384 as delivered). When
//! it overflows, the namespaces are listed anew: what is still mounted is told late and without
//! its mounter, what came and went is lost.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;

use super::known::{Attached, Known};
use super::queue::{FAN_MNT_ATTACH, FAN_MNT_DETACH, Notification, notifications};
use super::source::{Source, wait};
use super::statmount::{self, Asker, Description};
use super::waker::Waker;
use super::{Event, Mount, NAMESPACES_MAX, WatchError, Watched, namespace, options};

/// `FAN_REPORT_MNT` (`include/uapi/linux/fanotify.h`, as below).
const FAN_REPORT_MNT: libc::c_uint = 0x4000;
/// `FAN_MARK_MNTNS`.
const FAN_MARK_MNTNS: libc::c_uint = 0x110;

/// Bytes that one read(2) takes: 1,600 notifications.
const READ: usize = 64 << 10;
/// Reads after which a call returns though there may be more.
const READS_MAX: usize = 16;
/// Mounts from lists that are looked at before the queue is read again.
const BACKLOG_CHUNK: usize = 256;

/// `OVERLAYFS_SUPER_MAGIC` and `FUSE_SUPER_MAGIC` (`include/uapi/linux/magic.h`).
const MAGIC: [u64; 2] = [0x794c_7630, 0x6573_5546];

/// The group and what it watches.
#[derive(Debug)]
pub(super) struct Fanotify {
    group: OwnedFd,
    namespaces: Vec<Namespace>,
    /// Mounts that a list has shown, in order.
    backlog: VecDeque<Listed>,
    known: Known,
    /// Mounts that were gone when they were looked at, until they are told.
    gone: u64,
    asker: Asker,
    buffer: Vec<u8>,
    /// Namespaces that are gone, until that is told.
    ended: Vec<u32>,
}

/// A marked namespace.
#[derive(Clone, Copy, Debug)]
struct Namespace {
    id: u64,
    inode: u32,
}

/// A mount of a list.
#[derive(Clone, Copy, Debug)]
struct Listed {
    namespace: Namespace,
    mount: u64,
    /// Whether it is from before the namespace was watched.
    already: bool,
}

/// What a mount is noticed by.
#[derive(Clone, Copy)]
struct Notice {
    at: u64,
    mount: u64,
    mounter: Option<u32>,
    already: bool,
}

impl Fanotify {
    /// Makes the group.
    ///
    /// # Errors
    /// The kernel is older, or a privilege is missing.
    pub(super) fn open() -> io::Result<Self> {
        let flags = FAN_REPORT_MNT | libc::FAN_CLOEXEC | libc::FAN_NONBLOCK;
        // Marks without a bound are root's; the bound is NAMESPACES_MAX anyway.
        let group = init(flags | libc::FAN_UNLIMITED_MARKS).or_else(|_| init(flags))?;
        let own = namespace::open(std::process::id())?;
        statmount::list(namespace::id(own.as_fd())?)?;
        Ok(Self {
            group,
            namespaces: Vec::new(),
            backlog: VecDeque::new(),
            known: Known::default(),
            gone: 0,
            asker: Asker::new(),
            buffer: vec![0; READ],
            ended: Vec::new(),
        })
    }

    fn forget(&mut self, is_gone: impl Fn(&Namespace) -> bool) {
        let ended = &mut self.ended;
        self.namespaces.retain(|one| {
            let is_gone = is_gone(one);
            ended.extend(is_gone.then_some(one.inode));
            !is_gone
        });
    }

    /// Reads the queue; true if it is empty now.
    fn drain(&mut self, at: u64, lost: &mut u64, out: &mut Vec<Event>) -> io::Result<bool> {
        for _ in 0..READS_MAX {
            let mut buffer = std::mem::take(&mut self.buffer);
            let read = rustix::io::read(&self.group, &mut buffer);
            let bytes = buffer.get(..read.unwrap_or(0)).unwrap_or_default();
            for notification in notifications(bytes) {
                self.notice(notification, at, lost, out);
            }
            self.buffer = buffer;
            match read {
                Ok(0) | Err(Errno::AGAIN) => return Ok(true),
                Ok(_) | Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(false)
    }

    fn notice(&mut self, one: Notification, at: u64, lost: &mut u64, out: &mut Vec<Event>) {
        match one {
            Notification::Overflow => {
                *lost += 1;
                self.recover(at, out);
            }
            Notification::Detached { mount } => {
                for index in 0..self.namespaces.len() {
                    let inode = self.namespaces.get(index).map_or(0, |one| one.inode);
                    self.gone(inode, mount, at, out);
                }
            }
            Notification::Attached { mount, pid, moved } => {
                let notice = Notice {
                    at,
                    mount,
                    mounter: pid,
                    already: false,
                };
                if moved {
                    self.moved(notice, out);
                } else if !self.find(notice, lost, out) {
                    self.gone += 1;
                }
            }
        }
    }

    /// Looks for a mount in the watched namespaces; false if none has it any more.
    fn find(&mut self, notice: Notice, lost: &mut u64, out: &mut Vec<Event>) -> bool {
        let namespaces = self.namespaces.clone();
        namespaces
            .into_iter()
            .any(|one| self.look(one, notice, lost, out).is_ok())
    }

    /// Looks at a mount, and tells it if it is an overlay that is not known.
    fn look(
        &mut self,
        namespace: Namespace,
        notice: Notice,
        lost: &mut u64,
        out: &mut Vec<Event>,
    ) -> io::Result<()> {
        if self.known.contains(namespace.inode, notice.mount) {
            return Ok(());
        }
        let Some(found) = self.describe(namespace, notice.mount)? else {
            return Ok(());
        };
        match self
            .known
            .attach(namespace.inode, notice.mount, found.device)
        {
            Attached::New => out.push(Event::Attached(mount(namespace, notice, found))),
            Attached::Full => *lost += 1,
            Attached::Copy | Attached::Again => {}
        }
        Ok(())
    }

    /// What a mount is; none if it is not the whole of an overlay.
    fn describe(&mut self, namespace: Namespace, mount: u64) -> io::Result<Option<Description>> {
        if !MAGIC.contains(&self.asker.magic(mount, namespace.id)?) {
            return Ok(None);
        }
        let found = self.asker.describe(mount, namespace.id)?;
        Ok(super::is_overlay(&found.kind, &found.source, &found.root).then_some(found))
    }

    /// A mount has another mount point: one that was told is told again.
    fn moved(&mut self, notice: Notice, out: &mut Vec<Event>) {
        let namespaces = self.namespaces.clone();
        for namespace in namespaces {
            if self.known.is_told(namespace.inode, notice.mount)
                && let Ok(Some(found)) = self.describe(namespace, notice.mount)
            {
                out.push(Event::Attached(mount(namespace, notice, found)));
            }
        }
    }

    fn gone(&mut self, namespace: u32, id: u64, at: u64, out: &mut Vec<Event>) {
        if self.known.detach(namespace, id) {
            out.push(Event::Detached { at, id, namespace });
        }
    }

    /// After an overflow: lists every namespace anew.
    fn recover(&mut self, at: u64, out: &mut Vec<Event>) {
        for namespace in self.namespaces.clone() {
            let there = self.list(namespace, false);
            for id in self.known.of(namespace.inode) {
                if there.binary_search(&id).is_err() {
                    self.gone(namespace.inode, id, at, out);
                }
            }
        }
    }

    /// Puts the mounts of a namespace into the backlog; returns them in order.
    fn list(&mut self, namespace: Namespace, already: bool) -> Vec<u64> {
        let listed = statmount::list(namespace.id).unwrap_or_default();
        let of = |mount: &u64| Listed {
            namespace,
            mount: *mount,
            already,
        };
        self.backlog.retain(|one| one.namespace.id != namespace.id);
        self.backlog.extend(listed.iter().map(of));
        listed
    }
}

impl Source for Fanotify {
    fn watch(&mut self, pid: u32) -> Result<Watched, WatchError> {
        let gone = |source| WatchError::Open { pid, source };
        let file = namespace::open(pid).map_err(gone)?;
        let inode = namespace::inode(&file).map_err(gone)?;
        let id = namespace::id(file.as_fd()).map_err(gone)?;
        let watched = Watched {
            namespace: inode,
            is_new: !self.namespaces.iter().any(|one| one.id == id),
        };
        if !watched.is_new {
            return Ok(watched);
        }
        // Another one with this number is gone: the number was given out again.
        self.forget(|one| one.inode == inode);
        if self.namespaces.len() >= NAMESPACES_MAX {
            return Err(WatchError::TooMany);
        }
        mark(&self.group, file.as_fd()).map_err(|source| WatchError::Refused { pid, source })?;
        let namespace = Namespace { id, inode };
        self.namespaces.push(namespace);
        self.list(namespace, true);
        Ok(watched)
    }

    fn is_behind(&self) -> bool {
        !self.backlog.is_empty() || !self.ended.is_empty()
    }

    fn wait(&mut self, waker: &Waker, timeout: Duration) -> io::Result<()> {
        let queue = PollFd::new(&self.group, PollFlags::IN);
        wait(waker, [queue], timeout).map(drop)
    }

    /// Tells what has happened. The queue goes before what was listed: a mount that is in both was
    /// noticed as it came.
    fn take(&mut self, at: u64, out: &mut Vec<Event>) -> io::Result<()> {
        for inode in std::mem::take(&mut self.ended) {
            let gone = self.known.forget(inode);
            let gone = gone.into_iter();
            out.extend(gone.map(|id| Event::Detached {
                at,
                id,
                namespace: inode,
            }));
        }
        let mut lost = 0;
        let is_empty = self.drain(at, &mut lost, out)?;
        if is_empty {
            let most = self.backlog.len().min(BACKLOG_CHUNK);
            let chunk: Vec<_> = self.backlog.drain(..most).collect();
            for listed in chunk {
                let notice = Notice {
                    at,
                    mount: listed.mount,
                    mounter: None,
                    already: listed.already,
                };
                // Gone since it was listed: then the queue says so.
                let _ = self.look(listed.namespace, notice, &mut lost, out);
            }
        }
        let gone = std::mem::take(&mut self.gone);
        if gone > 0 {
            out.push(Event::Gone { at, mounts: gone });
        }
        if lost > 0 {
            out.push(Event::Lost { at, mounts: lost });
        }
        Ok(())
    }

    fn sweep(&mut self) {
        self.forget(|one| !statmount::is_there(one.id));
    }
}

fn mount(namespace: Namespace, notice: Notice, found: Description) -> Mount {
    let layers = options::layers(&found.options);
    Mount {
        at: notice.at,
        id: notice.mount,
        device: found.device,
        namespace: namespace.inode,
        mounter: notice.mounter,
        kind: found.kind,
        source: found.source,
        target: found.target,
        lower: layers.lower,
        upper: layers.upper,
        already: notice.already,
    }
}

fn init(flags: libc::c_uint) -> io::Result<OwnedFd> {
    #[expect(unsafe_code, reason = "rustix has no fanotify")]
    // SAFETY: two numbers.
    let fd = unsafe { libc::fanotify_init(flags, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    #[expect(unsafe_code, reason = "the kernel has just made this descriptor")]
    // SAFETY: nobody else has it.
    let group = unsafe { OwnedFd::from_raw_fd(fd) };
    Ok(group)
}

/// Marks a namespace. The mark goes away with the namespace and does not keep it.
fn mark(group: &OwnedFd, namespace: BorrowedFd<'_>) -> io::Result<()> {
    #[expect(unsafe_code, reason = "rustix has no fanotify")]
    // SAFETY: without a path the descriptor itself is what is marked.
    let result = unsafe {
        libc::fanotify_mark(
            group.as_raw_fd(),
            libc::FAN_MARK_ADD | FAN_MARK_MNTNS,
            FAN_MNT_ATTACH | FAN_MNT_DETACH,
            namespace.as_raw_fd(),
            std::ptr::null(),
        )
    };
    if result == 0 {
        return Ok(());
    }
    Err(io::Error::last_os_error())
}

#[cfg(test)]
mod tests;

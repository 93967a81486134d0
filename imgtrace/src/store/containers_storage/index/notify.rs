//! One folder in which names change, and who changes them.
//!
//! fanotify says who: with `FAN_REPORT_FID` (Linux 5.1) it tells of names that come into a folder,
//! each with the pid of the process. It refuses file systems that cannot name a file by a handle
//! (overlayfs in a container before Linux 6.6, FUSE) and asks for `CAP_SYS_ADMIN`; there inotify
//! tells the same without the process.

use std::io;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use zerocopy::{FromBytes, Immutable, KnownLayout};

use crate::store::Folder;

/// Bytes of events that are read at once: some hundred of them.
const BUFFER: usize = 8 << 10;

/// Reads before the index is looked at; a folder that never rests is looked at all the same.
const READS_MOST: usize = 16;

/// What is asked for: a file was renamed into the folder, or the folder itself is gone.
const MASK: u64 =
    libc::FAN_MOVED_TO | libc::FAN_DELETE_SELF | libc::FAN_MOVE_SELF | libc::FAN_ONDIR;

/// `struct fanotify_event_metadata` of `include/uapi/linux/fanotify.h`, version 3.
#[derive(Clone, Copy, Debug, FromBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Metadata {
    length: u32,
    version: u8,
    reserved: u8,
    head: u16,
    mask: u64,
    fd: i32,
    pid: i32,
}

/// Who has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writers {
    /// This one alone.
    One(u32),
    /// Several, or nobody that can be told.
    Unknown,
}

/// What was seen since the last look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Set if a name has come into the folder.
    pub(super) writers: Option<Writers>,
    /// True if the folder was removed or renamed.
    pub(super) gone: bool,
}

/// A watched folder.
#[derive(Debug)]
pub(super) struct Notify {
    fd: OwnedFd,
    names_writers: bool,
}

impl Notify {
    /// Watches a folder.
    pub(super) fn new(folder: &Folder) -> io::Result<Self> {
        match fanotify(folder) {
            Ok(fd) => Ok(Self {
                fd,
                names_writers: true,
            }),
            Err(refused) => {
                let fd = inotify(folder)?;
                tracing::info!(
                    folder = folder.path,
                    error = %refused,
                    "fanotify refuses this folder: it is not known who writes there"
                );
                Ok(Self {
                    fd,
                    names_writers: false,
                })
            }
        }
    }

    /// What has happened since.
    pub(super) fn read(&self) -> Seen {
        let mut seen = Seen::default();
        let mut buffer = [0u8; BUFFER];
        for _ in 0..READS_MOST {
            let Ok(read @ 1..) = rustix::io::read(&self.fd, &mut buffer) else {
                break;
            };
            let events = buffer.get(..read).unwrap_or_default();
            if self.names_writers {
                seen.take_fanotify(events);
            } else {
                seen.take_inotify(events);
            }
        }
        seen
    }
}

impl AsFd for Notify {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Seen {
    fn take_fanotify(&mut self, mut events: &[u8]) {
        while let Ok((event, _)) = Metadata::read_from_prefix(events) {
            let pid = u32::try_from(event.pid).unwrap_or(0);
            self.take(event.mask, pid);
            let length = usize::try_from(event.length).unwrap_or(0);
            let Some((_, rest)) = events.split_at_checked(length.max(size_of::<Metadata>())) else {
                break;
            };
            events = rest;
        }
    }

    fn take_inotify(&mut self, mut events: &[u8]) {
        // struct inotify_event: wd, mask, cookie, and the length of the name that follows.
        while let Ok(([_, mask, _, name], rest)) = <[u32; 4]>::read_from_prefix(events) {
            // The bits are the same as fanotify's (include/linux/fsnotify_backend.h), but for an
            // overflow, after which there may have been anything.
            self.take(u64::from(mask), 0);
            let name = usize::try_from(name).unwrap_or(usize::MAX);
            events = rest.get(name..).unwrap_or_default();
        }
    }

    const fn take(&mut self, mask: u64, pid: u32) {
        if mask & (libc::FAN_DELETE_SELF | libc::FAN_MOVE_SELF) != 0 {
            self.gone = true;
        }
        if mask & (libc::FAN_MOVED_TO | libc::FAN_Q_OVERFLOW) != 0 {
            self.writers = Some(match (self.writers, pid) {
                (None, 1..) => Writers::One(pid),
                (Some(Writers::One(known)), _) if known == pid => Writers::One(pid),
                _ => Writers::Unknown,
            });
        }
    }
}

#[expect(unsafe_code, reason = "rustix has no fanotify")]
fn fanotify(folder: &Folder) -> io::Result<OwnedFd> {
    let flags =
        libc::FAN_CLASS_NOTIF | libc::FAN_CLOEXEC | libc::FAN_NONBLOCK | libc::FAN_REPORT_FID;
    let mode = libc::O_RDONLY | libc::O_CLOEXEC;
    // SAFETY: it takes two numbers and returns a descriptor that nobody else has, or -1.
    let group = unsafe {
        let group = libc::fanotify_init(flags, mode.cast_unsigned());
        if group < 0 {
            return Err(io::Error::last_os_error());
        }
        OwnedFd::from_raw_fd(group)
    };
    let flags = libc::FAN_MARK_ADD | libc::FAN_MARK_ONLYDIR | libc::FAN_MARK_DONT_FOLLOW;
    let (at, name) = (folder.as_fd().as_raw_fd(), c".".as_ptr());
    // SAFETY: both descriptors live until the call returns, and the name ends with a NUL.
    let marked = unsafe { libc::fanotify_mark(group.as_raw_fd(), flags, MASK, at, name) };
    if marked < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(group)
}

fn inotify(folder: &Folder) -> io::Result<OwnedFd> {
    let group = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
    let path = format!("/proc/self/fd/{}", folder.as_fd().as_raw_fd());
    let mask = WatchFlags::MOVED_TO | WatchFlags::DELETE_SELF | WatchFlags::MOVE_SELF;
    inotify::add_watch(&group, path, mask | WatchFlags::ONLYDIR)?;
    Ok(group)
}

#[cfg(test)]
mod tests;

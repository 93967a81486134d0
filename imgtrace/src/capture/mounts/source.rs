//! The way that was chosen, behind one interface.

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use thiserror::Error;

use super::Event;
use super::fanotify::Fanotify;
use super::mountinfo::Mountinfo;
use super::traced::{Mounter, Traced};
use super::waker::Waker;
use crate::capture::monotonic;

/// How often it is looked whether watched namespaces are still there.
const SWEEP: Duration = Duration::from_secs(1);

/// A way to see mounts, in order of preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Mount notifications of fanotify, and statmount(2): Linux 6.15 and later.
    Fanotify,
    /// mountinfo, read again when it changes, and a kernel program on `vfs_create_mount` that names
    /// the mounters, handed over by [`Mounts::made`]. Misses what is short.
    Fexit,
    /// mountinfo, read again when it changes: names no mounter, and misses what is short.
    Mountinfo,
}

impl Way {
    /// All of them, the best first.
    pub const ALL: &[Self] = &[Self::Fanotify, Self::Fexit, Self::Mountinfo];

    /// What it is called on the command line: `fanotify`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fanotify => "fanotify",
            Self::Fexit => "fexit",
            Self::Mountinfo => "mountinfo",
        }
    }

    /// The kernel's names of what it uses: `fanotify FAN_REPORT_MNT`.
    pub const fn hook(self) -> &'static str {
        match self {
            Self::Fanotify => "fanotify FAN_REPORT_MNT",
            Self::Fexit => "fexit vfs_create_mount",
            Self::Mountinfo => "poll of /proc/PID/mountinfo",
        }
    }

    /// What it does not see that a better way does.
    pub const fn lacks(self) -> Option<&'static str> {
        match self {
            Self::Fanotify => None,
            Self::Fexit => Some("a mount that is gone at once is missed; Linux 6.15 tells it"),
            Self::Mountinfo => Some(
                "who mounted is not known, and a mount that is gone at once is missed; \
                 Linux 6.15 says both",
            ),
        }
    }

    fn open(self, attach: impl FnOnce() -> io::Result<()>) -> io::Result<Box<dyn Source>> {
        Ok(match self {
            Self::Fanotify => Box::new(Fanotify::open()?),
            Self::Fexit => {
                attach()?;
                Box::new(Traced::open()?)
            }
            Self::Mountinfo => Box::new(Mountinfo::open()?),
        })
    }
}

/// Why a way does not work.
#[derive(Debug)]
pub struct Obstacle {
    /// Which way.
    pub way: Way,
    /// What the kernel said.
    pub error: io::Error,
}

/// No way to see mounts works, or not the one that is wanted.
#[derive(Debug, Error)]
#[error("failed to watch mounts: {}", say(.0))]
pub struct OpenError(
    /// What is in the way of each.
    pub Vec<Obstacle>,
);

impl OpenError {
    /// What is in the way, without the ways' names.
    pub fn reason(&self) -> String {
        let errors = self.0.iter().map(|one| one.error.to_string());
        errors.collect::<Vec<_>>().join("; ")
    }
}

/// Why a namespace is not watched.
#[derive(Debug, Error)]
pub enum WatchError {
    /// The process is gone or may not be looked at.
    #[error("failed to open the mount namespace of process {pid}")]
    Open {
        /// The process.
        pid: u32,
        /// Why.
        source: io::Error,
    },
    /// The kernel does not want it.
    #[error("failed to watch the mount namespace of process {pid}")]
    Refused {
        /// The process.
        pid: u32,
        /// Why.
        source: io::Error,
    },
    /// There are as many as may be.
    #[error("{max} mount namespaces are watched already", max = super::NAMESPACES_MAX)]
    TooMany,
}

/// A namespace that is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watched {
    /// Its inode number.
    pub namespace: u32,
    /// Whether it was not watched before.
    pub is_new: bool,
}

/// Sees the overlays of the mount namespaces that it is told to watch; none at first.
///
/// It blocks and belongs on a thread of its own.
#[derive(Debug)]
pub struct Mounts {
    source: Box<dyn Source>,
    way: Way,
    obstacles: Vec<Obstacle>,
    waker: Waker,
    swept: Instant,
}

/// What a way does.
pub(super) trait Source: fmt::Debug + Send {
    /// See [`Mounts::watch`].
    fn watch(&mut self, pid: u32) -> Result<Watched, WatchError>;

    /// See [`Mounts::made`].
    fn made(&mut self, _mounter: Mounter) {}

    /// Whether [`take`](Self::take) would tell something without waiting.
    fn is_behind(&self) -> bool;

    /// Waits for the kernel, the waker or the end of the time.
    fn wait(&mut self, waker: &Waker, timeout: Duration) -> io::Result<()>;

    /// Appends what has happened, noticed at `at`.
    fn take(&mut self, at: u64, out: &mut Vec<Event>) -> io::Result<()>;

    /// Forgets the namespaces that are gone.
    fn sweep(&mut self);

    /// See [`Mounts::finish`].
    fn finish(&mut self, _out: &mut Vec<Event>) {}
}

impl Mounts {
    /// Takes the first way that works, or the one that is wanted. `attach` attaches the kernel
    /// program that names mounters
    /// ([`attach_mount_hook`](crate::capture::Capture::attach_mount_hook)) and is called for the way
    /// that needs it alone.
    ///
    /// # Errors
    /// None works.
    pub fn open(
        wanted: Option<Way>,
        mut attach: impl FnMut() -> io::Result<()>,
    ) -> Result<Self, OpenError> {
        let mut obstacles = Vec::new();
        for way in Way::ALL {
            if wanted.is_some_and(|wanted| wanted != *way) {
                continue;
            }
            match way
                .open(&mut attach)
                .and_then(|source| Ok((source, Waker::new()?)))
            {
                Ok((source, waker)) => {
                    return Ok(Self {
                        source,
                        way: *way,
                        obstacles,
                        waker,
                        swept: Instant::now(),
                    });
                }
                Err(error) => obstacles.push(Obstacle { way: *way, error }),
            }
        }
        Err(OpenError(obstacles))
    }

    /// The way that was taken.
    pub fn way(&self) -> Way {
        self.way
    }

    /// What was in the way of the better ways.
    pub fn obstacles(&self) -> &[Obstacle] {
        &self.obstacles
    }

    /// What another thread can interrupt [`next`](Self::next) with.
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Watches the mount namespace of a process from now on, if it is not watched yet. What is
    /// mounted there already is told by the next calls of [`next`](Self::next).
    ///
    /// # Errors
    /// The process is gone, the kernel refuses, or [`NAMESPACES_MAX`](super::NAMESPACES_MAX) are
    /// watched.
    pub fn watch(&mut self, pid: u32) -> Result<Watched, WatchError> {
        self.source.watch(pid)
    }

    /// Takes in who has made a mount, where the way needs to be told.
    pub fn made(&mut self, mounter: Mounter) {
        self.source.made(mounter);
    }

    /// Waits until something happens, `timeout` is over or the [`Waker`] is used, and appends what
    /// happened, which may be nothing.
    ///
    /// # Errors
    /// The kernel does not give its notifications any more.
    pub fn next(&mut self, timeout: Duration, out: &mut Vec<Event>) -> io::Result<()> {
        let timeout = if self.source.is_behind() {
            Duration::ZERO
        } else {
            timeout.min(SWEEP.saturating_sub(self.swept.elapsed()))
        };
        self.source.wait(&self.waker, timeout)?;
        if self.swept.elapsed() >= SWEEP {
            self.swept = Instant::now();
            self.source.sweep();
        }
        self.source.take(monotonic(), out)
    }

    /// Appends what still waits for its mounter: nobody will be told any more.
    pub fn finish(&mut self, out: &mut Vec<Event>) {
        self.source.finish(out);
    }
}

/// Waits for any of `fds` or the waker; says which of `fds` have something.
pub(super) fn wait<'fd>(
    waker: &'fd Waker,
    fds: impl IntoIterator<Item = PollFd<'fd>>,
    timeout: Duration,
) -> io::Result<Vec<bool>> {
    let timeout = Timespec::try_from(timeout).map_err(io::Error::other)?;
    let first = PollFd::new(waker, PollFlags::IN);
    let mut fds: Vec<_> = [first].into_iter().chain(fds).collect();
    match poll(&mut fds, Some(&timeout)) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(errno) => return Err(errno.into()),
    }
    waker.clear();
    let told = fds.iter().skip(1).map(|fd| !fd.revents().is_empty());
    Ok(told.collect())
}

fn say(obstacles: &[Obstacle]) -> String {
    let each = obstacles
        .iter()
        .map(|one| format!("{}: {}", one.way.name(), one.error));
    each.collect::<Vec<_>>().join("; ")
}

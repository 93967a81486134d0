//! Which overlay (and fuse-overlayfs) file systems are mounted where, by whom, as it happens.
//!
//! It knows mounts and mount namespaces. Which container a mount is for is `store`'s.
//!
//! A file system is told once in each watched namespace that sees it. Copies that propagation or
//! a new namespace makes have the same [`device`](Mount::device): joining them is for who asks.
//! Mounts of a part of an overlay, such as a bind mount of one folder, are not told.

mod fanotify;
mod known;
mod mountinfo;
mod namespace;
mod options;
mod queue;
mod source;
mod statmount;
mod traced;
mod waker;

pub use source::{Mounts, Obstacle, OpenError, WatchError, Watched, Way};
pub use traced::Mounter;
pub use waker::Waker;

/// Mount namespaces that are watched at most.
pub const NAMESPACES_MAX: usize = 64;

/// A mount, as the kernel describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// `CLOCK_MONOTONIC` when it was noticed, ns.
    pub at: u64,
    /// The kernel's number of it: the unique id (`STATX_MNT_ID_UNIQUE`), else mountinfo's, which
    /// comes back after an unmount.
    pub id: u64,
    /// Major and minor number of the file system: the same for every copy of one mount that
    /// propagation makes.
    pub device: (u32, u32),
    /// Inode number of the mount namespace that it is in.
    pub namespace: u32,
    /// The process that mounted it, in the initial pid namespace; none where that is not told.
    pub mounter: Option<u32>,
    /// `overlay`, `fuse.fuse-overlayfs`, …
    pub kind: String,
    /// What was given as source.
    pub source: String,
    /// The mount point, as that namespace sees it.
    pub target: String,
    /// The lower layers, topmost first, as they were given: maybe relative to a folder that is not
    /// known any more.
    pub lower: Vec<String>,
    /// The upper layer; none for a read-only overlay.
    pub upper: Option<String>,
    /// True if it was there before it was looked for.
    pub already: bool,
}

/// What happened to the mounts of a watched namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// There is one more; or one that was told, with the same id, has another mount point.
    Attached(Mount),
    /// One is gone.
    Detached {
        /// When it was noticed, ns of `CLOCK_MONOTONIC`.
        at: u64,
        /// Its kernel number.
        id: u64,
        /// The namespace that it was in.
        namespace: u32,
    },
    /// So many mounts were gone before they could be looked at: runtimes try out what an overlay
    /// can, and read a container's files by one.
    Gone {
        /// When it was noticed, ns of `CLOCK_MONOTONIC`.
        at: u64,
        /// How many.
        mounts: u64,
    },
    /// So many mounts could not be looked at: there is no room for them, or the kernel's queue was
    /// full (then at least so many).
    Lost {
        /// When it was noticed, ns of `CLOCK_MONOTONIC`.
        at: u64,
        /// How many.
        mounts: u64,
    },
}

/// Whether a mount is the whole of an overlay, by its type, its source and its root.
fn is_overlay(kind: &str, source: &str, root: &str) -> bool {
    // fuse-overlayfs names itself in both; its subtype is missing where fusermount is old.
    let is_fuse = kind == "fuse.fuse-overlayfs" || (kind == "fuse" && source == "fuse-overlayfs");
    (kind == "overlay" || is_fuse) && root == "/"
}

#[cfg(test)]
mod tests;

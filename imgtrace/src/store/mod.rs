//! What the stores on disk say: which container, image and layers a root file system belongs to,
//! and which images there are.
//!
//! An edge: it reads files, each with a bound and without following links out of the store, from
//! the point of view of the process that uses them. It never writes, never takes a lock, and asks
//! no daemon. Each layout on disk is a file of its own.

mod anchor;
mod array;
pub mod bolt;
mod chain;
pub mod containerd;
pub mod containers_storage;
mod contents;
pub mod discover;
pub mod docker;
pub mod inventory;
mod platform;
mod problems;
mod rootfs;
pub mod shelf;
mod view;

pub use anchor::Anchor;
pub use contents::{Contents, Edition};
pub use rootfs::Layouts;
pub use view::{FileVersion, Folder, ReadError, View};

use crate::model::{RootfsIdentity, Store};

/// What was found out about a mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identified {
    /// What it is.
    pub identity: RootfsIdentity,
    /// The store that its layers lie in; none if its root could not be looked at.
    pub store: Option<Store>,
}

//! Who else has a socket: where it lies in its file system, and which paths of a container lead
//! there by a mount of the socket or of a folder around it.
//!
//! It compares mountinfos, and touches no file of the container: what a container has mounted may
//! never answer.

use std::fs;
use std::os::fd::{AsRawFd as _, OwnedFd};

use super::mount_tree::{MountTree, Place, View};
use super::process;
use super::root::{Kind, Root, Walk};
use crate::model::{Listener, ProcessKey};

/// What the kernel adds to the path of a file that was removed (`d_path`).
const REMOVED: &str = " (deleted)";

/// A socket, by where it lies.
#[derive(Clone, Debug)]
pub struct Located {
    place: Place,
    /// The mount namespace of its server, which has it anyway.
    home: u32,
}

/// Where the socket lies that `server` bound as `path`; none if it is not there any more, another
/// one lies there, or it cannot be told.
pub fn locate(server: u32, path: &str, listener: Listener) -> Option<Located> {
    let Walk::Found { inode, file, .. } = Root::of(server)?.walk(path.as_bytes()) else {
        return None;
    };
    let is_other = inode.number.is_some_and(|number| number != listener.inode);
    if inode.kind != Kind::Socket || inode.device != listener.device || is_other {
        return None;
    }
    let place = MountTree::of(server)?.place(&resolved(&file)?)?;
    let device = (listener.device >> 20, listener.device & 0xf_ffff);
    (place.device == device).then(|| Located {
        place,
        home: process::mount_namespace(server),
    })
}

/// The path of an open file in its mount namespace, links resolved.
fn resolved(file: &OwnedFd) -> Option<String> {
    let link = format!("/proc/self/fd/{}", file.as_raw_fd());
    let path = fs::read_link(link)
        .ok()?
        .into_os_string()
        .into_string()
        .ok()?;
    (path.starts_with('/') && !path.ends_with(REMOVED)).then_some(path)
}

/// The mounts that a process in a container has; none if it is gone.
#[derive(Debug)]
pub struct Within {
    tree: MountTree,
    namespace: u32,
}

impl Within {
    /// Reads them.
    pub fn of(key: ProcessKey) -> Option<Self> {
        let within = Self {
            tree: MountTree::of(key.pid)?,
            namespace: process::mount_namespace(key.pid),
        };
        // What was read was of this process if it is still there.
        process::is_alive(key).then_some(within)
    }

    /// Where the process has a socket. Nowhere, if it shares the mount namespace of the server: then
    /// it has it as everybody there has it.
    pub fn views(&self, socket: &Located) -> Vec<View> {
        if self.namespace == socket.home {
            return Vec::new();
        }
        self.tree.views(&socket.place)
    }
}

#[cfg(test)]
mod tests;

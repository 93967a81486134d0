//! From where a store is reached when whoever revealed it is long gone.
//!
//! A descriptor would keep a container's file system from going away when it is unmounted. So a
//! store is reached by its path each time: from the machine's own root if it is there, else from
//! the root of the process that its container, or its user's namespace, lives as long as.

use crate::host::process;
use crate::model::ProcessKey;
use crate::store::{Folder, View};

/// Parents that are looked at.
const PARENTS_MOST: usize = 64;

/// Whose root the path is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// imgtrace's own.
    Own,
    /// This process'.
    Process(ProcessKey),
    /// Nobody's that is known.
    Lost,
}

impl Anchor {
    /// The anchor of the folder that `pid` sees at `path`.
    pub(crate) fn of(pid: u32, path: &str, identity: (u64, u64)) -> Self {
        let own = View::of(std::process::id()).and_then(|view| view.folder(path));
        if own.is_some_and(|own| own.identity().as_ref() == Ok(&identity)) {
            return Self::Own;
        }
        topmost_beside(pid)
            .and_then(process::key)
            .map_or(Self::Lost, Self::Process)
    }

    /// The folder at `path`, if it can be reached.
    pub(crate) fn folder(self, path: &str) -> Option<Folder> {
        let pid = match self {
            Self::Own => std::process::id(),
            Self::Process(key) if process::is_alive(key) => key.pid,
            Self::Process(_) | Self::Lost => return None,
        };
        View::of(pid)?.folder(path)
    }
}

/// The highest ancestor that shares a process' mount namespace, maybe itself.
fn topmost_beside(pid: u32) -> Option<u32> {
    let namespace = mount_namespace(pid)?;
    let mut topmost = pid;
    for _ in 0..PARENTS_MOST {
        let Some(parent) = parent(topmost).filter(|parent| *parent > 1) else {
            break;
        };
        if mount_namespace(parent).as_ref() != Some(&namespace) {
            break;
        }
        topmost = parent;
    }
    Some(topmost)
}

fn mount_namespace(pid: u32) -> Option<std::path::PathBuf> {
    std::fs::read_link(format!("/proc/{pid}/ns/mnt")).ok()
}

fn parent(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before it is in parentheses and may have any character.
    let (_, fields) = stat.rsplit_once(") ")?;
    fields.split(' ').nth(1)?.parse().ok()
}

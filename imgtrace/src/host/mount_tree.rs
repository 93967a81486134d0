//! Paths of one mount namespace as the machine's own root has them: `/var/lib/docker` of a
//! container is `/var/lib/docker/volumes/…/_data` of the machine.
//!
//! It compares two mountinfos and touches no file.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::Read as _;

use crate::mountinfo::{Line, unescape};

/// The most of a mountinfo that is read, in bytes: some ten thousand mounts.
const MOUNTINFO_MAX: u64 = 4 << 20;

/// The most mounts that a path may lead through.
const DEPTH_MAX: usize = 256;

/// The most paths that are told of one place.
pub const VIEWS_MAX: usize = 8;

/// The most mounts that are followed to one place: a container may mount the same folder a thousand
/// times.
const CANDIDATES_MAX: usize = 64;

/// A process whose root is the machine's.
const FIRST_PROCESS: u32 = 1;

/// The mounts that a process sees.
#[derive(Debug)]
pub struct MountTree {
    mounts: Vec<Mount>,
    /// The place among them of the root.
    top: Option<usize>,
    /// The places of those that lie on a mount, by its number. A container may mount a hundred
    /// thousand, and each step down looks only at what lies there.
    on: HashMap<u64, Vec<usize>>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mount {
    id: u64,
    parent: u64,
    device: (u32, u32),
    root: String,
    target: String,
    read_only: bool,
}

/// A place in a file system, whatever mount leads there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Major and minor number of the file system.
    pub device: (u32, u32),
    /// The path below its root, with a slash at its beginning.
    pub path: String,
}

/// Where a tree has a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The path.
    pub path: String,
    /// True if the mount that leads there is read-only.
    pub read_only: bool,
}

impl MountTree {
    /// What a living process sees; none if it is gone or may not be looked at.
    pub fn of(pid: u32) -> Option<Self> {
        let file = File::open(format!("/proc/{pid}/mountinfo")).ok()?;
        let mut text = Vec::new();
        file.take(MOUNTINFO_MAX).read_to_end(&mut text).ok()?;
        Some(Self::parse(&text))
    }

    /// What the machine's first process sees, whose root is the machine's.
    pub fn of_machine() -> Option<Self> {
        Self::of(FIRST_PROCESS)
    }

    fn parse(text: &[u8]) -> Self {
        let mount = |line: Line<'_>| Mount {
            id: line.id,
            parent: line.parent,
            device: line.device,
            root: unescape(line.root),
            target: unescape(line.target),
            read_only: line
                .flags
                .split(|byte| *byte == b',')
                .any(|flag| flag == b"ro"),
        };
        Self::new(Line::all(text).map(mount).collect())
    }

    fn new(mounts: Vec<Mount>) -> Self {
        let ids: HashSet<u64> = mounts.iter().map(|mount| mount.id).collect();
        let is_top = |mount: &Mount| {
            mount.target == "/" && (mount.parent == mount.id || !ids.contains(&mount.parent))
        };
        let mut on: HashMap<u64, Vec<usize>> = HashMap::new();
        for (at, mount) in mounts.iter().enumerate() {
            if mount.parent != mount.id {
                on.entry(mount.parent).or_default().push(at);
            }
        }
        Self {
            top: mounts.iter().position(is_top),
            on,
            mounts,
        }
    }

    /// The path under which `other` sees what this tree has at `path` (absolute, links resolved);
    /// none if it does not see it, or another mount lies above it there.
    pub fn path_in(&self, path: &str, other: &Self) -> Option<String> {
        let mount = self.at(path)?;
        let inside = join(&mount.root, below(path, &mount.target)?);
        other.mounts.iter().find_map(|candidate| {
            let is_same = candidate.device == mount.device;
            let rest = is_same.then(|| below(&inside, &candidate.root)).flatten()?;
            let found = join(&candidate.target, rest);
            other
                .at(&found)
                .is_some_and(|seen| seen.id == candidate.id)
                .then_some(found)
        })
    }

    /// The same for a mount point: where `other` has the mount, else where it has the folder that
    /// the mount lies on.
    pub fn mount_point_in(&self, target: &str, other: &Self) -> Option<String> {
        self.path_in(target, other).or_else(|| {
            let (folder, name) = target.rsplit_once('/')?;
            let folder = if folder.is_empty() { "/" } else { folder };
            Some(join(&self.path_in(folder, other)?, name))
        })
    }

    /// The place in a file system that a path (absolute, links resolved) leads to.
    pub fn place(&self, path: &str) -> Option<Place> {
        let mount = self.at(path)?;
        Some(Place {
            device: mount.device,
            path: join(&mount.root, below(path, &mount.target)?),
        })
    }

    /// Every path under which this tree has a place, at most [`VIEWS_MAX`], without those that lie
    /// below another mount. A place that was removed and made anew is not the one that a mount of the
    /// old one shows (its root ends in `//deleted`).
    pub fn views(&self, place: &Place) -> Vec<View> {
        let leads_there = self
            .mounts
            .iter()
            .filter(|mount| mount.device == place.device);
        let paths = leads_there.filter_map(|mount| {
            let rest = below(&place.path, &mount.root)?;
            Some((mount, join(&mount.target, rest)))
        });
        let seen = paths.take(CANDIDATES_MAX).filter(|(mount, path)| {
            let at = self.at(path);
            at.is_some_and(|at| at.id == mount.id)
        });
        let views = seen.map(|(mount, path)| View {
            path,
            read_only: mount.read_only,
        });
        views.take(VIEWS_MAX).collect()
    }

    /// The mount that a path leads to, found as the kernel walks: from the root, at each step
    /// into the mount that comes first on the way.
    fn at(&self, path: &str) -> Option<&Mount> {
        let mut mount = self.mounts.get(self.top?)?;
        for _ in 0..DEPTH_MAX {
            let children = self.on.get(&mount.id).into_iter().flatten();
            let children = children.filter_map(|at| self.mounts.get(*at));
            let on_the_way = children.filter(|child| below(path, &child.target).is_some());
            let Some(next) = on_the_way.min_by_key(|child| child.target.len()) else {
                return Some(mount);
            };
            mount = next;
        }
        None
    }
}

/// What of `path` is below `folder`, without a slash at its beginning; none if it is elsewhere.
fn below<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(folder.trim_end_matches('/'))?;
    if rest.is_empty() {
        return Some(rest);
    }
    rest.strip_prefix('/')
}

fn join(folder: &str, rest: &str) -> String {
    let folder = folder.trim_end_matches('/');
    if rest.is_empty() && !folder.is_empty() {
        return folder.to_owned();
    }
    format!("{folder}/{rest}")
}

#[cfg(test)]
mod tests;

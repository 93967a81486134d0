//! A process' own view of the file tree: what a path leads to there, and through what.
//!
//! It resolves a path inside the process' root and mount namespace as the kernel would for that
//! process, one component at a time, because a refused connection is explained by the permissions
//! of every folder on the way, and because a file system that answers from user space or from the
//! network must never be asked: it could hold imgtrace for ever. It judges nothing.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::sync::{Mutex, PoisonError};

use rustix::fs::{CWD, Mode, OFlags, openat, readlinkat};
use rustix::io::Errno;

mod inode;
mod mounts;

pub use inode::{Acl, AclEntry, AclTag, Inode, Kind};
use mounts::{Mount, Mounts};

/// The most components that are looked up for one path, those of symbolic links included.
const COMPONENTS_MAX: usize = 256;

/// The most symbolic links that are followed: the kernel's `MAXSYMLINKS`.
const SYMLINKS_MAX: u32 = 40;

/// The sticky bit and the others' write bit: where `fs.protected_symlinks` may refuse a link.
const STICKY_WRITABLE: u32 = 0o1002;

/// A process' root, working directory and mounts, held open: they can be asked when the process
/// is gone. They keep its mount namespace from going away, so they are not to be held for long.
#[derive(Debug)]
pub struct Root {
    top: OwnedFd,
    cwd: Option<OwnedFd>,
    mountinfo: File,
    /// What it said when it was read last. The kernel may take seconds to write it while containers
    /// start, so it is read again only for a mount that is not in there.
    mounts: Mutex<Option<Mounts>>,
}

/// What a path led to.
#[derive(Debug)]
pub enum Walk {
    /// There is something.
    Found {
        /// The folders in which a name was looked up, in order.
        folders: Vec<Inode>,
        /// What the path leads to.
        inode: Inode,
        /// It, opened with `O_PATH`.
        file: OwnedFd,
    },
    /// The last folder has no such name (`ENOENT`), or a link leads nowhere.
    Missing {
        /// The folders in which a name was looked up; the last one lacks it.
        folders: Vec<Inode>,
    },
    /// It cannot be told: a file system that is not asked, a magic link, an abstract name, a loop.
    Unknown,
}

impl Root {
    /// The view of a living process; null if it is gone or may not be looked at.
    pub fn of(pid: u32) -> Option<Self> {
        let folder = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let open = |name: &str| openat(CWD, format!("/proc/{pid}/{name}"), folder, Mode::empty());
        Some(Self {
            top: open("root").ok()?,
            cwd: open("cwd").ok(),
            mountinfo: File::open(format!("/proc/{pid}/mountinfo")).ok()?,
            mounts: Mutex::default(),
        })
    }

    /// The mount with this number or of this device; null if it is not of a local file system.
    fn mount(&self, id: u64, device: (u32, u32)) -> Option<Mount> {
        let mut mounts = self.mounts.lock().unwrap_or_else(PoisonError::into_inner);
        let known = mounts.as_ref().and_then(|mounts| mounts.same(id, device));
        if known.is_some() {
            return known;
        }
        mounts
            .insert(Mounts::read(&self.mountinfo)?)
            .local(id, device)
    }

    /// Follows `path`, bytes as in `sun_path`; a relative one starts in the working directory.
    pub fn walk(&self, path: &[u8]) -> Walk {
        Walker::begin(self, path)
            .and_then(Walker::run)
            .unwrap_or(Walk::Unknown)
    }

    /// Opens a regular file for reading; null if it is none, or cannot be reached safely.
    pub fn open(&self, path: &str) -> Option<File> {
        let Walk::Found { inode, file, .. } = self.walk(path.as_bytes()) else {
            return None;
        };
        (inode.kind == Kind::File)
            .then(|| File::open(inode::link_of(&file)).ok())
            .flatten()
    }
}

/// One path on its way.
struct Walker<'a> {
    root: &'a Root,
    start: &'a OwnedFd,
    /// The folders from the start down to where the walk stands; the kernel's `..` is this.
    stack: Vec<(OwnedFd, Inode)>,
    todo: VecDeque<Vec<u8>>,
    folders: Vec<Inode>,
    links: u32,
    absolute: bool,
}

impl<'a> Walker<'a> {
    fn begin(root: &'a Root, path: &[u8]) -> Option<Self> {
        let absolute = path.starts_with(b"/");
        // A name that ends in a slash must be a folder, and an empty or abstract one is no path.
        if path.is_empty() || path.ends_with(b"/") || path.contains(&0) {
            return None;
        }
        let start = if absolute {
            &root.top
        } else {
            root.cwd.as_ref()?
        };
        let mut walker = Self {
            root,
            start,
            stack: Vec::new(),
            todo: VecDeque::new(),
            folders: Vec::new(),
            links: 0,
            absolute,
        };
        walker.push(path)?;
        walker.restart(start)?;
        Some(walker)
    }

    fn restart(&mut self, start: &OwnedFd) -> Option<()> {
        let start = start.try_clone().ok()?;
        let inode = inode::look(&start, self.root)?;
        self.stack.clear();
        self.stack.push((start, inode));
        Some(())
    }

    /// Puts the components of `path` in front of what is still to be looked up.
    fn push(&mut self, path: &[u8]) -> Option<()> {
        for part in path.rsplit(|byte| *byte == b'/') {
            if !part.is_empty() {
                self.todo.push_front(part.to_vec());
            }
        }
        (self.folders.len() + self.todo.len() <= COMPONENTS_MAX).then_some(())
    }

    fn run(mut self) -> Option<Walk> {
        while let Some(name) = self.todo.pop_front() {
            let (folder, inode) = self.stack.last()?;
            if inode.kind != Kind::Folder {
                return None;
            }
            self.folders.push(inode.clone());
            match name.as_slice() {
                b"." => continue,
                b".." => {
                    self.up()?;
                    continue;
                }
                _ => {}
            }
            let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            match openat(folder, OsStr::from_bytes(&name), flags, Mode::empty()) {
                Ok(file) => self.enter(file)?,
                Err(Errno::NOENT) => {
                    let folders = self.folders;
                    return Some(Walk::Missing { folders });
                }
                Err(_) => return None,
            }
        }
        let (file, inode) = self.stack.pop()?;
        Some(Walk::Found {
            folders: self.folders,
            inode,
            file,
        })
    }

    fn up(&mut self) -> Option<()> {
        if self.stack.len() > 1 {
            self.stack.pop();
            return Some(());
        }
        // Above the root there is the root. Above a working directory there is a folder whose way
        // down from the root is not known here.
        self.absolute.then_some(())
    }

    fn enter(&mut self, file: OwnedFd) -> Option<()> {
        let inode = inode::look(&file, self.root)?;
        if inode.kind == Kind::Link {
            return self.follow(&file, &inode);
        }
        self.stack.push((file, inode));
        Some(())
    }

    fn follow(&mut self, link: &OwnedFd, inode: &Inode) -> Option<()> {
        let (_, folder) = self.stack.last()?;
        // fs/namei.c may_follow_link(): the sysctl may make this an EACCES.
        let protected = folder.mode & STICKY_WRITABLE == STICKY_WRITABLE && inode.uid != folder.uid;
        self.links += 1;
        if protected || self.links > SYMLINKS_MAX {
            return None;
        }
        let target = readlinkat(link, c"", Vec::new()).ok()?;
        let target = target.as_bytes();
        if target.is_empty() || (target.ends_with(b"/") && self.todo.is_empty()) {
            return None;
        }
        if target.starts_with(b"/") {
            self.absolute = true;
            self.start = &self.root.top;
            self.restart(self.start)?;
        }
        self.push(target)
    }
}

#[cfg(test)]
mod tests;

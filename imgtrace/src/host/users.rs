//! Names of users and groups, from the passwd and group files of the root that they belong to.
//!
//! It reads files and nothing else: what LDAP, sssd or systemd's dynamic users would add through
//! the name service switch stays a number.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;

use super::process;
use super::root::Root;
use crate::model::ProcessKey;

/// The most of a passwd or group file that is read, in bytes.
const FILE_MAX: u64 = 1 << 20;

/// The most files that are remembered; then all but the host's are forgotten and read again.
const FILES_MAX: usize = 64;

/// Processes whose root is the host's, as folders of `/proc`: the first, also where imgtrace runs
/// in a container that shares the host's pid namespace; imgtrace itself where the first has rights
/// that imgtrace lacks and may not be looked at (ptrace(2), "access mode checking").
const HOSTS: [&str; 2] = ["1", "self"];

/// Which of the two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum List {
    Users,
    Groups,
}

impl List {
    const fn path(self) -> &'static str {
        match self {
            Self::Users => "/etc/passwd",
            Self::Groups => "/etc/group",
        }
    }
}

/// One version of one file: what it was read as stays true as long as this is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Version {
    device: u64,
    inode: u64,
    size: u64,
    changed: (i64, i64),
}

/// A process, as far as it decides whose names are meant.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Which process.
    pub key: ProcessKey,
    /// Inode number of its mount namespace, 0 where unknown.
    pub mount_ns: u32,
    /// Inode number of its user namespace, 0 where unknown.
    pub user_ns: u32,
}

/// What was read of passwd and group files.
#[derive(Debug)]
pub struct Users {
    host: &'static str,
    files: HashMap<(List, Version), HashMap<u32, String>>,
}

impl Users {
    /// Knows no file yet.
    pub fn new() -> Self {
        let host = HOSTS.iter().find(|host| root(host).is_some());
        Self {
            host: host.copied().unwrap_or("self"),
            files: HashMap::new(),
        }
    }

    /// The name of `uid` in the host's passwd.
    ///
    /// Null for a process of another user namespace, whose uid may mean somebody else there, or of
    /// another root, which has a passwd of its own: a name would lead astray.
    pub fn user(&mut self, place: Place, uid: u32) -> Option<String> {
        if !self.is_of_host(place) {
            return None;
        }
        self.host(List::Users, uid)
    }

    /// The name of a file's owner: in the passwd of the root of `server`, the daemon that made the
    /// file, else in the host's.
    pub fn owner(&mut self, server: Option<u32>, uid: u32) -> Option<String> {
        self.in_root(List::Users, server, uid)
    }

    /// The name of a file's group, likewise.
    pub fn group(&mut self, server: Option<u32>, gid: u32) -> Option<String> {
        self.in_root(List::Groups, server, gid)
    }

    /// Whether the host's passwd speaks of a process: same user namespace, same root.
    fn is_of_host(&self, place: Place) -> bool {
        let is_host = |kind, inode: u32| inode != 0 && process::namespace(self.host, kind) == inode;
        let same_root = self.is_host_root(place.key.pid);
        is_host("user", place.user_ns)
            && if process::is_alive(place.key) {
                same_root
            } else {
                // A root within the host's mount namespace is nearly always the host's.
                is_host("mnt", place.mount_ns)
            }
    }

    fn is_host_root(&self, pid: u32) -> bool {
        let place = root(&pid.to_string());
        place.is_some() && place == root(self.host)
    }

    fn in_root(&mut self, list: List, server: Option<u32>, id: u32) -> Option<String> {
        let elsewhere = server.filter(|pid| !self.is_host_root(*pid));
        let Some(root) = elsewhere.and_then(Root::of) else {
            return self.host(list, id);
        };
        let name = root
            .open(list.path())
            .and_then(|file| self.look_up(list, file, id));
        name.or_else(|| self.host(list, id))
    }

    fn host(&mut self, list: List, id: u32) -> Option<String> {
        let path = list.path();
        let file = File::open(format!("/proc/{}/root{path}", self.host)).ok()?;
        self.look_up(list, file, id)
    }

    fn look_up(&mut self, list: List, file: File, id: u32) -> Option<String> {
        let version = version(&file)?;
        if !self.files.contains_key(&(list, version)) {
            if self.files.len() >= FILES_MAX {
                self.files.clear();
            }
            self.files.insert((list, version), read(file)?);
        }
        self.files.get(&(list, version))?.get(&id).cloned()
    }
}

impl Default for Users {
    fn default() -> Self {
        Self::new()
    }
}

fn version(file: &File) -> Option<Version> {
    let data = file.metadata().ok()?;
    data.is_file().then(|| Version {
        device: data.dev(),
        inode: data.ino(),
        size: data.size(),
        changed: (data.ctime(), data.ctime_nsec()),
    })
}

/// `name:x:ID:…`, as passwd(5) and group(5) both have it; the first line of an id counts.
fn read(file: File) -> Option<HashMap<u32, String>> {
    let mut bytes = Vec::new();
    file.take(FILE_MAX).read_to_end(&mut bytes).ok()?;
    let mut names = HashMap::new();
    for line in String::from_utf8_lossy(&bytes).lines() {
        let mut fields = line.split(':');
        let (name, id) = (fields.next(), fields.nth(1));
        if let (Some(name), Some(Ok(id))) = (name, id.map(str::parse)) {
            names.entry(id).or_insert_with(|| name.to_owned());
        }
    }
    Some(names)
}

/// Device and inode of a process' root.
fn root(process: &str) -> Option<(u64, u64)> {
    let data = std::fs::metadata(format!("/proc/{process}/root")).ok()?;
    Some((data.dev(), data.ino()))
}

#[cfg(test)]
mod tests;

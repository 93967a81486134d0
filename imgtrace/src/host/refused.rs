//! Why a connect(2) to a runtime's socket was refused, told from what the caller's root shows.
//!
//! The hook that sees the attempt does not see its result, and that no connection appeared proves
//! nothing: a busy daemon accepts late. So it speaks only on positive evidence – no such file, no
//! listener, or a mode that forbids it – and only if nothing there has changed since. What a
//! security module refuses it cannot see.

use std::collections::HashSet;

use super::permission::{Answer, Credentials, Namespace};
use super::root::{Inode, Kind, Root, Walk};
use super::users::Users;
use super::{process, runtimes, socket_file};
use crate::model::{Denial, EndpointId, Listener, Process, Runtime, Stamp};

mod view;

/// An endpoint, watched or gone, as far as a refusal may be about it.
#[derive(Clone, Debug)]
pub struct Known {
    /// Which one.
    pub id: EndpointId,
    /// The daemon behind it.
    pub runtime: Runtime,
    /// The path that the daemon bound.
    pub path: String,
    /// The kernel's identity of its listener.
    pub listener: Listener,
    /// Inode number of the mount namespace in which it was bound, 0 where unknown.
    pub mount_ns: u32,
    /// The daemon's pid, where it is known and lives.
    pub server: Option<u32>,
}

/// The sockets of the machine.
#[derive(Clone, Copy, Debug)]
pub struct Sockets<'a> {
    /// Every unix socket that was listening at some time since the attempt, of every namespace,
    /// runtime's or not. If it is not complete, a refusal may be told that was none.
    pub listening: &'a HashSet<Listener>,
    /// The endpoints of this run.
    pub known: &'a [Known],
}

/// A refused connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The endpoint, where it is known.
    pub endpoint: Option<EndpointId>,
    /// The runtime that the endpoint or the path names.
    pub runtime: Runtime,
    /// Why, and what would help.
    pub denial: Denial,
}

/// One connect(2), with all that is needed to judge it later.
///
/// To be made as soon as the kernel has told of it, since the caller may be gone in a moment, and
/// to be dropped soon, since it holds the caller's mount namespace.
#[derive(Debug)]
pub struct Attempt {
    root: Root,
    path: Vec<u8>,
    at: Stamp,
    mount_ns: u32,
    who: Option<Credentials>,
}

/// What the file system says of an attempt, before it is told to anybody.
enum Evidence {
    /// `ENOENT`.
    Missing,
    /// `ECONNREFUSED`: no socket, or nobody listens.
    NoListener(Inode),
    /// `EACCES`.
    Forbidden(Inode),
}

/// The user namespace with the inode number `inode`, as the kernel gave it for the process `pid`:
/// what its capabilities are worth. To be asked while the process lives, unless it is the first.
pub fn user_namespace(inode: u32, pid: u32) -> Namespace {
    view::namespace(inode, pid)
}

impl Attempt {
    /// Remembers that `caller` tried `path` (`sun_path` without the NULs at its end) at `at`.
    ///
    /// `who` are the rights that the kernel saw; without them those of `/proc` are taken. If the
    /// caller is gone, another process of its mount namespace stands in: an ancestor, else any.
    /// Null if there is none, or if it may not be looked at.
    pub fn new(caller: &Process, path: &[u8], at: Stamp, who: Option<Credentials>) -> Option<Self> {
        let who = who.or_else(|| {
            let status = process::status(caller.key)?;
            let user_ns = process::namespace(caller.key.pid, "user");
            Some(Credentials::new(
                status,
                view::namespace(user_ns, caller.key.pid),
            ))
        });
        Some(Self {
            root: view::root(caller, path)?,
            path: path.to_vec(),
            at,
            mount_ns: caller.mount_ns,
            who,
        })
    }

    /// The refusal that follows from what there is; null if it does not follow, or if it is about
    /// no runtime.
    pub fn judge(&self, sockets: Sockets<'_>, users: &mut Users) -> Option<Refusal> {
        let walk = self.root.walk(&self.path);
        let evidence = self.evidence(&walk, sockets.listening)?;
        let known = self.known(&evidence, sockets.known);
        let runtime = known
            .map(|known| known.runtime)
            .or_else(|| self.owner(&evidence))?;
        let server = known.and_then(|known| known.server);
        Some(Refusal {
            endpoint: known.map(|known| known.id),
            runtime,
            denial: match evidence {
                Evidence::Missing => denial("ENOENT"),
                Evidence::NoListener(_) => denial("ECONNREFUSED"),
                Evidence::Forbidden(_) => self.forbidden(&walk, server, users),
            },
        })
    }

    /// The runtime that the path names. A file that is not there is a runtime's only where it would
    /// be by default.
    fn owner(&self, evidence: &Evidence) -> Option<Runtime> {
        let path = String::from_utf8_lossy(&self.path);
        match evidence {
            Evidence::Missing => runtimes::of_default(&path),
            Evidence::NoListener(_) | Evidence::Forbidden(_) => runtimes::of_path(&path),
        }
    }

    /// What is to be said of an attempt whose result the kernel has told: for `EACCES`, the
    /// socket's file and the group that would help.
    pub fn explain(&self, errno: &str, server: Option<u32>, users: &mut Users) -> Denial {
        if errno == "EACCES" {
            self.forbidden(&self.root.walk(&self.path), server, users)
        } else {
            denial(errno)
        }
    }

    fn evidence(&self, walk: &Walk, listening: &HashSet<Listener>) -> Option<Evidence> {
        let (folders, inode) = match walk {
            Walk::Found { folders, inode, .. } => (folders, Some(inode)),
            Walk::Missing { folders } => (folders, None),
            Walk::Unknown => return None,
        };
        let (answer, obstacle) = self.may(folders, inode);
        let evidence = match (answer, obstacle, inode) {
            (Answer::Unknown, ..) => return None,
            (Answer::No, obstacle, inode) => {
                if self.is_newer(obstacle?) {
                    return None;
                }
                // A name that may not even be looked up is refused whatever it leads to.
                return Some(Evidence::Forbidden(inode.or(obstacle)?.clone()));
            }
            (Answer::Yes, _, None) => Evidence::Missing,
            (Answer::Yes, _, Some(inode)) => {
                if inode.kind == Kind::Socket && may_listen(inode, listening) {
                    return None;
                }
                Evidence::NoListener(inode.clone())
            }
        };
        // The name may have come, gone or been replaced since.
        let unchanged = folders.last().is_none_or(|folder| !self.is_newer(folder));
        unchanged.then_some(evidence)
    }

    fn may<'a>(
        &self,
        folders: &'a [Inode],
        socket: Option<&'a Inode>,
    ) -> (Answer, Option<&'a Inode>) {
        match &self.who {
            Some(who) => socket_file::may_connect(who, folders, socket),
            None => (Answer::Unknown, None),
        }
    }

    fn is_newer(&self, inode: &Inode) -> bool {
        inode.changed > self.at.wall
    }

    /// The endpoint that the attempt was about: by the socket's identity, else by the path that
    /// was bound in the same mount namespace.
    fn known<'a>(&self, evidence: &Evidence, known: &'a [Known]) -> Option<&'a Known> {
        let inode = match evidence {
            Evidence::Missing => None,
            Evidence::NoListener(inode) | Evidence::Forbidden(inode) => Some(inode),
        };
        let by_identity = inode
            .and_then(listener)
            .and_then(|listener| known.iter().rfind(|known| known.listener == listener));
        let path = String::from_utf8_lossy(&self.path);
        let same_path = |known: &&Known| {
            crate::model::canonical(&known.path) == crate::model::canonical(&path)
                && known.mount_ns != 0
                && known.mount_ns == self.mount_ns
        };
        by_identity.or_else(|| known.iter().rfind(same_path))
    }

    fn forbidden(&self, walk: &Walk, server: Option<u32>, users: &mut Users) -> Denial {
        let mut denial = denial("EACCES");
        let Walk::Found { folders, inode, .. } = walk else {
            return denial;
        };
        let file = socket_file::describe(inode, server, users);
        let needed = self
            .who
            .as_ref()
            .and_then(|who| socket_file::needed_group(who, folders, inode));
        denial.needed_gid = needed;
        denial.needed_group =
            needed.map(|gid| users.group(server, gid).unwrap_or_else(|| gid.to_string()));
        denial.socket_mode = Some(format!("{:04o}", file.mode));
        denial.socket_owner = Some(file.owner.unwrap_or_else(|| file.uid.to_string()));
        denial.socket_group = Some(file.group.unwrap_or_else(|| file.gid.to_string()));
        denial
    }
}

/// Whether somebody may be listening on the socket `inode`. Where its number is not the kernel's,
/// anybody who listens on the same file system may be that one.
fn may_listen(inode: &Inode, listening: &HashSet<Listener>) -> bool {
    match listener(inode) {
        Some(listener) => listening.contains(&listener),
        None => listening.iter().any(|other| other.device == inode.device),
    }
}

fn listener(inode: &Inode) -> Option<Listener> {
    Some(Listener {
        device: inode.device,
        inode: inode.number?,
    })
}

fn denial(errno: &str) -> Denial {
    Denial {
        errno: errno.to_owned(),
        ..Denial::default()
    }
}

#[cfg(test)]
mod tests;

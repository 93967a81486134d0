//! The file of a daemon's socket: what decides who may connect, and what it is called.

use std::collections::BTreeSet;

use super::permission::{Answer, Credentials, Want};
use super::root::{Acl, AclTag, Inode, Kind, Root, Walk};
use super::users::Users;
use crate::model::{Listener, SocketFile};

/// The file of a socket that `server` bound as `path`; null where it cannot be looked at.
pub fn of_server(server: u32, path: &str, users: &mut Users) -> Option<SocketFile> {
    match Root::of(server)?.walk(path.as_bytes()) {
        Walk::Found { inode, .. } if inode.kind == Kind::Socket => {
            Some(describe(&inode, Some(server), users))
        }
        _ => None,
    }
}

/// What the socket that `server` bound as `path` is called now, if that is one of `names` in the
/// same folder; null where it has kept its name, or nothing can be said.
///
/// cri-dockerd binds a temporary name and renames the file (`CreateListener` of Kubernetes'
/// `pkg/kubelet/util/util_unix.go`), so that the path in the kernel is nobody's.
pub fn renamed(server: u32, path: &str, listener: Listener, names: &[&str]) -> Option<String> {
    let root = Root::of(server)?;
    let is_it = |path: &str| {
        let Walk::Found { inode, .. } = root.walk(path.as_bytes()) else {
            return false;
        };
        (inode.device, inode.number) == (listener.device, Some(listener.inode))
    };
    let (folder, _) = path.rsplit_once('/').filter(|_| path.starts_with('/'))?;
    if is_it(path) {
        return None;
    }
    let mut others = names.iter().map(|name| format!("{folder}/{name}"));
    others.find(|other| is_it(other))
}

/// Describes a socket's file, with the names that the root of `server` (else the host) gives.
pub(super) fn describe(inode: &Inode, server: Option<u32>, users: &mut Users) -> SocketFile {
    SocketFile {
        mode: inode.mode & 0o777,
        uid: inode.uid,
        gid: inode.gid,
        owner: users.owner(server, inode.uid),
        group: users.group(server, inode.gid),
    }
}

/// Whether a process may reach and connect to a socket: to search every folder and to write the
/// socket's file. The file at which a `No` or the first `Unknown` fell comes with it.
pub(super) fn may_connect<'a>(
    who: &Credentials,
    folders: &'a [Inode],
    socket: Option<&'a Inode>,
) -> (Answer, Option<&'a Inode>) {
    let steps = folders.iter().map(|folder| (folder, Want::Search));
    let last = socket.map(|socket| (socket, Want::Write));
    steps
        .chain(last)
        .map(|(inode, want)| (who.may(inode, want), Some(inode)))
        .find(|(answer, _)| *answer != Answer::Yes)
        .unwrap_or((Answer::Yes, None))
}

/// The group whose members may connect, for somebody who may not: the socket's own, or one that a
/// folder or an ACL names; null if no one group is enough.
pub(super) fn needed_group(who: &Credentials, folders: &[Inode], socket: &Inode) -> Option<u32> {
    let others: BTreeSet<u32> = folders.iter().chain([socket]).flat_map(groups).collect();
    std::iter::once(socket.gid).chain(others).find(|gid| {
        who.with_group(*gid)
            .is_some_and(|who| may_connect(&who, folders, Some(socket)).0 == Answer::Yes)
    })
}

/// The groups that a file's mode or ACL gives rights of their own.
fn groups(inode: &Inode) -> Vec<u32> {
    let named: &[_] = match &inode.acl {
        Acl::Entries(entries) => entries,
        Acl::None | Acl::Unknown => &[],
    };
    let named = named.iter().filter_map(|entry| match entry.tag {
        AclTag::Group(id) => Some(id),
        _ => None,
    });
    named.chain([inode.gid]).collect()
}

#[cfg(test)]
mod tests;

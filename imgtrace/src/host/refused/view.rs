//! Through whose eyes an attempt is looked at when its caller may be gone already.

use crate::host::permission::{Namespace, Range};
use crate::host::process;
use crate::host::root::{Root, Walk};
use crate::model::Process;

/// The most processes that are looked at for one of the caller's mount namespace.
const SCAN_MAX: usize = 4096;

/// `PROC_USER_INIT_INO` (`include/linux/proc_ns.h`).
const INITIAL_USER_NS: u32 = 0xEFFF_FFFD;

/// The caller's root, else that of another process in its mount namespace.
pub(super) fn root(caller: &Process, path: &[u8]) -> Option<Root> {
    if let Some(root) = Root::of(caller.key.pid)
        && process::is_alive(caller.key)
    {
        return Some(root);
    }
    // Nobody else stands where the caller stood.
    if !path.starts_with(b"/") || caller.mount_ns == 0 {
        return None;
    }
    let above = caller
        .ancestors
        .iter()
        .filter(|ancestor| process::is_alive(ancestor.key))
        .map(|ancestor| ancestor.key.pid);
    above
        .chain(processes())
        .filter(|pid| process::namespace(pid, "mnt") == caller.mount_ns)
        .filter_map(Root::of)
        .find(|root| has_program(root, caller))
}

/// Whether the caller's program is where its path says: a root that it had changed is another one.
fn has_program(root: &Root, caller: &Process) -> bool {
    caller
        .exe
        .as_ref()
        .is_none_or(|path| matches!(root.walk(path.as_bytes()), Walk::Found { .. }))
}

fn processes() -> impl Iterator<Item = u32> {
    std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .take(SCAN_MAX)
}

/// The user namespace with the inode number `inode`, read through `pid`, a process in it.
pub(super) fn namespace(inode: u32, pid: u32) -> Namespace {
    if inode == INITIAL_USER_NS {
        return Namespace::Initial;
    }
    let maps = (ranges(pid, "uid_map"), ranges(pid, "gid_map"));
    match maps {
        // Read last: then the maps were of a process in that namespace.
        (Some(users), Some(groups)) if inode != 0 && process::namespace(pid, "user") == inode => {
            Namespace::Mapped { users, groups }
        }
        _ => Namespace::Unknown,
    }
}

/// `INSIDE OUTSIDE COUNT` lines, the second as the reader's namespace has it
/// (`user_namespaces(7)`).
fn ranges(pid: u32, name: &str) -> Option<Vec<Range>> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/{name}")).ok()?;
    text.lines()
        .map(|line| {
            let mut numbers = line.split_ascii_whitespace().skip(1).map(str::parse);
            Some(Range {
                first: numbers.next()?.ok()?,
                count: numbers.next()?.ok()?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests;

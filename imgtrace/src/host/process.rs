//! A process as `/proc` describes it, some time after the kernel could have done it better.
//!
//! The second choice: what the kernel side saw at exec or connect is current, this is late. It
//! knows nothing of containers; the cgroup names that it hands on tell those.

use std::fmt::Display;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;

use procfs::process::{Process as Proc, Stat};

use super::users::{Place, Users};
use super::{arguments, arguments::Arguments};
use crate::model::{Ancestor, Cgroups, Process, ProcessKey, Source};

mod cgroups;
mod status;

pub use status::Status;

/// The most ancestors that are told, as the kernel side walks no more.
pub const ANCESTORS_MAX: usize = 32;

/// The most of a small file of `/proc/PID` that is read, in bytes.
const FILE_MAX: u64 = 64 << 10;

/// The most processes that are looked at in one go.
const GLANCES_MAX: usize = 65_536;

/// How often a process is described anew because it called execve(2) meanwhile.
const TRIES: u32 = 3;

/// What names the process `pid`; null if there is none.
pub fn key(pid: u32) -> Option<ProcessKey> {
    Some(key_of(&open(pid)?.stat().ok()?, pid))
}

/// Whether the process that `key` names is still there, be it only for its parent to wait for.
pub fn is_alive(key: ProcessKey) -> bool {
    self::key(key.pid) == Some(key)
}

/// Whether the process that `key` names still runs. A zombie is there, but holds no files any more.
pub fn is_running(key: ProcessKey) -> bool {
    let stat = open(key.pid).and_then(|proc| proc.stat().ok());
    stat.is_some_and(|stat| key_of(&stat, key.pid) == key && !matches!(stat.state, 'Z' | 'X'))
}

/// What of a process is cheap to read: two small files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glance {
    /// Its identity.
    pub key: ProcessKey,
    /// Its name, at most 15 bytes.
    pub comm: String,
    /// Its control groups.
    pub cgroups: Cgroups,
}

/// A glance at every process there is, at most [`GLANCES_MAX`]; in no order.
pub fn all() -> impl Iterator<Item = Glance> {
    let folders = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = folders.filter_map(|folder| folder.file_name().to_str()?.parse().ok());
    pids.take(GLANCES_MAX).filter_map(|pid: u32| {
        let proc = open(pid)?;
        let stat = proc.stat().ok()?;
        Some(Glance {
            key: key_of(&stat, pid),
            comm: stat.comm,
            cgroups: cgroups::parse(&text(&proc, "cgroup")?),
        })
    })
}

/// Whose rights the process that `key` names has now; null if it is gone.
pub fn status(key: ProcessKey) -> Option<Status> {
    let proc = open(key.pid)?;
    let own = key_of(&proc.stat().ok()?, key.pid) == key;
    own.then(|| Status::parse(&text(&proc, "status")?))
        .flatten()
}

/// Describes the process `pid`; null if it is gone, or was replaced by another meanwhile.
///
/// `/proc/PID` stays bound to one process while it is open, so the parts belong together.
pub fn describe(pid: u32, users: &mut Users) -> Option<Process> {
    let proc = open(pid)?;
    let mut before = proc.stat().ok()?;
    for _ in 0..TRIES {
        let process = read(&proc, &before, pid, users)?;
        // What was read by path was of this process if it is still there.
        let after = proc.stat().ok()?;
        if after.comm == before.comm && after.starttime == before.starttime {
            return Some(process);
        }
        before = after;
    }
    None
}

fn open(pid: u32) -> Option<Proc> {
    Proc::new(i32::try_from(pid).ok()?).ok()
}

fn key_of(stat: &Stat, pid: u32) -> ProcessKey {
    ProcessKey {
        pid,
        start: stat.starttime,
    }
}

fn read(proc: &Proc, stat: &Stat, pid: u32, users: &mut Users) -> Option<Process> {
    let status = Status::parse(&text(proc, "status")?)?;
    let Arguments { words, cut } = command_line(proc);
    let key = key_of(stat, pid);
    let mount_ns = namespace(pid, "mnt");
    let place = Place {
        key,
        mount_ns,
        user_ns: namespace(pid, "user"),
    };
    Some(Process {
        key,
        comm: stat.comm.clone(),
        exe: exe(proc),
        // A kernel thread and a zombie have none.
        args: (!words.is_empty()).then_some(words),
        args_cut: cut,
        uid: status.uid,
        gid: status.gid,
        user: users.user(place, status.uid),
        ancestors: ancestors(stat),
        cgroups: text(proc, "cgroup").map_or_else(Cgroups::default, |text| cgroups::parse(&text)),
        mount_ns,
        pid_ns: namespace(pid, "pid"),
        source: Source::Proc,
    })
}

fn exe(proc: &Proc) -> Option<String> {
    let path = proc.exe().ok()?.to_string_lossy().into_owned();
    // The kernel's mark of a program that was replaced or removed while it runs.
    Some(match path.strip_suffix(" (deleted)") {
        Some(path) => path.to_owned(),
        None => path,
    })
}

fn command_line(proc: &Proc) -> Arguments {
    let most = u64::try_from(arguments::TOTAL).unwrap_or(u64::MAX);
    let raw = proc
        .open_relative("cmdline")
        .ok()
        .and_then(|file| bytes(file, most + 1));
    arguments::mask(&raw.unwrap_or_default(), false)
}

/// The processes above, parent first; it stops where one is gone or has been replaced.
fn ancestors(stat: &Stat) -> Vec<Ancestor> {
    let mut found = Vec::new();
    let (mut parent, mut born) = (stat.ppid, stat.starttime);
    while found.len() < ANCESTORS_MAX {
        let Some((pid, stat)) = u32::try_from(parent)
            .ok()
            .filter(|pid| *pid != 0)
            .and_then(|pid| Some((pid, open(pid)?.stat().ok()?)))
        else {
            break;
        };
        // A parent is never younger than its child: this is another process with its number.
        if stat.starttime > born {
            break;
        }
        (parent, born) = (stat.ppid, stat.starttime);
        found.push(Ancestor {
            key: key_of(&stat, pid),
            comm: stat.comm,
        });
    }
    found
}

/// Inode number of the mount namespace of the process `pid`; 0 where it may not be looked at.
pub fn mount_namespace(pid: u32) -> u32 {
    namespace(pid, "mnt")
}

/// Inode number of the namespace `kind` of `process`, a pid or `self`; 0 where it may not be
/// looked at.
pub(super) fn namespace(process: impl Display, kind: &str) -> u32 {
    std::fs::metadata(format!("/proc/{process}/ns/{kind}"))
        .ok()
        .and_then(|data| u32::try_from(data.ino()).ok())
        .unwrap_or(0)
}

fn text(proc: &Proc, name: &str) -> Option<String> {
    let bytes = bytes(proc.open_relative(name).ok()?, FILE_MAX)?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn bytes(file: File, most: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests;

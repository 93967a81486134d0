//! A process, as the kernel described it while it lived.

use serde::{Deserialize, Serialize};

/// What names one process for ever: a pid alone comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProcessKey {
    /// The process id (the kernel's tgid) in the initial pid namespace.
    pub pid: u32,
    /// Start time in clock ticks (1/100 s) since boot: field 22 of `/proc/PID/stat`, and
    /// `task_struct.start_boottime` divided by 10,000,000.
    pub start: u64,
}

/// Where the description of a process came from, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The kernel, at execve(2) or connect(2) or while it read an answer: the process was current.
    Kernel,
    /// The kernel's view of the peer at accept(2): no command line.
    Accept,
    /// `/proc`, some time later.
    Proc,
}

/// One process above another: parent first, then its parent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ancestor {
    /// Its identity.
    #[serde(flatten)]
    pub key: ProcessKey,
    /// `task_struct.comm` of the thread group leader, at most 15 bytes.
    pub comm: String,
}

/// The control groups of a process, as paths below the hierarchy's root (`/docker/3f9c…`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cgroups {
    /// The path in a v1 hierarchy that runtimes use (memory, else pids, else devices).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub v1: Option<String>,
    /// The path in the v2 hierarchy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub v2: Option<String>,
}

/// A process: who it is, where it came from, and in which namespaces it lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its identity.
    #[serde(flatten)]
    pub key: ProcessKey,
    /// `task_struct.comm` of the thread group leader, at most 15 bytes.
    pub comm: String,
    /// The program's path as it was executed, in the process' own root; null where unknown.
    pub exe: Option<String>,
    /// The command line, with the values of options that carry secrets masked; null where unknown.
    pub args: Option<Vec<String>>,
    /// True if the command line was longer than what was kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub args_cut: bool,
    /// Effective user id in the initial user namespace.
    pub uid: u32,
    /// Effective group id in the initial user namespace.
    pub gid: u32,
    /// The user's name in the host's passwd; null for a uid of another user namespace or root.
    pub user: Option<String>,
    /// Parent first, up to pid 1 or the bound of what the kernel walked.
    pub ancestors: Vec<Ancestor>,
    /// Its control groups.
    pub cgroups: Cgroups,
    /// Inode number of its mount namespace, 0 where unknown.
    pub mount_ns: u32,
    /// Inode number of its pid namespace, 0 where unknown.
    pub pid_ns: u32,
    /// Where this description came from.
    pub source: Source,
}

impl Process {
    /// The program's name without its folder; its comm where the path is not known.
    pub fn program(&self) -> &str {
        program(self.exe.as_deref(), &self.comm)
    }
}

/// The last part of a program's path, else its comm.
pub(super) fn program<'a>(exe: Option<&'a str>, comm: &'a str) -> &'a str {
    exe.and_then(|path| path.rsplit('/').next())
        .filter(|name| !name.is_empty())
        .unwrap_or(comm)
}

/// Names that Node.js (22 and later) gives its main thread, and with it the process: the
/// program's own name says more.
const THREAD_NAMES: [&str; 2] = ["MainThread", "node-MainThread"];

/// Bytes of a name that the kernel keeps: `TASK_COMM_LEN` less its NUL.
const COMM_BYTES: usize = 15;

/// What people call a process: its comm, which tells a script from its interpreter, unless the
/// kernel cut it or it names a thread.
pub(super) fn name<'a>(exe: Option<&'a str>, comm: &'a str) -> &'a str {
    let program = program(exe, comm);
    let is_cut = comm.len() >= COMM_BYTES && program.starts_with(comm);
    if comm.is_empty() || is_cut || THREAD_NAMES.contains(&comm) {
        program
    } else {
        comm
    }
}

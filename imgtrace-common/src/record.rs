//! The records that the programs write into the perf buffers and the iterator's output.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Ancestors that are walked, parent first.
pub const ANCESTORS: usize = 16;
/// Bytes of a command line that are kept; NUL between arguments.
pub const ARGS_BYTES: usize = 2048;
/// Bytes of a program's path that are kept.
pub const EXE_BYTES: usize = 256;
/// Supplementary groups that are kept.
pub const GROUPS: usize = 32;
/// Levels of a control group's path that are kept, the innermost first.
pub const CGROUP_LEVELS: usize = 10;
/// Bytes of one control group's name: `kubepods-besteffort-pod<36>.slice:cri-containerd:<64>` has
/// 148.
pub const CGROUP_NAME_BYTES: usize = 160;
/// `sockaddr_un.sun_path` (unix(7)).
pub const SUN_PATH_BYTES: usize = 108;

/// Bits that are all set in the number of a connection that was there before imgtrace, and never
/// in that of one that was seen to be accepted.
pub const JOINED: u64 = 0xff;

/// Values of [`Header::kind`].
pub mod kind {
    /// A [`super::Data`], followed by payload.
    pub const DATA: u32 = 1;
    /// An [`super::Accepted`].
    pub const ACCEPTED: u32 = 2;
    /// A [`super::Process`].
    pub const PROCESS: u32 = 3;
    /// A [`super::ConnectAttempt`].
    pub const CONNECT_ATTEMPT: u32 = 4;
    /// A [`super::Mounting`].
    pub const MOUNTING: u32 = 5;
}

/// Values of [`Data::direction`] and of [`super::Socket::direction`].
pub mod direction {
    /// The client sends.
    pub const TO_SERVER: u32 = 0;
    /// The daemon sends.
    pub const TO_CLIENT: u32 = 1;
}

/// Values of [`Process::origin`]: at which moment a process was described.
pub mod origin {
    /// It has just executed a program.
    pub const EXEC: u32 = 1;
    /// It is the peer of a connection that was just accepted; no command line.
    pub const ACCEPT: u32 = 2;
    /// It has just read from a watched connection.
    pub const READ: u32 = 3;
    /// It is about to connect.
    pub const CONNECT: u32 = 4;
}

/// Values of [`SocketRow::role`].
pub mod role {
    /// It listens.
    pub const LISTENER: u32 = 1;
    /// A client's end of a watched connection.
    pub const CLIENT: u32 = 2;
    /// A daemon's end of a watched connection.
    pub const SERVER: u32 = 3;
    /// A daemon's end of a watched connection whose client has closed.
    pub const LEFT: u32 = 4;
}

/// Indices of the per-CPU counters of what was lost.
pub mod loss {
    /// A record did not fit into its CPU's buffer.
    pub const BUFFER: u32 = 0;
    /// The table of sockets was full.
    pub const TABLE: u32 = 1;
    /// How many counters there are.
    pub const COUNT: u32 = 2;
}

/// What every record begins with.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Header {
    /// One of [`kind`].
    pub kind: u32,
    /// CPU that wrote it.
    pub cpu: u32,
    /// `bpf_ktime_get_ns`: `CLOCK_MONOTONIC`.
    pub at: u64,
}

/// A buffer that its receiver has read, or that nobody will read; payload follows.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Data {
    /// `kind::DATA`.
    pub header: Header,
    /// The connection.
    pub connection: u64,
    /// Bytes that its sender had sent before it, since the connection is tracked.
    pub offset: u64,
    /// Start time of the process that reads, in ns since boot.
    pub reader_start: u64,
    /// Bytes of the buffer.
    pub len: u32,
    /// Bytes that follow this record.
    pub copied: u32,
    /// One of [`direction`].
    pub direction: u32,
    /// tgid of the process that reads.
    pub reader: u32,
    /// tgid of the process that called connect(2), 0 where unknown.
    pub client: u32,
    /// The endpoint's number in [`super::Watch`], 0 if the listener was not known.
    pub endpoint: u32,
    /// 1 if nobody will ever read it.
    pub unread: u32,
    /// Always 0.
    pub reserved: u32,
}

/// A connection to a runtime's socket was accepted.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Accepted {
    /// `kind::ACCEPTED`.
    pub header: Header,
    /// The connection.
    pub connection: u64,
    /// `inode.i_ino` of the listener's path.
    pub inode: u64,
    /// Address of the listener's `unix_address`.
    pub address: u64,
    /// `super_block.s_dev` of the listener's path.
    pub device: u32,
    /// The endpoint's number in [`super::Watch`], 0 if the listener was not known.
    pub endpoint: u32,
    /// tgid of the process that called connect(2), 0 where unknown.
    pub client: u32,
    /// tgid of the process that accepts.
    pub server: u32,
    /// Start time of the process that called connect(2), in ns since boot, 0 where unknown.
    pub client_start: u64,
    /// Start time of the process that accepts, in ns since boot.
    pub server_start: u64,
    /// The path that the listener is bound to, in its own mount namespace; NUL-terminated unless
    /// it is full.
    pub name: [u8; SUN_PATH_BYTES],
    /// Always 0.
    pub reserved: u32,
}

/// One process above another.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Ancestor {
    /// `task_struct.start_boottime`, ns.
    pub start: u64,
    /// `task_struct.tgid`; 0 ends the list.
    pub pid: u32,
    /// Always 0.
    pub reserved: u32,
    /// `task_struct.comm`.
    pub comm: [u8; 16],
}

/// Names of a control group and of those around it, the innermost first, an empty one at the end.
pub type CgroupNames = [[u8; CGROUP_NAME_BYTES]; CGROUP_LEVELS];

/// A process, described while the kernel had it at hand.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Process {
    /// `kind::PROCESS`.
    pub header: Header,
    /// `start_boottime` of the thread group leader, ns.
    pub start: u64,
    /// `cred.cap_effective`.
    pub capabilities: u64,
    /// tgid.
    pub pid: u32,
    /// One of [`origin`].
    pub origin: u32,
    /// `cred.euid`.
    pub uid: u32,
    /// `cred.egid`.
    pub gid: u32,
    /// Inode number of the mount namespace.
    pub mount_ns: u32,
    /// Inode number of the pid namespace.
    pub pid_ns: u32,
    /// Inode number of the user namespace.
    pub user_ns: u32,
    /// How many supplementary groups there are; the first [`GROUPS`] follow.
    pub groups_len: u32,
    /// Supplementary groups.
    pub groups: [u32; GROUPS],
    /// Bytes of the command line; the first [`ARGS_BYTES`] follow. 0 where it is out of reach.
    pub args_len: u32,
    /// Always 0.
    pub reserved: u32,
    /// Thread group leader's name.
    pub comm: [u8; 16],
    /// Parent first.
    pub ancestors: [Ancestor; ANCESTORS],
    /// The program's path as it was executed, NUL-terminated; empty where unknown.
    pub exe: [u8; EXE_BYTES],
    /// The command line.
    pub args: [u8; ARGS_BYTES],
    /// Path in the v1 hierarchy; empty where there is none.
    pub cgroup_v1: CgroupNames,
    /// Path in the v2 hierarchy.
    pub cgroup_v2: CgroupNames,
}

/// A process is about to connect to a path that looks like a runtime's socket.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct ConnectAttempt {
    /// `kind::CONNECT_ATTEMPT`.
    pub header: Header,
    /// Start time of the process, ns since boot.
    pub start: u64,
    /// tgid.
    pub pid: u32,
    /// errno where the hook sees the result (0 is success), [`ConnectAttempt::UNSEEN`] otherwise.
    pub errno: u32,
    /// The path as given; NUL-terminated unless it is full.
    pub path: [u8; SUN_PATH_BYTES],
    /// Always 0.
    pub reserved: u32,
}

impl ConnectAttempt {
    /// The hook runs before the result is known.
    pub const UNSEEN: u32 = u32::MAX;
}

/// A process has made a mount of a file system that containers are made of. It may attach it
/// somewhere, now or later, or never.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Mounting {
    /// `kind::MOUNTING`.
    pub header: Header,
    /// tgid.
    pub pid: u32,
    /// `super_block.s_dev`: 12 bits of major, 20 bits of minor.
    pub device: u32,
}

/// A line of the iterator over all open files: a socket that matters.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct SocketRow {
    /// Address of the `sock`.
    pub sock: u64,
    /// Address of its peer, 0 for a listener.
    pub peer: u64,
    /// The connection, 0 for a listener.
    pub connection: u64,
    /// `inode.i_ino` of the listener's path.
    pub inode: u64,
    /// Address of the listener's `unix_address`.
    pub address: u64,
    /// `super_block.s_dev` of the listener's path.
    pub device: u32,
    /// One of [`role`].
    pub role: u32,
    /// tgid of the process that holds the file.
    pub pid: u32,
    /// The file's number there.
    pub fd: u32,
    /// tgid of the process that called connect(2), 0 for a listener or where unknown.
    pub client: u32,
    /// The endpoint's number in [`super::Watch`], 0 for a listener that is not known.
    pub endpoint: u32,
    /// Start time of the process that holds the file, ns since boot.
    pub pid_start: u64,
    /// The path that the listener is bound to; NUL-terminated unless it is full.
    pub name: [u8; SUN_PATH_BYTES],
    /// Always 0.
    pub reserved: u32,
}

//! What crosses between the kernel programs and user space, byte for byte.
//!
//! Everything is `repr(C)`, without padding and without types that have invalid bit patterns, so
//! that user space can read records with `zerocopy` and never transmutes.
#![no_std]

pub mod bits;
mod offsets;
mod record;
mod table;

pub use offsets::{ABSENT, Offsets};
pub use record::{
    ANCESTORS, ARGS_BYTES, Accepted, Ancestor, CGROUP_LEVELS, CGROUP_NAME_BYTES, CgroupNames,
    ConnectAttempt, Data, EXE_BYTES, GROUPS, Header, JOINED, Mounting, Process, SUN_PATH_BYTES,
    SocketRow, direction, kind, loss, origin, role,
};
pub use table::{Basename, ListenerKey, Socket, Watch, action};

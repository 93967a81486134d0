//! What the host says about a process or a socket: `/proc`, mount namespaces, passwd, socket files.
//!
//! An edge: it reads, it never writes, and it asks no daemon. Nothing here is in the way of a
//! packet. Folders on the network or in user space are never asked, but reading a command line
//! may block in the kernel for as long as a hostile process likes (its pages may lie on a FUSE
//! mount), so a live session calls this from a thread that it can do without.

pub mod arguments;
pub mod clock;
pub mod crictl;
pub mod doctor;
pub mod held_socket;
pub mod mount_tree;
pub mod notices;
pub mod permission;
pub mod process;
pub mod refused;
pub mod root;
pub mod runtimes;
pub mod socket_file;
pub mod users;

pub use clock::Clock;
pub use users::Users;

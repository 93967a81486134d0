//! Loads the kernel programs, attaches them, and turns their records into typed events.
//!
//! The only module that names aya. It knows sockets, tasks and buffers; what the bytes mean and
//! what a process is in words is decided elsewhere.

pub mod btf;
mod capability;
mod connect_unix;
mod event;
mod kernel;
pub mod mounts;
mod object;
mod offsets;
mod perf;
mod sockets;

pub use capability::{Capability, Way, probe};
pub use event::{Event, Record};
pub use kernel::{Capture, ConnectHook, Error, Options};
pub use object::OBJECT;
pub use perf::monotonic;
pub use sockets::Sockets;

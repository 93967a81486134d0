//! The tables and buffers that the programs share with user space.

use aya_ebpf::{
    macros::map,
    maps::{HashMap, PerCpuArray, PerfEventByteArray},
};
use imgtrace_common::{Accepted, ListenerKey, Process, Socket, SocketRow, Watch, loss};

/// Both ends of the watched connections, by the address of the `sock`.
///
/// Not an LRU: one that is full says so, one that forgets does not. User space sweeps out what is
/// closed.
#[map]
pub static SOCKETS: HashMap<u64, Socket> = HashMap::with_max_entries(65_536, 0);

/// The listeners that user space knows: its endpoints, thousands of shims among them, and as many
/// that only looked like one.
#[map]
pub static LISTENERS: HashMap<ListenerKey, Watch> = HashMap::with_max_entries(8_192, 0);

/// Names under which a listener that is not known yet is captured provisionally, hashed by
/// [`imgtrace_common::Basename`].
#[map]
pub static BASENAMES: HashMap<u64, u32> = HashMap::with_max_entries(128, 0);

/// Every record goes through here, so that one merge puts all of them in order.
#[map]
pub static EVENTS: PerfEventByteArray = PerfEventByteArray::new(0);

/// What was lost, by [`imgtrace_common::loss`].
#[map]
pub static LOSSES: PerCpuArray<u64> = PerCpuArray::with_max_entries(loss::COUNT, 0);

/// Room for one process, a slot per program (two programs can nest on one CPU, one cannot).
#[map]
pub static PROCESSES: PerCpuArray<Process> = PerCpuArray::with_max_entries(slot::COUNT, 0);

/// Room for one accepted connection.
#[map]
pub static ACCEPTS: PerCpuArray<Accepted> = PerCpuArray::with_max_entries(1, 0);

/// Room for one row of the iterator.
#[map]
pub static ROWS: PerCpuArray<SocketRow> = PerCpuArray::with_max_entries(1, 0);

/// Indices of [`PROCESSES`].
pub mod slot {
    /// For `sched_process_exec`.
    pub const EXEC: u32 = 0;
    /// For `consume_skb`.
    pub const SOCKET: u32 = 1;
    /// For the connect hook.
    pub const CONNECT: u32 = 2;
    /// How many there are.
    pub const COUNT: u32 = 3;
}

/// Adds to one of the counters of what was lost.
#[inline(always)]
pub fn lost(what: u32) {
    if let Some(counter) = LOSSES.get_ptr_mut(what) {
        // SAFETY: a valid pointer into this CPU's value.
        unsafe { *counter += 1 };
    }
}

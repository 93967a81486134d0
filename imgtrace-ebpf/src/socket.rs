//! The life of a watched connection: accepted, then buffers in both directions.
//!
//! `consume_skb` and `kfree_skb` see every buffer of the host, so the way out for a foreign one
//! is two direct loads and one look-up.

use core::ffi::c_void;

use aya_log_ebpf::debug;
use imgtrace_common::{
    Basename, Data, JOINED, ListenerKey, SUN_PATH_BYTES, Socket, Watch, action, bits, direction,
    kind, loss, origin,
};

use crate::{
    emit,
    kernel::{self, AF_UNIX, bound_name, load, offset, pid_number, read},
    maps::{ACCEPTS, BASENAMES, LISTENERS, SOCKETS, lost, slot},
    task,
};

/// Bytes of payload that a perf record can carry besides our own (a record's size is a u16).
const PAYLOAD_MAX: u32 = 60 * 1024;
/// Bytes of each buffer that are always copied: heads stand there even where bulk is cut.
const HEAD_BYTES: u64 = 256;
/// Bytes that a direction may send at once before it is cut: more than the windows that HTTP/2 opens, also when the
/// other side's word that it has read is heard late.
const BURST_BYTES: u64 = 1024 * 1024;
/// Bytes per second that a direction may send for long before it is cut: 10^9 / 2^10.
const REFILL_SHIFT: u64 = 10;
/// Bytes that a direction may send at once, however often the other side speaks.
const BULK_BYTES: u64 = 16 * 1024 * 1024;
/// Bytes per second that it may send for long, however often the other side speaks: 10^9 / 2^2.
const BULK_SHIFT: u64 = 2;
/// Length of the last component of a shim's path (containerd `pkg/shim/util_unix.go`,
/// `SocketAddress`).
const SHIM_NAME_BYTES: usize = 64;
/// Changes of reader after which a connection's readers are not described any more.
const READERS_MAX: u32 = 16;

/// What became of a buffer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Its receiver has read it.
    Read,
    /// It was thrown away with its receiver.
    Unread,
}

/// Looks at a buffer that is about to be freed. `context` is the tracepoint's, `skb` its argument.
#[inline(always)]
pub fn buffer(context: *mut c_void, skb: *const u8, fate: Fate) {
    // SAFETY: `skb` is a trusted pointer; `sock` is compared with null before it is used.
    let (sock, len) = unsafe {
        let sock: *const u8 = load(skb, offset!(skb_sk));
        if sock.is_null() {
            return;
        }
        let family: u16 = load(sock, offset!(sock_family));
        if family != AF_UNIX {
            return;
        }
        (sock as u64, load::<u32>(skb, offset!(skb_len)))
    };
    if len == 0 {
        // accept(2) eats the empty buffer with which connect(2) announced itself; its socket is
        // the new one of the daemon's side (unix_stream_connect, unix_accept).
        if fate == Fate::Read {
            accepted(context, sock);
        }
        return;
    }
    let Some(socket) = SOCKETS.get_ptr_mut(sock) else {
        return;
    };
    // SAFETY: a valid pointer into the table; racing CPUs can only make the budget inexact.
    let socket = unsafe { &mut *socket };
    if !same(sock, socket) {
        debug!(
            context_of(context),
            "a socket of connection {} is another's by now", socket.connection
        );
        let _ = SOCKETS.remove(sock);
        return;
    }
    data(context, skb, len, socket, fate);
}

/// Whether the socket at this address is the one that the entry is about, as its buffer is read.
#[inline(always)]
fn same(sock: u64, socket: &Socket) -> bool {
    let closed = socket.direction == direction::TO_SERVER
        && read::<u64>(sock + offset!(unix_peer)) == 0
        && read::<u64>(sock + offset!(sock_peer_pid)) == socket.peer_pid;
    if closed {
        // A client's `sk_peer_pid` is whoever called listen(2), which is pid 1 for every socket
        // that systemd opened; only the reader tells this daemon from another.
        let reader = task::tgid(task::current());
        return socket.server == 0 || reader == socket.server || reader == socket.reader;
    }
    still(sock, socket)
}

/// Whether the socket at this address, not closed by its own process, is the one that the entry is
/// about.
///
/// The daemon's end keeps the listener's `unix_address` even when it has closed. A socketpair has
/// none, and another accepted connection has rewritten the entry.
#[inline(always)]
fn still(sock: u64, socket: &Socket) -> bool {
    if read::<u64>(sock + offset!(sock_peer_pid)) != socket.peer_pid {
        return false;
    }
    if socket.direction == direction::TO_CLIENT {
        return read::<u64>(sock + offset!(unix_addr)) == socket.address;
    }
    let peer: u64 = read(sock + offset!(unix_peer));
    peer == socket.peer && read::<u64>(peer + offset!(unix_addr)) == socket.address
}

/// What the table says of the end at this address, if it is in it.
#[inline(always)]
pub fn tracked(sock: u64) -> Option<&'static Socket> {
    // SAFETY: entries stay valid while a program runs, whoever removes them.
    let socket = unsafe { SOCKETS.get(sock) }?;
    still(sock, socket).then_some(socket)
}

/// A connection was accepted: `sock` is the daemon's end.
#[inline(always)]
fn accepted(context: *mut c_void, sock: u64) {
    let bound = kernel::bound(sock);
    let peer: u64 = read(sock + offset!(unix_peer));
    if bound.inode == 0 || peer == 0 {
        return forget(sock, peer);
    }
    let key = ListenerKey {
        inode: bound.inode,
        device: bound.device,
        reserved: 0,
    };
    let Some(record) = ACCEPTS.get_ptr_mut(0) else {
        return;
    };
    // SAFETY: a valid pointer into this CPU's value, which only this program uses.
    let record = unsafe { &mut *record };
    let length = bound_name(&mut record.name, bound.address);
    let endpoint = match watched(&key, bound.address) {
        Some(watch) if watch.action == action::CAPTURE => watch.endpoint,
        None if looks_like_runtime(&record.name, length)
            || looks_like_shim(&record.name, length) =>
        {
            0
        }
        _ => return forget(sock, peer),
    };
    let peer_pid: u64 = read(sock + offset!(sock_peer_pid));
    let client = task::of_pid(peer_pid);
    // Before the record, so that user space knows the client when it hears of the connection.
    if client != 0 {
        task::describe(context, slot::SOCKET, client, origin::ACCEPT, 0);
    }
    record.header = emit::header(kind::ACCEPTED);
    // Unique as long as one CPU needs 256 ns for an accept(2); `JOINED` is no CPU's number.
    record.connection = (record.header.at & !JOINED) | u64::from(record.header.cpu & 0x7f);
    record.inode = bound.inode;
    record.device = bound.device;
    record.address = bound.address;
    record.endpoint = endpoint;
    let server = task::current();
    record.server = task::tgid(server);
    record.server_start = task::start(server);
    record.client = pid_number(peer_pid);
    record.client_start = if client == 0 { 0 } else { task::start(client) };
    let pair = Pair {
        connection: record.connection,
        server: sock,
        client: peer,
        address: bound.address,
        endpoint,
        client_pid: record.client,
        server_pid: record.server,
    };
    if pair.track() {
        emit::record(context, record);
    } else {
        lost(loss::TABLE);
    }
}

/// Removes what the table says of two addresses: they belong to a foreign connection now. Where a
/// listener has made room for another, even its `unix_address` may have come back, and between the
/// same two processes nothing else would tell the connections apart.
#[inline(always)]
fn forget(server: u64, client: u64) {
    let _ = SOCKETS.remove(server);
    let _ = SOCKETS.remove(client);
}

/// What user space said of a listener; none if it does not know this one.
#[inline(always)]
pub fn watched(key: &ListenerKey, address: u64) -> Option<Watch> {
    // SAFETY: the value is copied at once.
    let watch = unsafe { LISTENERS.get(key) }.copied()?;
    (watch.address == address).then_some(watch)
}

/// Whether the last component of a path is one under which runtimes listen. `length` counts its
/// NUL.
#[inline(always)]
pub fn looks_like_runtime(path: &[u8; SUN_PATH_BYTES], length: usize) -> bool {
    let name = Basename::of_string(path, length);
    // SAFETY: the value is not used.
    unsafe { BASENAMES.get(name.key()) }.is_some()
}

/// Whether the last component of a path is as long as a SHA-256 in hexadecimal digits, and of
/// nothing else: a containerd shim's socket. `length` counts its NUL.
#[inline(always)]
fn looks_like_shim(path: &[u8; SUN_PATH_BYTES], length: usize) -> bool {
    let slash = length.wrapping_sub(SHIM_NAME_BYTES + 2);
    if slash >= SUN_PATH_BYTES - SHIM_NAME_BYTES {
        return false;
    }
    // SAFETY: `slash` and the name behind it are within the path.
    let at = |offset: usize| unsafe { *path.as_ptr().add(slash).add(offset) };
    // No way out of the loop: each would have a verifier look at all that follows once more.
    let mut digits = 0;
    for offset in 1..=SHIM_NAME_BYTES {
        digits += bits::hex_digit(at(offset));
    }
    digits == SHIM_NAME_BYTES as u64 && at(0) == b'/'
}

/// Both ends of a connection.
pub struct Pair {
    /// Its number.
    pub connection: u64,
    /// Address of the daemon's `sock`.
    pub server: u64,
    /// Address of the client's `sock`.
    pub client: u64,
    /// Address of the listener's `unix_address`.
    pub address: u64,
    /// The endpoint's number, 0 if the listener is not known.
    pub endpoint: u32,
    /// tgid of the process that called connect(2).
    pub client_pid: u32,
    /// tgid of the process that accepted, 0 where unknown.
    pub server_pid: u32,
}

impl Pair {
    /// Enters both ends into the table, over what stood there; false if there is no room.
    #[inline(always)]
    pub fn track(&self) -> bool {
        if !self.enter(self.server, self.client, direction::TO_CLIENT) {
            return false;
        }
        if !self.enter(self.client, self.server, direction::TO_SERVER) {
            let _ = SOCKETS.remove(self.server);
            return false;
        }
        true
    }

    #[inline(always)]
    fn enter(&self, sock: u64, peer: u64, direction: u32) -> bool {
        let socket = Socket {
            connection: self.connection,
            peer,
            address: self.address,
            peer_pid: read(sock + offset!(sock_peer_pid)),
            sent: 0,
            tokens: BURST_BYTES,
            bulk: BULK_BYTES,
            refilled: 0,
            direction,
            endpoint: self.endpoint,
            client: self.client_pid,
            reader: 0,
            readers: 0,
            server: self.server_pid,
        };
        SOCKETS.insert(sock, socket, 0).is_ok()
    }
}

/// Hands over a buffer of a watched connection.
#[inline(always)]
fn data(context: *mut c_void, skb: *const u8, len: u32, socket: &mut Socket, fate: Fate) {
    let reader = task::current();
    let reader_pid = task::tgid(reader);
    // Whoever reads the answers is the client, whoever connected; and now it is current, so its
    // command line is within reach. Before the record, so that user space knows whom it means.
    if fate == Fate::Read && socket.reader != reader_pid && socket.readers < READERS_MAX {
        socket.readers += 1;
        task::describe(context, slot::SOCKET, reader, origin::READ, 0);
    }
    if fate == Fate::Read {
        socket.reader = reader_pid;
    }
    let header = emit::header(kind::DATA);
    let copied = budget(socket, header.at, len);
    let record = Data {
        header,
        connection: socket.connection,
        offset: socket.sent,
        reader_start: task::start(reader),
        len,
        copied,
        direction: socket.direction,
        reader: reader_pid,
        client: socket.client,
        endpoint: socket.endpoint,
        unread: u32::from(fate == Fate::Unread),
        reserved: 0,
    };
    socket.sent += u64::from(len);
    emit::buffer(skb.cast_mut().cast(), &record);
    refill_other(socket.peer);
}

/// How many bytes of a buffer are copied: all within both budgets, its head beyond.
#[inline(always)]
fn budget(socket: &mut Socket, now: u64, len: u32) -> u32 {
    let passed = now.wrapping_sub(socket.refilled);
    socket.refilled = now;
    let tokens = least(
        socket.tokens.saturating_add(passed >> REFILL_SHIFT),
        BURST_BYTES,
    );
    let bulk = least(socket.bulk.saturating_add(passed >> BULK_SHIFT), BULK_BYTES);
    let mut allowed = least(tokens, bulk);
    if allowed < HEAD_BYTES {
        allowed = HEAD_BYTES;
    }
    let copied = least(least(u64::from(len), u64::from(PAYLOAD_MAX)), allowed);
    socket.tokens = tokens.saturating_sub(copied);
    socket.bulk = bulk.saturating_sub(copied);
    copied as u32
}

/// The smaller one.
#[inline(always)]
const fn least(one: u64, other: u64) -> u64 {
    if one < other { one } else { other }
}

/// One side has spoken: the other's next message begins with a full budget, as far as the second
/// one lets it.
#[inline(always)]
fn refill_other(peer: u64) {
    if let Some(other) = SOCKETS.get_ptr_mut(peer) {
        // SAFETY: a valid pointer into the table.
        unsafe { (*other).tokens = BURST_BYTES };
    }
}

struct Context(*mut c_void);

impl aya_ebpf::EbpfContext for Context {
    fn as_ptr(&self) -> *mut c_void {
        self.0
    }
}

#[inline(always)]
fn context_of(context: *mut c_void) -> &'static Context {
    // The logger writes into a ring buffer of its own and does not use the context.
    let _ = context;
    &Context(core::ptr::null_mut())
}

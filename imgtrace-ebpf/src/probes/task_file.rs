//! `iter/task_file`: every open file of every process, in every network namespace.
//!
//! Kernel: `struct bpf_iter__task_file` (`kernel/bpf/task_iter.c`), 5.8 and later. User space reads
//! the iterator to find listeners, to join connections that exist already (entered into the table
//! here, so that no buffer falls between the look and the table), and to see which are gone.

use aya_ebpf::{
    bindings::seq_file,
    helpers::{bpf_ktime_get_ns, generated},
};
use imgtrace_common::{JOINED, ListenerKey, SocketRow, action, direction, loss, role};

use crate::{
    kernel::{self, AF_UNIX, TCP_LISTEN, bound_name, offset, pid_number, read},
    maps::{ROWS, lost},
    socket::{Pair, tracked, watched},
    task,
};

/// Type bits of a socket's inode (`include/uapi/linux/stat.h`).
const S_IFMT: u16 = 0o170_000;
const S_IFSOCK: u16 = 0o140_000;

/// `struct bpf_iter_meta`.
#[repr(C)]
pub struct Meta {
    seq: *mut seq_file,
    session: u64,
    number: u64,
}

/// `struct bpf_iter__task_file`: pointers in 8 bytes each, the descriptor in 4.
#[repr(C)]
pub struct TaskFile {
    meta: *const Meta,
    task: u64,
    fd: u32,
    padding: u32,
    file: u64,
}

/// See the file.
#[unsafe(no_mangle)]
#[unsafe(link_section = "iter/task_file")]
pub extern "C" fn task_file(context: *const TaskFile) -> i32 {
    // SAFETY: the verifier knows the context's layout.
    let (meta, holder, fd, file) = unsafe {
        (
            (*context).meta,
            (*context).task,
            (*context).fd,
            (*context).file,
        )
    };
    if holder == 0 || file == 0 {
        return 0;
    }
    let inode: u64 = read(file + offset!(file_inode));
    if read::<u16>(inode + offset!(inode_mode)) & S_IFMT != S_IFSOCK {
        return 0;
    }
    let socket: u64 = read(file + offset!(file_private));
    let sock: u64 = read(socket + offset!(socket_sk));
    if sock == 0 || read::<u16>(sock + offset!(sock_family)) != AF_UNIX {
        return 0;
    }
    let Some(row) = ROWS.get_ptr_mut(0) else {
        return 0;
    };
    // SAFETY: a valid pointer into this CPU's value; an iterator does not nest.
    let row = unsafe { &mut *row };
    if !fill(row, sock) {
        return 0;
    }
    row.pid = task::tgid(holder);
    row.pid_start = task::start(holder);
    row.fd = fd;
    // SAFETY: the context's own seq_file; the row is as long as it says.
    unsafe {
        generated::bpf_seq_write(
            (*meta).seq,
            core::ptr::from_ref(row).cast(),
            size_of::<SocketRow>() as u32,
        );
    }
    0
}

/// Fills in what the socket says; false if it is none that matters.
#[inline(always)]
fn fill(row: &mut SocketRow, sock: u64) -> bool {
    row.sock = sock;
    row.peer = 0;
    row.connection = 0;
    row.client = 0;
    let own = kernel::bound(sock);
    if read::<u8>(sock + offset!(sock_state)) == TCP_LISTEN {
        row.role = role::LISTENER;
        row.endpoint = place(row, &own).unwrap_or(0);
        return own.inode != 0;
    }
    let peer: u64 = read(sock + offset!(unix_peer));
    row.peer = peer;
    // What the table has is open as long as a file shows it, whatever became of the other end and
    // of the listener.
    if let Some(socket) = tracked(sock) {
        row.role = if socket.direction == direction::TO_SERVER {
            role::CLIENT
        } else if peer != 0 && read::<u64>(peer + offset!(sock_socket)) == 0 {
            // The client's socket is orphaned by its close (unix_release_sock); a daemon may keep
            // its own end for long.
            role::LEFT
        } else {
            role::SERVER
        };
        row.connection = socket.connection;
        row.endpoint = socket.endpoint;
        row.client = socket.client;
        row.inode = 0;
        row.name[0] = 0;
        return true;
    }
    peer != 0 && join(row, sock, peer, &own)
}

/// Notes where a socket is bound; the endpoint's number if that listener is captured.
#[inline(always)]
fn place(row: &mut SocketRow, bound: &kernel::Bound) -> Option<u32> {
    if bound.inode == 0 {
        return None;
    }
    row.inode = bound.inode;
    row.device = bound.device;
    row.address = bound.address;
    bound_name(&mut row.name, bound.address);
    let key = ListenerKey {
        inode: bound.inode,
        device: bound.device,
        reserved: 0,
    };
    let watch = watched(&key, bound.address)?;
    (watch.action == action::CAPTURE).then_some(watch.endpoint)
}

/// Enters a connection that the table does not have; false if it is no endpoint's.
#[inline(always)]
fn join(row: &mut SocketRow, sock: u64, peer: u64, own: &kernel::Bound) -> bool {
    // An accepted socket bears its listener's path, and so do clients that bound one themselves:
    // only a path that is watched tells which end this is.
    let (server, client) = if let Some(endpoint) = place(row, own) {
        row.role = role::SERVER;
        row.endpoint = endpoint;
        (sock, peer)
    } else if let Some(endpoint) = place(row, &kernel::bound(peer)) {
        row.role = role::CLIENT;
        row.endpoint = endpoint;
        (peer, sock)
    } else {
        return false;
    };
    // Not accepted yet: accept(2) will announce it.
    if read::<u64>(server + offset!(sock_socket)) == 0 {
        return false;
    }
    row.client = pid_number(read(server + offset!(sock_peer_pid)));
    // SAFETY: a helper without arguments.
    let now = unsafe { bpf_ktime_get_ns() };
    let pair = Pair {
        connection: now | JOINED,
        server,
        client,
        address: row.address,
        endpoint: row.endpoint,
        client_pid: row.client,
        server_pid: 0,
    };
    if !pair.track() {
        lost(loss::TABLE);
        return false;
    }
    row.connection = pair.connection;
    true
}

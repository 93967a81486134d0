//! `cgroup/connect_unix`: a process is about to connect to a unix socket (6.7 and later).
//!
//! Kernel: `unix_stream_connect` calls `BPF_CGROUP_RUN_PROG_UNIX_CONNECT` before it looks the path
//! up and checks permissions, so the attempt is seen and its result is not. The context at run
//! time is `struct bpf_sock_addr_kern` (`include/linux/filter.h`). Returns 1: always allowed.
//!
//! The section says connect4 because aya names no unix attach type; `capture` loads the program
//! with the right one itself.

use core::ffi::c_void;

use imgtrace_common::{ConnectAttempt, Header, kind, origin};

use crate::{
    emit,
    kernel::{offset, read, read_string},
    maps::slot,
    socket::looks_like_runtime,
    task,
};

/// See the file.
#[unsafe(no_mangle)]
#[unsafe(link_section = "cgroup/connect4")]
pub extern "C" fn connect_unix(context: *mut c_void) -> i32 {
    let address: u64 = read(context as u64 + offset!(sock_addr_uaddr));
    let mut attempt = ConnectAttempt {
        header: Header {
            kind: 0,
            cpu: 0,
            at: 0,
        },
        start: 0,
        pid: 0,
        errno: ConnectAttempt::UNSEEN,
        path: [0; imgtrace_common::SUN_PATH_BYTES],
        reserved: 0,
    };
    // sockaddr_un: a u16 of family, then the path; an abstract one begins with NUL.
    let length = read_string(&mut attempt.path, address + 2);
    if looks_like_runtime(&attempt.path, length) {
        let task = task::current();
        attempt.pid = task::tgid(task);
        attempt.start = task::start(task);
        // Before the record, so that user space knows the process when it hears of the attempt.
        task::describe(context, slot::CONNECT, task, origin::CONNECT, 0);
        attempt.header = emit::header(kind::CONNECT_ATTEMPT);
        emit::record(context, &attempt);
    }
    1
}

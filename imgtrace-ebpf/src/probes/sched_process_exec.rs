//! `tp_btf/sched_process_exec`: a process runs a new program.
//!
//! Kernel: `void sched_process_exec(struct task_struct *p, pid_t old_pid, struct linux_binprm
//! *bprm)`, `include/trace/events/sched.h`; called at the end of `exec_binprm`, when the new
//! command line is in place. A docker CLI lives 50 ms: this is the moment to describe it.

use aya_ebpf::{EbpfContext as _, macros::btf_tracepoint, programs::BtfTracePointContext};
use imgtrace_common::origin;

use crate::{
    kernel::{offset, read},
    maps::slot,
    task,
};

/// See the file.
#[btf_tracepoint(function = "sched_process_exec")]
pub fn sched_process_exec(context: BtfTracePointContext) -> i32 {
    let task: *const u8 = context.arg(0);
    let binary: *const u8 = context.arg(2);
    let exe: u64 = read(binary as u64 + offset!(bprm_interp));
    task::describe(context.as_ptr(), slot::EXEC, task as u64, origin::EXEC, exe);
    0
}

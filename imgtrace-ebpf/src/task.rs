//! Describing a process while the kernel has it at hand.

use core::ffi::c_void;

use aya_ebpf::helpers::generated;
use imgtrace_common::{
    ABSENT, ANCESTORS, ARGS_BYTES, CGROUP_LEVELS, CgroupNames, GROUPS, Process, kind, origin,
};

use crate::{
    emit,
    kernel::{offset, read, read_string},
    maps::PROCESSES,
};

/// The running task's address.
#[inline(always)]
pub fn current() -> u64 {
    // SAFETY: a helper without arguments.
    unsafe { generated::bpf_get_current_task() }
}

/// tgid of a task.
#[inline(always)]
pub fn tgid(task: u64) -> u32 {
    read(task + offset!(task_tgid))
}

/// Start time of a task's thread group leader, ns since boot.
#[inline(always)]
pub fn start(task: u64) -> u64 {
    let leader: u64 = read(task + offset!(task_leader));
    read(leader + offset!(task_start))
}

/// The thread group leader that a `struct pid` names, 0 if it is gone.
#[inline(always)]
pub fn of_pid(pid: u64) -> u64 {
    if pid == 0 {
        return 0;
    }
    let link: u64 = read(pid + offset!(pid_leader));
    if link == 0 {
        0
    } else {
        link - offset!(task_link)
    }
}

/// Describes a task and writes the record.
///
/// `slot` is the calling program's own in [`PROCESSES`]. The command line can only be read of the
/// current task: `bpf_probe_read_user` reads no other's memory.
#[inline(always)]
pub fn describe(context: *mut c_void, slot: u32, task: u64, when: u32, exe: u64) {
    let Some(process) = PROCESSES.get_ptr_mut(slot) else {
        return;
    };
    // SAFETY: a valid pointer into this CPU's value, which only this program uses.
    let process = unsafe { &mut *process };
    process.header = emit::header(kind::PROCESS);
    process.origin = when;
    identity(process, task);
    credentials(process, task);
    namespaces(process, task);
    ancestors(process, task);
    control_groups(process, task);
    process.exe[0] = 0;
    if exe != 0 {
        read_string(&mut process.exe, exe);
    }
    process.args_len = 0;
    if when != origin::ACCEPT {
        command_line(process, task);
    }
    emit::record(context, process);
}

#[inline(always)]
fn identity(process: &mut Process, task: u64) {
    let leader: u64 = read(task + offset!(task_leader));
    process.pid = tgid(task);
    process.start = read(leader + offset!(task_start));
    process.comm = read(leader + offset!(task_comm));
}

#[inline(always)]
fn credentials(process: &mut Process, task: u64) {
    let cred: u64 = read(task + offset!(task_cred));
    process.uid = read(cred + offset!(cred_euid));
    process.gid = read(cred + offset!(cred_egid));
    process.capabilities = read(cred + offset!(cred_effective));
    let user_ns: u64 = read(cred + offset!(cred_user_ns));
    process.user_ns = read(user_ns + offset!(user_ns_inum));
    let groups: u64 = read(cred + offset!(cred_groups));
    process.groups_len = read(groups + offset!(groups_count));
    process.groups = read::<[u32; GROUPS]>(groups + offset!(groups_gid));
}

#[inline(always)]
fn namespaces(process: &mut Process, task: u64) {
    let proxy: u64 = read(task + offset!(task_nsproxy));
    let mount: u64 = read(proxy + offset!(nsproxy_mnt));
    process.mount_ns = if mount == 0 {
        0
    } else {
        read(mount + offset!(mnt_ns_inum))
    };
    let pid: u64 = read(task + offset!(task_pid));
    let level: u32 = read(pid + offset!(pid_level));
    let ns: u64 = read(pid + offset!(pid_ns) + u64::from(level) * offset!(upid_size));
    process.pid_ns = if ns == 0 {
        0
    } else {
        read(ns + offset!(pid_ns_inum))
    };
}

#[inline(always)]
fn ancestors(process: &mut Process, task: u64) {
    let mut child = task;
    for ancestor in &mut process.ancestors[..ANCESTORS] {
        let parent: u64 = read(child + offset!(task_parent));
        let leader: u64 = read(parent + offset!(task_leader));
        ancestor.pid = read(leader + offset!(task_tgid));
        if ancestor.pid == 0 {
            return;
        }
        ancestor.start = read(leader + offset!(task_start));
        ancestor.comm = read(leader + offset!(task_comm));
        child = leader;
    }
}

#[inline(always)]
fn control_groups(process: &mut Process, task: u64) {
    let set: u64 = read(task + offset!(task_cgroups));
    let default: u64 = read(set + offset!(css_set_default));
    names(&mut process.cgroup_v2, default);
    process.cgroup_v1[0][0] = 0;
    if offset!(css_set_v1) != u64::from(ABSENT) {
        let state: u64 = read(set + offset!(css_set_v1));
        names(&mut process.cgroup_v1, read(state + offset!(css_cgroup)));
    }
}

/// Names from a cgroup up to its hierarchy's root, whose own name is empty.
#[inline(always)]
fn names(into: &mut CgroupNames, cgroup: u64) {
    let mut node: u64 = read(cgroup + offset!(cgroup_kn));
    for name in &mut into[..CGROUP_LEVELS] {
        name[0] = 0;
        if node == 0 {
            return;
        }
        read_string(name, read(node + offset!(kn_name)));
        node = read(node + offset!(kn_parent));
    }
}

#[inline(always)]
fn command_line(process: &mut Process, task: u64) {
    let memory: u64 = read(task + offset!(task_mm));
    if memory == 0 {
        return;
    }
    let begin: u64 = read(memory + offset!(mm_arg_start));
    let end: u64 = read(memory + offset!(mm_arg_end));
    let whole = end.wrapping_sub(begin);
    let kept = core::hint::black_box(if whole > ARGS_BYTES as u64 {
        ARGS_BYTES as u64
    } else {
        whole
    });
    // Verifiers up to 6.1 lose the bound of a spilled register: compare again, right here.
    if kept > ARGS_BYTES as u64 {
        return;
    }
    // SAFETY: the helper checks the address and writes at most ARGS_BYTES bytes.
    let code = unsafe {
        generated::bpf_probe_read_user(
            process.args.as_mut_ptr().cast(),
            kept as u32,
            begin as *const _,
        )
    };
    process.args_len = if code == 0 { whole as u32 } else { 0 };
}

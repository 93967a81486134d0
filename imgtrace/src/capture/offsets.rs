//! Resolves every offset that the kernel programs need, by name, on the running kernel.

use imgtrace_common::{ABSENT, Offsets};
use procfs::Current as _;

use super::btf::{Btf, Error};

/// v1 controllers that container runtimes create groups in, the best first
/// (`include/linux/cgroup_subsys.h`; the names of `/proc/cgroups`).
const CONTROLLERS: [&str; 4] = ["memory", "pids", "devices", "cpu"];

/// Resolves all offsets.
///
/// # Errors
///
/// If a member that is needed is in none of the places where kernels 5.10 to 7.x have it.
pub(super) fn resolve(btf: &Btf) -> Result<Offsets, Error> {
    let need = |of: &str, path: &str| {
        btf.offset(of, path)
            .ok_or_else(|| Error::Missing(format!("{of}.{path}")))
    };
    let either = |of: &str, first: &str, second: &str| {
        btf.offset(of, first).map_or_else(|| need(of, second), Ok)
    };
    let leader = btf
        .enumerator("pid_type", "PIDTYPE_TGID")
        .ok_or_else(|| Error::Missing("PIDTYPE_TGID".to_owned()))?;
    let pointer = u32::try_from(size_of::<u64>()).unwrap_or(8);
    Ok(Offsets {
        skb_sk: need("sk_buff", "sk")?,
        skb_len: need("sk_buff", "len")?,
        sock_family: need("sock", "__sk_common.skc_family")?,
        sock_state: need("sock", "__sk_common.skc_state")?,
        sock_socket: need("sock", "sk_socket")?,
        sock_peer_pid: need("sock", "sk_peer_pid")?,
        unix_addr: need("unix_sock", "addr")?,
        unix_path: need("unix_sock", "path")?,
        unix_peer: need("unix_sock", "peer")?,
        address_name: need("unix_address", "name")?,
        path_dentry: need("path", "dentry")?,
        dentry_inode: need("dentry", "d_inode")?,
        inode_ino: need("inode", "i_ino")?,
        inode_mode: need("inode", "i_mode")?,
        inode_sb: need("inode", "i_sb")?,
        sb_dev: need("super_block", "s_dev")?,
        sb_magic: need("super_block", "s_magic")?,
        vfsmount_sb: need("vfsmount", "mnt_sb")?,
        socket_sk: need("socket", "sk")?,
        file_inode: need("file", "f_inode")?,
        file_private: need("file", "private_data")?,
        pid_nr: need("pid", "numbers.nr")?,
        pid_level: need("pid", "level")?,
        pid_ns: need("pid", "numbers.ns")?,
        upid_size: btf
            .size("upid")
            .ok_or_else(|| Error::Missing("struct upid".to_owned()))?,
        // hlist_head is one pointer, hlist_node two.
        pid_leader: need("pid", "tasks")? + leader * pointer,
        task_link: need("task_struct", "pid_links")? + leader * 2 * pointer,
        task_tgid: need("task_struct", "tgid")?,
        task_leader: need("task_struct", "group_leader")?,
        task_parent: need("task_struct", "real_parent")?,
        task_start: need("task_struct", "start_boottime")?,
        task_comm: need("task_struct", "comm")?,
        task_cred: need("task_struct", "cred")?,
        task_mm: need("task_struct", "mm")?,
        task_nsproxy: need("task_struct", "nsproxy")?,
        task_pid: need("task_struct", "thread_pid")?,
        task_cgroups: need("task_struct", "cgroups")?,
        cred_euid: need("cred", "euid")?,
        cred_egid: need("cred", "egid")?,
        cred_effective: need("cred", "cap_effective")?,
        cred_groups: need("cred", "group_info")?,
        cred_user_ns: need("cred", "user_ns")?,
        groups_count: need("group_info", "ngroups")?,
        groups_gid: need("group_info", "gid")?,
        user_ns_inum: need("user_namespace", "ns.inum")?,
        mm_arg_start: need("mm_struct", "arg_start")?,
        mm_arg_end: need("mm_struct", "arg_end")?,
        nsproxy_mnt: need("nsproxy", "mnt_ns")?,
        mnt_ns_inum: need("mnt_namespace", "ns.inum")?,
        pid_ns_inum: need("pid_namespace", "ns.inum")?,
        css_set_default: need("css_set", "dfl_cgrp")?,
        css_set_v1: v1_controller(btf).map_or(Ok(ABSENT), |index| {
            need("css_set", "subsys").map(|subsys| subsys + index * pointer)
        })?,
        css_cgroup: need("cgroup_subsys_state", "cgroup")?,
        cgroup_kn: need("cgroup", "kn")?,
        kn_name: need("kernfs_node", "name")?,
        kn_parent: either("kernfs_node", "parent", "__parent")?,
        bprm_interp: need("linux_binprm", "interp")?,
        // Only the connect hook reads this, and a kernel without it may lack it.
        sock_addr_uaddr: btf.offset("bpf_sock_addr_kern", "uaddr").unwrap_or(ABSENT),
    })
}

/// Index in `css_set.subsys` of the first of [`CONTROLLERS`] that is in a v1 hierarchy.
fn v1_controller(btf: &Btf) -> Option<u32> {
    let controllers = procfs::CGroupControllers::current().ok()?.0;
    CONTROLLERS.iter().find_map(|name| {
        controllers
            .iter()
            .find(|controller| {
                controller.name == *name && controller.enabled && controller.hierarchy != 0
            })
            .and_then(|_| btf.enumerator("cgroup_subsys_id", &format!("{name}_cgrp_id")))
    })
}

//! Where the kernel keeps what the programs read.
//!
//! Resolved at start from the kernel's BTF and handed over as one read-only global, so that the
//! verifier sees constants. Rust has no CO-RE relocations; no offset is a constant in the source.

use zerocopy::{FromBytes, Immutable, IntoBytes};

/// The value of an offset whose member this kernel does not have.
pub const ABSENT: u32 = u32::MAX;

macro_rules! offsets {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Byte offsets of struct members and values of enumerators, named `struct_member`.
        #[repr(C)]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable)]
        pub struct Offsets {
            $($(#[$doc])* pub $name: u32,)*
        }
    };
}

offsets! {
    /// `sk_buff.sk`: the socket that sent the buffer.
    skb_sk,
    /// `sk_buff.len`.
    skb_len,
    /// `sock.__sk_common.skc_family`.
    sock_family,
    /// `sock.__sk_common.skc_state`.
    sock_state,
    /// `sock.sk_socket`: null before accept(2) and after close(2).
    sock_socket,
    /// `sock.sk_peer_pid`: of an accepted socket, the process that called connect(2).
    sock_peer_pid,
    /// `unix_sock.addr`: of an accepted socket, the listener's.
    unix_addr,
    /// `unix_sock.path`: of an accepted socket, the listener's.
    unix_path,
    /// `unix_sock.peer`.
    unix_peer,
    /// `unix_address.name`, a `sockaddr_un`.
    address_name,
    /// `path.dentry`.
    path_dentry,
    /// `dentry.d_inode`.
    dentry_inode,
    /// `inode.i_ino`.
    inode_ino,
    /// `inode.i_mode`.
    inode_mode,
    /// `inode.i_sb`.
    inode_sb,
    /// `super_block.s_dev`.
    sb_dev,
    /// `super_block.s_magic`.
    sb_magic,
    /// `vfsmount.mnt_sb`.
    vfsmount_sb,
    /// `socket.sk`.
    socket_sk,
    /// `file.f_inode`.
    file_inode,
    /// `file.private_data`.
    file_private,
    /// `pid.numbers[0].nr`: the number in the initial pid namespace.
    pid_nr,
    /// `pid.level`.
    pid_level,
    /// `pid.numbers[0].ns`.
    pid_ns,
    /// Size of `struct upid`, an element of `pid.numbers`.
    upid_size,
    /// `pid.tasks[PIDTYPE_TGID]`: the thread group leader's link.
    pid_leader,
    /// `task_struct.pid_links[PIDTYPE_TGID]`: what `pid.tasks` points at.
    task_link,
    /// `task_struct.tgid`.
    task_tgid,
    /// `task_struct.group_leader`.
    task_leader,
    /// `task_struct.real_parent`.
    task_parent,
    /// `task_struct.start_boottime`.
    task_start,
    /// `task_struct.comm`.
    task_comm,
    /// `task_struct.cred`.
    task_cred,
    /// `task_struct.mm`.
    task_mm,
    /// `task_struct.nsproxy`.
    task_nsproxy,
    /// `task_struct.thread_pid`.
    task_pid,
    /// `task_struct.cgroups`.
    task_cgroups,
    /// `cred.euid`.
    cred_euid,
    /// `cred.egid`.
    cred_egid,
    /// `cred.cap_effective`.
    cred_effective,
    /// `cred.group_info`.
    cred_groups,
    /// `cred.user_ns`.
    cred_user_ns,
    /// `group_info.ngroups`.
    groups_count,
    /// `group_info.gid`.
    groups_gid,
    /// `user_namespace.ns.inum`.
    user_ns_inum,
    /// `mm_struct.arg_start`.
    mm_arg_start,
    /// `mm_struct.arg_end`.
    mm_arg_end,
    /// `nsproxy.mnt_ns`.
    nsproxy_mnt,
    /// `mnt_namespace.ns.inum`.
    mnt_ns_inum,
    /// `pid_namespace.ns.inum`.
    pid_ns_inum,
    /// `css_set.dfl_cgrp`: the cgroup in the v2 hierarchy.
    css_set_default,
    /// `css_set.subsys[i]`, i being the v1 controller that names containers; absent if none is v1.
    css_set_v1,
    /// `cgroup_subsys_state.cgroup`.
    css_cgroup,
    /// `cgroup.kn`.
    cgroup_kn,
    /// `kernfs_node.name`.
    kn_name,
    /// `kernfs_node.parent`, from 6.15 on `__parent`.
    kn_parent,
    /// `linux_binprm.interp`: the program that really runs.
    bprm_interp,
    /// `bpf_sock_addr_kern.uaddr`.
    sock_addr_uaddr,
}

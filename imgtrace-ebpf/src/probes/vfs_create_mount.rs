//! `fexit/vfs_create_mount`: a process has made a mount, to attach it somewhere.
//!
//! Kernel: `struct vfsmount *vfs_create_mount(struct fs_context *fc)`, `fs/namespace.c`, 5.2 and
//! later; mount(2) and fsmount(2) both come by here, and nothing else that is frequent does. It
//! says who mounts, which mountinfo does not; what and where stands there, under the same device.

use aya_ebpf::{EbpfContext as _, macros::fexit, programs::FExitContext};
use imgtrace_common::{Mounting, kind};

use crate::{
    emit,
    kernel::{offset, read},
    task,
};

/// `OVERLAYFS_SUPER_MAGIC` (`include/uapi/linux/magic.h`).
const OVERLAY: u64 = 0x794c_7630;
/// `FUSE_SUPER_MAGIC` (`include/uapi/linux/magic.h`): fuse-overlayfs is one.
const FUSE: u64 = 0x6573_5546;
/// Addresses from here on are error numbers (`MAX_ERRNO` in `include/linux/err.h`).
const ERRORS: u64 = -4095_i64 as u64;

/// See the file.
#[fexit(function = "vfs_create_mount")]
pub fn vfs_create_mount(context: FExitContext) -> i32 {
    // Behind the only argument stands what the function returned.
    let mount: u64 = context.arg(1);
    if mount == 0 || mount >= ERRORS {
        return 0;
    }
    let super_block: u64 = read(mount + offset!(vfsmount_sb));
    let magic: u64 = read(super_block + offset!(sb_magic));
    if magic == OVERLAY || magic == FUSE {
        let mounting = Mounting {
            header: emit::header(kind::MOUNTING),
            pid: task::tgid(task::current()),
            device: read(super_block + offset!(sb_dev)),
        };
        emit::record(context.as_ptr(), &mounting);
    }
    0
}

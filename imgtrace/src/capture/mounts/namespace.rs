//! Mount namespaces: which one a process is in, and what the kernel calls it.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::os::unix::fs::MetadataExt as _;

/// Opens the mount namespace of a living process. It is kept from going away while it is open.
///
/// # Errors
/// The process is gone or may not be looked at.
pub(super) fn open(pid: u32) -> io::Result<File> {
    File::open(format!("/proc/{pid}/ns/mnt"))
}

/// The inode number of an open namespace: what `/proc` calls it. It comes back when it is gone.
///
/// # Errors
/// It cannot be looked at.
pub(super) fn inode(namespace: &File) -> io::Result<u32> {
    // proc_alloc_inum() gives out 32 bits.
    u32::try_from(namespace.metadata()?.ino()).map_err(io::Error::other)
}

/// The inode number of a process' mount namespace, if the process is there.
pub(super) fn of(pid: u32) -> Option<u32> {
    let link = std::fs::read_link(format!("/proc/{pid}/ns/mnt")).ok()?;
    let number = link.to_str()?.strip_prefix("mnt:[")?.strip_suffix(']')?;
    number.parse().ok()
}

/// The unique id of an open namespace, which never comes back.
///
/// # Errors
/// The kernel is older than 6.11 (`NS_GET_MNTNS_ID`, `include/uapi/linux/nsfs.h`).
pub(super) fn id(namespace: BorrowedFd<'_>) -> io::Result<u64> {
    let mut id = 0u64;
    #[expect(unsafe_code, reason = "ioctl(2) has no wrapper for this request")]
    // SAFETY: the request writes one 64-bit number.
    let result = unsafe {
        libc::ioctl(
            namespace.as_raw_fd(),
            libc::NS_GET_MNTNS_ID,
            std::ptr::from_mut(&mut id),
        )
    };
    if result == 0 {
        return Ok(id);
    }
    Err(io::Error::last_os_error())
}

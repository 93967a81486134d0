//! statmount(2) and listmount(2) (6.8 and later; of another namespace from 6.11 on): what the
//! kernel says about a mount by its unique id, and which mounts a namespace has.
//!
//! Neither libc nor rustix has them yet. It knows the kernel's structs and judges nothing.

use std::io;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// The numbers of the system calls, the same on every architecture (`scripts/syscall.tbl`,
/// `arch/x86/entry/syscalls/syscall_64.tbl`).
const SYS_STATMOUNT: libc::c_long = 457;
const SYS_LISTMOUNT: libc::c_long = 458;

/// The root of a namespace as the mount to list (`include/uapi/linux/mount.h`).
const LSMT_ROOT: u64 = u64::MAX;

/// What is asked for (`STATMOUNT_*`, `include/uapi/linux/mount.h`).
const SB_BASIC: u64 = 0x1;
const MNT_ROOT: u64 = 0x8;
const MNT_POINT: u64 = 0x10;
const FS_TYPE: u64 = 0x20;
const MNT_OPTS: u64 = 0x80;
const FS_SUBTYPE: u64 = 0x100;
const SB_SOURCE: u64 = 0x200;

/// Where the strings begin: `sizeof(struct statmount)`.
const STRINGS_AT: usize = 512;

/// The first size of the buffer: most answers fit.
const BUFFER_FIRST: usize = 4 << 10;

/// The largest size of the buffer: five hundred layers (overlayfs' most) with paths of 2 KiB.
const BUFFER_MAX: usize = 1 << 20;

/// Ids that one call lists.
const LIST_CHUNK: usize = 1024;

/// The most mounts that are listed of a namespace; the kernel's own bound is
/// `fs.mount-max`, 100,000 as delivered.
const LIST_MAX: usize = 1 << 17;

/// `struct mnt_id_req`, version 1 (`include/uapi/linux/mount.h`).
#[repr(C)]
#[derive(IntoBytes, Immutable)]
struct Request {
    /// `size`.
    size: u32,
    /// `spare`, from 6.18 on `mnt_ns_fd`; zero.
    spare: u32,
    /// `mnt_id`: the mount.
    mount: u64,
    /// `param`: for statmount what is asked for, for listmount after which id to go on.
    param: u64,
    /// `mnt_ns_id`: the namespace.
    namespace: u64,
}

/// `MNT_ID_REQ_SIZE_VER1`.
const REQUEST_SIZE: u32 = 32;

const _: () = assert!(size_of::<Request>() == REQUEST_SIZE as usize);

/// The beginning of `struct statmount` (`include/uapi/linux/mount.h`); what begins with an
/// underscore is not used.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, Immutable, KnownLayout)]
struct Head {
    /// `size`: of all of it, strings included.
    size: u32,
    /// `mnt_opts`: as every text, an offset from where the strings begin.
    options: u32,
    /// `mask`: what was answered.
    mask: u64,
    /// `sb_dev_major`.
    major: u32,
    /// `sb_dev_minor`.
    minor: u32,
    /// `sb_magic`: `include/uapi/linux/magic.h`.
    magic: u64,
    /// `sb_flags`.
    _flags: u32,
    /// `fs_type`.
    kind: u32,
    /// `mnt_id`, `mnt_parent_id`.
    _ids: [u64; 2],
    /// `mnt_id_old`, `mnt_parent_id_old`.
    _old_ids: [u32; 2],
    /// `mnt_attr`, `mnt_propagation`, `mnt_peer_group`, `mnt_master`, `propagate_from`.
    _propagation: [u64; 5],
    /// `mnt_root`: which folder of the file system is mounted.
    root: u32,
    /// `mnt_point`.
    point: u32,
    /// `mnt_ns_id`.
    _namespace: u64,
    /// `fs_subtype`.
    subtype: u32,
    /// `sb_source`.
    source: u32,
}

const _: () = assert!(size_of::<Head>() == 128);

/// What the kernel says about one mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Description {
    /// The type and, after a dot, the subtype: `overlay`, `fuse.fuse-overlayfs`.
    pub(super) kind: String,
    /// What was given as source.
    pub(super) source: String,
    /// Which folder of the file system is mounted: `/` is all of it.
    pub(super) root: String,
    /// The mount point, from the namespace's root; empty if it cannot be reached from there.
    pub(super) target: String,
    /// The file system's options, escaped as mountinfo escapes them.
    pub(super) options: Vec<u8>,
    /// Major and minor number of the file system.
    pub(super) device: (u32, u32),
}

/// Asks, with a buffer that is kept from one question to the next.
#[derive(Debug)]
pub(super) struct Asker {
    buffer: Vec<u8>,
}

impl Asker {
    pub(super) fn new() -> Self {
        Self {
            buffer: vec![0; BUFFER_FIRST],
        }
    }

    /// The magic number of a mount's file system (`include/uapi/linux/magic.h`): the cheapest
    /// question, no text is made for it.
    ///
    /// # Errors
    /// `ENOENT`: the namespace does not have the mount, or is gone.
    pub(super) fn magic(&mut self, mount: u64, namespace: u64) -> io::Result<u64> {
        self.ask(mount, namespace, SB_BASIC)?;
        self.head().map(|head| head.magic)
    }

    /// Everything about a mount.
    ///
    /// # Errors
    /// As [`magic`](Self::magic), or it takes more than [`BUFFER_MAX`].
    pub(super) fn describe(&mut self, mount: u64, namespace: u64) -> io::Result<Description> {
        let texts = MNT_ROOT | MNT_POINT | FS_TYPE | MNT_OPTS | FS_SUBTYPE | SB_SOURCE;
        self.ask(mount, namespace, SB_BASIC | texts)?;
        describe(&self.buffer).ok_or_else(strange)
    }

    fn head(&self) -> io::Result<Head> {
        Head::read_from_prefix(&self.buffer)
            .map(|(head, _)| head)
            .map_err(|_| strange())
    }

    fn ask(&mut self, mount: u64, namespace: u64, wanted: u64) -> io::Result<()> {
        loop {
            let request = Request::new(mount, wanted, namespace);
            let buffer = self.buffer.as_mut_slice();
            #[expect(unsafe_code, reason = "a raw system call")]
            // SAFETY: the request is a valid mnt_id_req that outlives the call, and the kernel
            // writes at most the given length.
            let result = unsafe {
                libc::syscall(
                    SYS_STATMOUNT,
                    std::ptr::from_ref(&request),
                    buffer.as_mut_ptr(),
                    buffer.len(),
                    0u32,
                )
            };
            if result == 0 {
                return Ok(());
            }
            let error = io::Error::last_os_error();
            let larger = buffer.len() * 2;
            if error.raw_os_error() != Some(libc::EOVERFLOW) || larger > BUFFER_MAX {
                return Err(error);
            }
            self.buffer.resize(larger, 0);
        }
    }
}

impl Request {
    fn new(mount: u64, param: u64, namespace: u64) -> Self {
        Self {
            size: REQUEST_SIZE,
            spare: 0,
            mount,
            param,
            namespace,
        }
    }
}

/// The unique ids of the mounts of a namespace that can be reached from its root, oldest first;
/// at most [`LIST_MAX`].
///
/// # Errors
/// `ENOENT`: the namespace is gone.
pub(super) fn list(namespace: u64) -> io::Result<Vec<u64>> {
    let mut all = Vec::new();
    while all.len() < LIST_MAX {
        let chunk = list_after(namespace, all.last().copied().unwrap_or(0), LIST_CHUNK)?;
        let is_last = chunk.len() < LIST_CHUNK;
        all.extend(chunk);
        if is_last {
            break;
        }
    }
    Ok(all)
}

/// Whether a namespace is there.
pub(super) fn is_there(namespace: u64) -> bool {
    let listed = list_after(namespace, 0, 1);
    listed.map_err(|error| error.raw_os_error()) != Err(Some(libc::ENOENT))
}

fn list_after(namespace: u64, last: u64, most: usize) -> io::Result<Vec<u64>> {
    let request = Request::new(LSMT_ROOT, last, namespace);
    let mut ids = vec![0u64; most];
    #[expect(unsafe_code, reason = "a raw system call")]
    // SAFETY: the request is a valid mnt_id_req that outlives the call, and the kernel writes at
    // most `most` numbers.
    let result = unsafe {
        libc::syscall(
            SYS_LISTMOUNT,
            std::ptr::from_ref(&request),
            ids.as_mut_ptr(),
            ids.len(),
            0u32,
        )
    };
    let count = usize::try_from(result).map_err(|_| io::Error::last_os_error())?;
    ids.truncate(count);
    Ok(ids)
}

fn strange() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "statmount's answer is cut")
}

/// Reads an answer; none if it is not one.
fn describe(answer: &[u8]) -> Option<Description> {
    let (head, _) = Head::read_from_prefix(answer).ok()?;
    let end = usize::try_from(head.size).ok()?;
    let strings = answer.get(STRINGS_AT..end)?;
    let bytes = |offset: u32, bit: u64| -> Option<&[u8]> {
        if head.mask & bit == 0 {
            return Some(&[]);
        }
        let rest = strings.get(usize::try_from(offset).ok()?..)?;
        rest.split(|byte| *byte == 0).next()
    };
    let text = |offset, bit| bytes(offset, bit).map(|it| String::from_utf8_lossy(it).into_owned());
    let mut kind = text(head.kind, FS_TYPE)?;
    let subtype = text(head.subtype, FS_SUBTYPE)?;
    if !subtype.is_empty() {
        kind = format!("{kind}.{subtype}");
    }
    Some(Description {
        kind,
        source: text(head.source, SB_SOURCE)?,
        root: text(head.root, MNT_ROOT)?,
        target: text(head.point, MNT_POINT)?,
        options: bytes(head.options, MNT_OPTS)?.to_vec(),
        device: (head.major, head.minor),
    })
}

#[cfg(test)]
mod tests;

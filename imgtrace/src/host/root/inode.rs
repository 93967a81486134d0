//! What one file is: kind, permissions, ACL, and the identity that the kernel knows it by.

use std::os::fd::{AsFd, AsRawFd as _, OwnedFd};

use rustix::fs::{AtFlags, FileType, StatxFlags, getxattr, statx};
use rustix::io::Errno;

use super::Root;

/// The most of an ACL that is read, in bytes: 511 entries. A longer one is not judged.
const ACL_MAX: usize = 4096;

/// What a file is, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A folder.
    Folder,
    /// A unix socket.
    Socket,
    /// A symbolic link.
    Link,
    /// A regular file.
    File,
    /// Anything else.
    Other,
}

/// A file, as the process that looks would find it.
#[derive(Clone, Debug)]
pub struct Inode {
    /// What it is.
    pub kind: Kind,
    /// Permission bits with set-id and sticky bits.
    pub mode: u32,
    /// Owner, as seen through its mount.
    pub uid: u32,
    /// Group, as seen through its mount.
    pub gid: u32,
    /// The access ACL.
    pub acl: Acl,
    /// `super_block.s_dev` of its file system, in the kernel's encoding.
    pub device: u32,
    /// The kernel's inode number; null where stat(2) tells another one (overlay).
    pub number: Option<u64>,
    /// When its permissions or, for a folder, its entries last changed: microseconds since 1970.
    pub changed: i64,
}

/// A file's POSIX access ACL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acl {
    /// The mode says everything.
    None,
    /// There is one.
    Entries(Vec<AclEntry>),
    /// There may be one and it could not be read.
    Unknown,
}

/// One entry of an ACL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AclEntry {
    /// Whom it is about.
    pub tag: AclTag,
    /// `rwx` as 4, 2, 1.
    pub bits: u32,
}

/// Whom an ACL entry is about (`include/uapi/linux/posix_acl.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AclTag {
    /// The owner.
    Owner,
    /// A user.
    User(u32),
    /// The file's group.
    OwnGroup,
    /// A group.
    Group(u32),
    /// The bound of all but owner and others.
    Mask,
    /// Everybody else.
    Others,
}

/// Describes an open file without asking a file system that might not answer: the mount is judged
/// by mountinfo, and statx is told not to synchronise. Null where that is not possible.
pub(super) fn look(file: &OwnedFd, root: &Root) -> Option<Inode> {
    let flags = AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC | AtFlags::NO_AUTOMOUNT;
    let wanted = StatxFlags::BASIC_STATS | StatxFlags::MNT_ID;
    let stat = statx(file.as_fd(), c"", flags, wanted).ok()?;
    let known = StatxFlags::from_bits_retain(stat.stx_mask);
    if !known.contains(StatxFlags::MNT_ID) {
        return None;
    }
    let mount = root.mount(stat.stx_mnt_id, (stat.stx_dev_major, stat.stx_dev_minor))?;
    let mode = u32::from(stat.stx_mode);
    Some(Inode {
        kind: match FileType::from_raw_mode(mode) {
            FileType::Directory => Kind::Folder,
            FileType::Socket => Kind::Socket,
            FileType::Symlink => Kind::Link,
            FileType::RegularFile => Kind::File,
            _ => Kind::Other,
        },
        mode: mode & 0o7777,
        uid: stat.stx_uid,
        gid: stat.stx_gid,
        acl: acl(file),
        device: mount.device,
        number: mount.plain.then_some(stat.stx_ino),
        changed: stat
            .stx_ctime
            .tv_sec
            .saturating_mul(1_000_000)
            .saturating_add(i64::from(stat.stx_ctime.tv_nsec / 1_000)),
    })
}

/// A path by which an `O_PATH` descriptor can be opened or asked for attributes.
pub(super) fn link_of(file: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", file.as_raw_fd())
}

fn acl(file: &OwnedFd) -> Acl {
    let mut buffer = [0; ACL_MAX];
    match getxattr(link_of(file), c"system.posix_acl_access", &mut buffer) {
        Ok(length) => buffer.get(..length).map_or(Acl::Unknown, parse),
        // Symbolic links have none; a file system may know none.
        Err(Errno::NODATA | Errno::OPNOTSUPP) => Acl::None,
        Err(_) => Acl::Unknown,
    }
}

/// `struct posix_acl_xattr_header` and its entries (`include/uapi/linux/posix_acl_xattr.h`).
fn parse(bytes: &[u8]) -> Acl {
    let Some((header, entries)) = bytes.split_first_chunk::<4>() else {
        return Acl::Unknown;
    };
    let (chunks, rest) = entries.as_chunks::<8>();
    if u32::from_le_bytes(*header) != 2 || !rest.is_empty() {
        return Acl::Unknown;
    }
    chunks
        .iter()
        .map(|[tag0, tag1, bits0, bits1, id @ ..]| {
            let id = u32::from_le_bytes(*id);
            let tag = match u16::from_le_bytes([*tag0, *tag1]) {
                0x01 => AclTag::Owner,
                0x02 => AclTag::User(id),
                0x04 => AclTag::OwnGroup,
                0x08 => AclTag::Group(id),
                0x10 => AclTag::Mask,
                0x20 => AclTag::Others,
                _ => return None,
            };
            let bits = u32::from(u16::from_le_bytes([*bits0, *bits1]));
            Some(AclEntry { tag, bits })
        })
        .collect::<Option<_>>()
        .map_or(Acl::Unknown, Acl::Entries)
}

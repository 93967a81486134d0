//! The mounts of one mount namespace, as `/proc/PID/mountinfo` lists them (`proc_pid_mountinfo(5)`).

use std::cell::OnceCell;
use std::fs::File;
use std::io::{Read as _, Seek as _};

/// The most of a mountinfo that is read, in bytes: some ten thousand mounts.
const MOUNTINFO_MAX: u64 = 4 << 20;

/// File systems of this machine, which answer by themselves. Everything else (FUSE, NFS, 9p,
/// autofs, procfs with its magic links) is not asked, since it might never answer.
const LOCAL: &[&str] = &[
    "ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs", "bcachefs", "jfs", "nilfs2", "reiserfs",
    "tmpfs", "ramfs", "rootfs", "devtmpfs", "overlay", "squashfs", "erofs", "iso9660", "vfat",
    "exfat",
];

/// Those whose inode numbers are the same in stat(2) and in the kernel. (overlay maps them; the
/// device is taken from mountinfo, where it is the kernel's own, so btrfs may stand here.)
const PLAIN: &[&str] = &[
    "ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "tmpfs", "ramfs", "rootfs", "devtmpfs",
];

/// One mount, as far as a walk needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mount {
    /// `super_block.s_dev`, in the kernel's encoding.
    pub(super) device: u32,
    /// Whether inode numbers of stat(2) are the kernel's own here.
    pub(super) plain: bool,
}

/// The text of a process' mountinfo, and of imgtrace's own.
///
/// The first lacks what is not below the process' root, such as the root itself after chroot(2).
/// The kernel takes its time to write it, so imgtrace's own is read only where the first does not
/// do.
#[derive(Debug)]
pub(super) struct Mounts(String, OnceCell<String>);

impl Mounts {
    /// Reads an open mountinfo from its beginning. It stays readable when its process is gone:
    /// the open file holds the namespace (`mounts_open_common`).
    pub(super) fn read(mut mountinfo: &File) -> Option<Self> {
        mountinfo.rewind().ok()?;
        Some(Self(text(mountinfo)?, OnceCell::new()))
    }

    /// The mount with the number `id`, if the process' own list has it with this very device (numbers
    /// are given again), of a local file system.
    pub(super) fn same(&self, id: u64, (major, minor): (u32, u32)) -> Option<Mount> {
        let device = format!("{major}:{minor}");
        let is_it =
            |line: &&str| number(line) == Some(id) && line.split(' ').nth(2) == Some(&device);
        self.0.lines().find(is_it).and_then(mount)
    }

    /// The mount with the number `id`, or any of the file system with the device `(major, minor)`,
    /// which statx(2) told; null if it is not listed or not of a local file system.
    ///
    /// Both are numbered for all namespaces alike, and a device that is not its file system's own
    /// (a btrfs subvolume's, some of overlay's) is no other file system's.
    pub(super) fn local(&self, id: u64, (major, minor): (u32, u32)) -> Option<Mount> {
        let numbered = |line: &&str| number(line) == Some(id);
        let device = format!("{major}:{minor}");
        let of_device = |line: &&str| line.split(' ').nth(2) == Some(&device);
        let listed = || self.0.lines();
        listed()
            .find(numbered)
            .or_else(|| self.own().lines().find(numbered))
            .or_else(|| listed().chain(self.own().lines()).find(of_device))
            .and_then(mount)
    }

    fn own(&self) -> &str {
        self.1.get_or_init(|| {
            let own = File::open("/proc/self/mountinfo").ok();
            own.and_then(|own| text(&own)).unwrap_or_default()
        })
    }
}

fn text(file: &File) -> Option<String> {
    let mut bytes = Vec::new();
    file.take(MOUNTINFO_MAX).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn number(line: &str) -> Option<u64> {
    line.split(' ').next()?.parse().ok()
}

/// `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw`.
fn mount(line: &str) -> Option<Mount> {
    let (before, after) = line.split_once(" - ")?;
    let (major, minor) = before.split(' ').nth(2)?.split_once(':')?;
    let (major, minor) = (major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?);
    let kind = after.split(' ').next()?;
    LOCAL.contains(&kind).then_some(Mount {
        device: (major << 20) | (minor & 0xf_ffff),
        plain: PLAIN.contains(&kind),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_is_read_by_its_number() {
        let mounts = Mounts(
            "21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n\
             36 21 0:31 / /a\\040-\\040b rw - overlay overlay rw,lowerdir=/x\n\
             37 21 0:32 / /home rw,idmapped master:1 - fuse.sshfs h: rw\n\
             370 21 259:1048577 / /big rw - xfs /dev/nvme0n1 rw\n"
                .to_owned(),
            "99 1 0:99 / / rw - tmpfs t rw\n".to_owned().into(),
        );
        let none = (0, 0);
        let root = Mount {
            device: 254 << 20,
            plain: true,
        };
        assert_eq!(mounts.local(21, none), Some(root));
        let overlay = Mount {
            device: 31,
            plain: false,
        };
        assert_eq!(mounts.local(36, none), Some(overlay));
        assert_eq!(mounts.local(37, none), None, "FUSE is never asked");
        assert_eq!(mounts.local(99, none).map(|mount| mount.device), Some(99));
        let big = mounts.local(370, none).map(|mount| mount.device);
        assert_eq!(big, Some((259 << 20) | 1), "20 bits of minor");
        assert_eq!(mounts.local(3, none), None);
        assert_eq!(mounts.same(21, (254, 0)), Some(root));
        assert_eq!(mounts.same(37, (0, 32)), None, "FUSE is never asked");
        assert_eq!(
            mounts.same(21, (0, 77)),
            None,
            "another one has its number by now"
        );
    }

    #[test]
    fn a_mount_that_is_not_listed_is_known_by_its_device() {
        let mounts = Mounts(
            "36 21 0:31 / /a rw - fuse.sshfs h: rw\n".to_owned(),
            "21 1 254:0 / / rw - ext4 /dev/vda rw\n".to_owned().into(),
        );
        assert_eq!(mounts.local(500, (254, 0)), mounts.local(21, (0, 0)));
        assert_eq!(mounts.local(500, (0, 31)), None);
        assert_eq!(mounts.local(500, (0, 77)), None);
    }
}

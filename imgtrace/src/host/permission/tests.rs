//! The kernel is the oracle: a thread takes on the credentials and really connects.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use proptest::prelude::*;
use rustix::fs::{XattrFlags, setxattr};
use rustix::thread::{
    CapabilitySet, CapabilitySets, Gid, Uid, set_capabilities, set_keep_capabilities,
    set_thread_groups, set_thread_res_gid, set_thread_res_uid,
};

use super::*;
use crate::host::root::{Root, Walk};
use crate::host::socket_file::may_connect;

/// Ids are drawn from a few, so that they often meet.
const IDS: std::ops::Range<u32> = 70_000..70_003;

/// A folder with a socket in it.
#[derive(Clone, Debug)]
struct Place {
    folder: File,
    socket: File,
}

#[derive(Clone, Debug)]
struct File {
    mode: u32,
    uid: u32,
    gid: u32,
    /// User, group and mask bits, for one user and one group.
    acl: Option<(u32, u32, [u32; 3])>,
}

fn file() -> impl Strategy<Value = File> {
    let acl = (IDS, IDS, [0..8u32, 0..8u32, 0..8u32]);
    (0..0o1000u32, IDS, IDS, proptest::option::of(acl)).prop_map(|(mode, uid, gid, acl)| File {
        mode,
        uid,
        gid,
        acl,
    })
}

fn credentials() -> impl Strategy<Value = Credentials> {
    let groups = prop::collection::vec(IDS, 0..3);
    (IDS, IDS, groups, 0..8u64).prop_map(|(uid, gid, groups, bits)| Credentials {
        uid,
        gid,
        groups,
        // The two that matter here are bits 1 and 2; bit 0 (CAP_CHOWN) must not.
        capabilities: bits,
        namespace: Namespace::Initial,
    })
}

fn set(path: &Path, file: &File) {
    fs::set_permissions(path, fs::Permissions::from_mode(file.mode)).unwrap();
    if let Some((user, group, [user_bits, group_bits, mask])) = file.acl {
        let mut acl = 2u32.to_le_bytes().to_vec();
        let undefined = u32::MAX;
        for (tag, bits, id) in [
            (0x01u16, file.mode >> 6 & 7, undefined),
            (0x02, user_bits, user),
            (0x04, file.mode >> 3 & 7, undefined),
            (0x08, group_bits, group),
            (0x10, mask, undefined),
            (0x20, file.mode & 7, undefined),
        ] {
            acl.extend(tag.to_le_bytes());
            acl.extend(u16::try_from(bits).unwrap().to_le_bytes());
            acl.extend(id.to_le_bytes());
        }
        setxattr(path, "system.posix_acl_access", &acl, XattrFlags::empty()).unwrap();
    }
    chown(path, Some(file.uid), Some(file.gid)).unwrap();
}

/// Connects as somebody else; threads have credentials of their own.
fn connect(who: &Credentials, path: &Path) -> io::Result<()> {
    let become_them = || -> io::Result<()> {
        let groups: Vec<_> = who.groups.iter().map(|gid| Gid::from_raw(*gid)).collect();
        let (uid, gid) = (Uid::from_raw(who.uid), Gid::from_raw(who.gid));
        set_keep_capabilities(true)?;
        set_thread_groups(&groups)?;
        set_thread_res_gid(gid, gid, gid)?;
        set_thread_res_uid(uid, uid, uid)?;
        let capabilities = CapabilitySet::from_bits_retain(who.capabilities);
        let sets = CapabilitySets {
            effective: capabilities,
            permitted: capabilities,
            inheritable: CapabilitySet::empty(),
        };
        Ok(set_capabilities(None, sets)?)
    };
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            become_them().unwrap();
            UnixStream::connect(path).map(drop)
        });
        thread.join().unwrap()
    })
}

fn check(place: &Place, who: &Credentials) -> Result<(), TestCaseError> {
    let base = tempfile::tempdir().unwrap();
    fs::set_permissions(base.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let folder = base.path().join("folder");
    fs::create_dir(&folder).unwrap();
    let socket = folder.join("docker.sock");
    let _listener = UnixListener::bind(&socket).unwrap();
    set(&socket, &place.socket);
    set(&folder, &place.folder);

    let root = Root::of(std::process::id()).unwrap();
    let Walk::Found { folders, inode, .. } = root.walk(socket.as_os_str().as_encoded_bytes())
    else {
        return Err(TestCaseError::fail("not found"));
    };
    let (answer, _) = may_connect(who, &folders, Some(&inode));
    let expected = match connect(who, &socket) {
        Ok(()) => Answer::Yes,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Answer::No,
        Err(error) => panic!("{error}"),
    };
    prop_assert_eq!(answer, expected);
    Ok(())
}

#[test]
fn the_kernel_says_the_same() {
    if !rustix::process::geteuid().is_root() {
        println!("SKIP the_kernel_says_the_same: needs root");
        return;
    }
    let place = (file(), file()).prop_map(|(folder, socket)| Place { folder, socket });
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 400,
        ..ProptestConfig::default()
    });
    let strategy = (place, credentials());
    runner
        .run(&strategy, |(place, who)| check(&place, &who))
        .unwrap();
}

fn inode(mode: u32, uid: u32, gid: u32) -> Inode {
    Inode {
        kind: Kind::Socket,
        mode,
        uid,
        gid,
        acl: Acl::None,
        device: 0,
        number: None,
        changed: 0,
    }
}

#[test]
fn capabilities_count_only_for_what_is_mapped() {
    let mapped = |first| Namespace::Mapped {
        users: vec![Range { first, count: 10 }],
        groups: vec![Range {
            first: 100,
            count: 10,
        }],
    };
    let who = |namespace| Credentials {
        uid: 100,
        gid: 100,
        groups: Vec::new(),
        capabilities: CAP_DAC_OVERRIDE,
        namespace,
    };
    let socket = inode(0o600, 105, 105);
    assert_eq!(who(mapped(100)).may(&socket, Want::Write), Answer::Yes);
    assert_eq!(who(mapped(106)).may(&socket, Want::Write), Answer::No);
    assert_eq!(who(mapped(95)).may(&socket, Want::Write), Answer::No);
    assert_eq!(
        who(Namespace::Initial).may(&socket, Want::Write),
        Answer::Yes
    );
    assert_eq!(
        who(Namespace::Unknown).may(&socket, Want::Write),
        Answer::Unknown
    );
    let open = inode(0o666, 0, 0);
    assert_eq!(who(Namespace::Unknown).may(&open, Want::Write), Answer::Yes);
}

#[test]
fn a_group_must_exist_in_the_namespace_to_be_joined() {
    let who = Credentials {
        uid: 100,
        gid: 100,
        groups: Vec::new(),
        capabilities: 0,
        namespace: Namespace::Mapped {
            users: Vec::new(),
            groups: vec![Range {
                first: 100,
                count: 10,
            }],
        },
    };
    assert!(who.with_group(109).is_some());
    assert!(who.with_group(110).is_none());
}

#[test]
fn an_acl_that_cannot_be_read_tells_nothing() {
    let who = Credentials {
        uid: 1,
        gid: 1,
        groups: Vec::new(),
        capabilities: 0,
        namespace: Namespace::Initial,
    };
    let mut socket = inode(0o660, 0, 0);
    socket.acl = Acl::Unknown;
    assert_eq!(who.may(&socket, Want::Write), Answer::Unknown);
    // Without a bit in the mask the kernel does not look at it either.
    socket.mode = 0o600;
    assert_eq!(who.may(&socket, Want::Write), Answer::No);
}

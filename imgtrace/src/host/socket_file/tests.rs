use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;

use super::*;
use crate::host::permission::Namespace;

fn inode(kind: Kind, mode: u32, gid: u32) -> Inode {
    Inode {
        kind,
        mode,
        uid: 0,
        gid,
        acl: Acl::None,
        device: 0,
        number: None,
        changed: 0,
    }
}

fn user() -> Credentials {
    Credentials {
        uid: 1000,
        gid: 1000,
        groups: vec![27],
        capabilities: 0,
        namespace: Namespace::Initial,
    }
}

#[test]
fn the_file_of_a_socket_is_described() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("docker.sock");
    let _listener = UnixListener::bind(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o660)).unwrap();
    let mut users = Users::new();
    let me = std::process::id();
    let file = of_server(me, path.to_str().unwrap(), &mut users).unwrap();
    assert_eq!(file.mode, 0o660);
    assert_eq!(file.uid, rustix::process::geteuid().as_raw());
    if file.uid == 0 {
        assert_eq!(file.owner.as_deref(), Some("root"));
    }

    let other = folder.path().join("file");
    fs::write(&other, "").unwrap();
    assert_eq!(of_server(me, other.to_str().unwrap(), &mut users), None);
    assert_eq!(of_server(me, "/none/docker.sock", &mut users), None);
}

#[test]
fn a_socket_that_was_renamed_is_found_by_its_new_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let _listener = UnixListener::bind(path("2943501231")).unwrap();
    let root = Root::of(std::process::id()).unwrap();
    let Walk::Found { inode, .. } = root.walk(path("2943501231").as_bytes()) else {
        panic!("it is there");
    };
    // Where stat(2) tells other numbers there is nothing to compare.
    let Some(number) = inode.number else { return };
    let listener = Listener {
        device: inode.device,
        inode: number,
    };
    let names = ["docker.sock", "cri-dockerd.sock"];
    let now = || {
        let bound = path("2943501231");
        renamed(std::process::id(), &bound, listener, &names)
    };
    let _other = UnixListener::bind(path("docker.sock")).unwrap();
    assert_eq!(now(), None, "it has kept its name");
    fs::rename(path("2943501231"), path("cri-dockerd.sock")).unwrap();
    assert_eq!(now(), Some(path("cri-dockerd.sock")));
    fs::rename(path("cri-dockerd.sock"), path("unheard.of")).unwrap();
    assert_eq!(now(), None);
}

#[test]
fn the_group_that_helps_is_the_sockets() {
    let folders = [inode(Kind::Folder, 0o755, 0)];
    let socket = inode(Kind::Socket, 0o660, 998);
    let (answer, obstacle) = may_connect(&user(), &folders, Some(&socket));
    assert_eq!(answer, Answer::No);
    assert_eq!(obstacle.unwrap().kind, Kind::Socket);
    assert_eq!(needed_group(&user(), &folders, &socket), Some(998));
}

#[test]
fn no_group_helps_where_the_mode_lets_none_in() {
    let folders = [inode(Kind::Folder, 0o755, 0)];
    let socket = inode(Kind::Socket, 0o600, 998);
    assert_eq!(needed_group(&user(), &folders, &socket), None);
}

#[test]
fn a_closed_folder_is_an_obstacle_too() {
    let socket = inode(Kind::Socket, 0o666, 998);
    let closed = [
        inode(Kind::Folder, 0o755, 0),
        inode(Kind::Folder, 0o710, 50),
    ];
    let (answer, obstacle) = may_connect(&user(), &closed, Some(&socket));
    assert_eq!((answer, obstacle.unwrap().gid), (Answer::No, 50));
    assert_eq!(needed_group(&user(), &closed, &socket), Some(50));
    // One group opens the folder and another one the socket: neither is enough.
    let socket = inode(Kind::Socket, 0o660, 998);
    assert_eq!(needed_group(&user(), &closed, &socket), None);
}

#[test]
fn a_group_of_an_acl_helps() {
    use crate::host::root::AclEntry;
    let mut socket = inode(Kind::Socket, 0o660, 0);
    let entry = |tag, bits| AclEntry { tag, bits };
    socket.acl = Acl::Entries(vec![
        entry(AclTag::Owner, 6),
        entry(AclTag::OwnGroup, 4),
        entry(AclTag::Group(321), 6),
        entry(AclTag::Mask, 6),
        entry(AclTag::Others, 0),
    ]);
    assert_eq!(needed_group(&user(), &[], &socket), Some(321));
}

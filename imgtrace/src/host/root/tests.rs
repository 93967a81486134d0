use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use super::*;

fn walk(path: &Path) -> Walk {
    Root::of(std::process::id())
        .unwrap()
        .walk(path.as_os_str().as_bytes())
}

/// The inode number that stat(2) tells for what the path led to.
#[track_caller]
fn found(path: &Path) -> u64 {
    match walk(path) {
        Walk::Found { file, .. } => rustix::fs::fstat(&file).unwrap().st_ino,
        other => panic!("{}: {other:?}", path.display()),
    }
}

fn number(path: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(path).unwrap().ino()
}

#[test]
fn every_way_to_a_file_leads_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path();
    fs::create_dir_all(base.join("run/docker")).unwrap();
    fs::create_dir(base.join("var")).unwrap();
    symlink("../run", base.join("var/run")).unwrap();
    symlink(base.join("run"), base.join("abs")).unwrap();
    let socket = base.join("run/docker/docker.sock");
    let _listener = UnixListener::bind(&socket).unwrap();
    symlink("docker/docker.sock", base.join("run/alias")).unwrap();
    for path in [
        "run/docker/docker.sock",
        "run//docker/./docker.sock",
        "var/run/docker/docker.sock",
        "abs/docker/docker.sock",
        "abs/../var/run/docker/../docker/docker.sock",
        "abs/alias",
    ] {
        let path = base.join(path);
        assert_eq!(found(&path), number(&socket), "{}", path.display());
    }
    let escape = Path::new("/../..").join(socket.strip_prefix("/").unwrap());
    assert_eq!(found(&escape), number(&socket));
}

#[test]
fn what_is_found_is_described() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("s");
    let _listener = UnixListener::bind(&socket).unwrap();
    fs::set_permissions(&socket, PermissionsExt::from_mode(0o620)).unwrap();
    fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o2710)).unwrap();
    let Walk::Found { folders, inode, .. } = walk(&socket) else {
        panic!("not found");
    };
    assert_eq!(inode.kind, Kind::Socket);
    assert_eq!(inode.mode, 0o620);
    assert_eq!(inode.acl, Acl::None);
    assert_eq!(folders.len(), socket.components().count() - 1);
    assert!(folders.iter().all(|folder| folder.kind == Kind::Folder));
    let parent = folders.last().unwrap();
    assert_eq!(parent.mode, 0o2710);
    if let Some(number) = inode.number {
        assert_eq!(number, self::number(&socket));
    }
}

#[test]
fn what_is_missing_is_told_from_what_cannot_be_known() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path();
    fs::write(base.join("file"), "").unwrap();
    symlink("nowhere", base.join("dangling")).unwrap();
    symlink("loop", base.join("loop")).unwrap();
    for missing in ["none", "none/docker.sock", "dangling"] {
        let walk = walk(&base.join(missing));
        assert!(matches!(walk, Walk::Missing { .. }), "{missing}: {walk:?}");
    }
    for unknown in ["file/x", "loop", "file/", "loop/x"] {
        let walk = walk(&base.join(unknown));
        assert!(matches!(walk, Walk::Unknown), "{unknown}: {walk:?}");
    }
}

#[test]
fn a_file_system_that_might_not_answer_is_not_asked() {
    for path in ["/proc/self/root/etc/passwd", "/proc/1/none", "/sys/none"] {
        assert!(matches!(walk(Path::new(path)), Walk::Unknown), "{path}");
    }
}

#[test]
fn names_that_are_no_paths_lead_nowhere() {
    let root = Root::of(std::process::id()).unwrap();
    for name in [b"".as_slice(), b"\0docker", b"/a\0b", b"/", b"/run/"] {
        assert!(matches!(root.walk(name), Walk::Unknown), "{name:?}");
    }
    let long = b"/".repeat(COMPONENTS_MAX);
    assert!(matches!(
        root.walk(&[&long, b"tmp".as_slice()].concat()),
        Walk::Found { .. }
    ));
    let deep = b"/.".repeat(COMPONENTS_MAX + 1);
    assert!(matches!(root.walk(&deep), Walk::Unknown));
}

#[test]
fn a_relative_path_starts_where_the_process_stands() {
    // Cargo runs tests in the package's folder.
    let root = Root::of(std::process::id()).unwrap();
    assert!(matches!(root.walk(b"Cargo.toml"), Walk::Found { .. }));
    assert!(matches!(
        root.walk(b"src/../Cargo.toml"),
        Walk::Found { .. }
    ));
    assert!(matches!(root.walk(b"no.sock"), Walk::Missing { .. }));
    assert!(matches!(root.walk(b"../Cargo.toml"), Walk::Unknown));
}

#[test]
fn only_regular_files_are_opened() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    rustix::fs::mkfifoat(CWD, &pipe, Mode::RUSR).unwrap();
    let root = Root::of(std::process::id()).unwrap();
    assert!(root.open(pipe.to_str().unwrap()).is_none());
    assert!(root.open("/etc/passwd").is_some());
}

#[test]
fn who_is_gone_can_still_be_asked() {
    let mut child = std::process::Command::new("/bin/sleep")
        .arg("60")
        .spawn()
        .unwrap();
    let root = Root::of(child.id()).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(matches!(root.walk(b"/etc/passwd"), Walk::Found { .. }));
    assert!(Root::of(child.id()).is_none());
}

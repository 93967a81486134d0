//! Trees of a machine and of a container on it.

use std::process::{Command, Stdio};

use proptest::prelude::*;

use super::*;

/// A machine with `/var` on a file system of its own, and a propagated overlay.
const MACHINE: &[u8] = b"\
1 0 254:0 / / rw - ext4 /dev/vda rw\n\
2 1 254:1 / /var rw - ext4 /dev/vdb rw\n\
3 2 0:50 / /var/lib/docker/overlay2/outer/merged rw - overlay o rw\n\
4 1 0:21 / /proc rw - proc proc rw\n\
5 2 0:60 / /var/hidden rw - tmpfs t rw\n\
6 1 254:1 /hidden /other rw - ext4 /dev/vdb rw\n";

/// A Docker in Docker: its root is the overlay, its data a volume of the machine.
const INNER: &[u8] = b"\
100 90 0:50 / / rw - overlay o rw\n\
101 100 254:1 /lib/docker/volumes/v/_data /var/lib/docker rw - ext4 /dev/vdb rw\n\
102 101 0:70 / /var/lib/docker/overlay2/in/merged rw - overlay o rw\n\
103 100 0:71 / /tmp rw - tmpfs t rw\n\
104 100 254:1 /hidden /h rw - ext4 /dev/vdb rw\n";

fn on_machine(path: &str) -> Option<String> {
    MountTree::parse(INNER).path_in(path, &MountTree::parse(MACHINE))
}

#[test]
fn a_path_on_a_volume_is_the_volumes() {
    let store = on_machine("/var/lib/docker");
    assert_eq!(store.as_deref(), Some("/var/lib/docker/volumes/v/_data"));
    let file = on_machine("/var/lib/docker/image/x");
    let expected = "/var/lib/docker/volumes/v/_data/image/x";
    assert_eq!(file.as_deref(), Some(expected));
}

#[test]
fn a_path_on_the_root_file_system_is_where_that_is_mounted() {
    let merged = "/var/lib/docker/overlay2/outer/merged";
    assert_eq!(on_machine("/").as_deref(), Some(merged));
    let file = on_machine("/etc/x");
    assert_eq!(file, Some(format!("{merged}/etc/x")));
}

#[test]
fn what_the_machine_does_not_have_has_no_path() {
    assert_eq!(on_machine("/tmp/x"), None);
    assert_eq!(on_machine("/var/lib/docker/overlay2/in/merged"), None);
}

#[test]
fn a_mount_point_is_the_folder_that_it_lies_on() {
    let (inner, machine) = (MountTree::parse(INNER), MountTree::parse(MACHINE));
    let target = "/var/lib/docker/overlay2/in/merged";
    let expected = "/var/lib/docker/volumes/v/_data/overlay2/in/merged";
    let found = inner.mount_point_in(target, &machine);
    assert_eq!(found.as_deref(), Some(expected));
    let outer = machine.mount_point_in("/var/lib/docker/overlay2/outer/merged", &machine);
    let expected = "/var/lib/docker/overlay2/outer/merged";
    assert_eq!(outer.as_deref(), Some(expected));
    assert_eq!(
        inner.mount_point_in("/tmp", &machine).as_deref(),
        Some("/var/lib/docker/overlay2/outer/merged/tmp")
    );
}

#[test]
fn a_path_that_is_covered_is_found_elsewhere() {
    // /var/hidden lies below a tmpfs on the machine; /other shows the same folder.
    assert_eq!(on_machine("/h/x").as_deref(), Some("/other/x"));
}

#[test]
fn a_mount_that_is_covered_is_not_on_the_way() {
    let tree = MountTree::parse(
        b"1 0 254:0 / / rw - ext4 v rw\n\
          2 1 0:2 / /a/b rw - tmpfs t rw\n\
          3 1 0:3 / /a rw - tmpfs t rw\n\
          4 3 0:4 / /a rw - tmpfs t rw\n\
          5 1 0:5 / /ab rw - tmpfs t rw\n",
    );
    let id = |path| tree.at(path).map(|mount| mount.id);
    assert_eq!(id("/a/b/c"), Some(4), "the last one on /a covers all");
    assert_eq!(id("/ab"), Some(5));
    assert_eq!(id("/abc"), Some(1));
    assert_eq!(id("/"), Some(1));
}

#[test]
fn a_namespace_of_its_own_is_compared_with_the_machine() {
    let Some(machine) = MountTree::of_machine() else {
        eprintln!("skipped: the first process may not be looked at");
        return;
    };
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: mounting needs root");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let source = folder.join("source");
    std::fs::create_dir_all(source.join("sub")).unwrap();
    std::fs::create_dir(folder.join("bound")).unwrap();
    let script = "mount --bind $0/source $0/bound && mount -t tmpfs t $0/bound/sub \
                  && echo done && read line";
    let mut shell = Command::new("unshare")
        .args(["--mount", "--propagation", "private", "sh", "-c", script])
        .arg(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = [0; 5];
    std::io::Read::read_exact(shell.stdout.as_mut().unwrap(), &mut line).unwrap();
    let inner = MountTree::of(shell.id()).unwrap();
    drop(shell.stdin.take());
    shell.wait().unwrap();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let found = inner.path_in(&path("bound/x"), &machine);
    assert_eq!(found, Some(path("source/x")));
    assert_eq!(inner.path_in(&path("bound/sub"), &machine), None);
    let found = inner.mount_point_in(&path("bound/sub"), &machine);
    assert_eq!(found, Some(path("source/sub")));
}

proptest! {
    #[test]
    fn a_tree_in_itself_is_the_same(path in "(/(var|lib|docker|overlay2|outer|proc|x)){1,6}") {
        let machine = MountTree::parse(MACHINE);
        prop_assert_eq!(machine.path_in(&path, &machine), Some(path));
    }

    #[test]
    fn any_lines_and_path_are_taken(
        lines in prop::collection::vec((0u64..6, 0u64..6, "(/[ab]?){1,3}"), 0..12),
        path in "(/[ab]?){0,4}",
    ) {
        let lines = lines.iter().map(|(id, parent, target)| {
            format!("{id} {parent} 0:{id} / {target} rw - tmpfs t rw\n")
        });
        let tree = MountTree::parse(lines.collect::<String>().as_bytes());
        tree.mount_point_in(&path, &tree);
    }
}

#[test]
fn a_container_with_a_great_many_mounts_takes_no_longer_than_they_are_many() {
    let line = |id: u64| format!("{id} 1 0:{id} / / rw - tmpfs t rw");
    let mut lines: Vec<_> = (10..50_010).map(line).collect();
    lines.push("1 0 0:1 / / rw - overlay o rw".to_owned());
    let text = lines.join("\n");
    let began = std::time::Instant::now();
    let tree = MountTree::parse(text.as_bytes());
    let place = Place {
        device: (0, 10),
        path: "/run/docker.sock".to_owned(),
    };
    for _ in 0..10 {
        assert_eq!(tree.place("/run/docker.sock").as_ref(), Some(&place));
    }
    assert!(began.elapsed() < std::time::Duration::from_secs(10));
}

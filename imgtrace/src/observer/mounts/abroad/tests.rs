//! A store in a namespace of its own, as a container's is.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};

use super::*;
use crate::model::StoreKind;

fn mount(namespace: u32, target: String) -> Mount {
    Mount {
        at: 1,
        id: 1,
        device: (0, 1),
        namespace,
        mounter: None,
        kind: "overlay".to_owned(),
        source: "overlay".to_owned(),
        target,
        lower: Vec::new(),
        upper: None,
        already: false,
    }
}

fn store(root: String) -> Store {
    Store {
        kind: StoreKind::Docker,
        root,
        device: 1,
        inode: 1,
        driver: "overlay2".to_owned(),
        namespace: None,
    }
}

/// A shell that sees `volume` of a folder as `data`, with an overlay in it.
fn container(folder: &str) -> Child {
    let script = "mount --bind $0/volume $0/data \
                  && mount -t overlay o -o lowerdir=$0/volume/a:$0/volume/b $0/data/merged \
                  && echo done && read line";
    let mut shell = Command::new("unshare")
        .args(["--mount", "--propagation", "private", "sh", "-c", script])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = [0; 5];
    shell
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut line)
        .unwrap();
    shell
}

#[test]
fn a_store_on_a_volume_is_where_the_volume_is() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: mounting needs root");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    for name in ["volume/a", "volume/b", "volume/merged", "data"] {
        std::fs::create_dir_all(folder.join(name)).unwrap();
    }
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let mut shell = container(&path(""));
    let namespace = process::mount_namespace(shell.id());
    let inner = mount(namespace, path("data/merged"));
    let mut store = store(path("data"));
    let found = on_machine(shell.id(), &inner, Some(&mut store));
    let elsewhere = on_machine(shell.id(), &mount(namespace, path("other")), None);
    drop(shell.stdin.take());
    shell.wait().unwrap();
    assert_eq!(found, Some(path("volume/merged")));
    assert_eq!(store.root, path("volume"));
    assert_eq!(elsewhere, None, "the same path");
    assert_eq!(on_machine(shell.id(), &inner, None), None, "nobody is left");
}

#[test]
fn what_the_machine_mounts_has_one_path() {
    let own = mount(process::mount_namespace(FIRST_PROCESS), "/x".to_owned());
    assert_eq!(on_machine(FIRST_PROCESS, &own, None), None);
}

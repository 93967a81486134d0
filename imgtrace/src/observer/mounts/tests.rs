use super::*;
use crate::model::{MountId, Role, RootfsIdentity, Runtime, Store, StoreKind};

fn store(inode: u64, namespace: Option<&str>) -> Store {
    Store {
        kind: StoreKind::Containerd,
        root: "/var/lib/containerd".to_owned(),
        device: 1,
        inode,
        driver: "overlayfs".to_owned(),
        namespace: namespace.map(str::to_owned),
    }
}

fn mounted(at: u64, mount: u64, store: Store) -> News {
    let identity = RootfsIdentity::new(Runtime::Containerd, Role::Container, "overlayfs");
    News::Mounted(Box::new(Mounted {
        at,
        mount: MountId(mount),
        by: None,
        path: "/run/c/rootfs".to_owned(),
        host_path: None,
        mount_ns: 1,
        identified: Identified {
            identity,
            store: Some(store),
        },
        already: false,
    }))
}

/// What is observed, in short.
fn told(observer: &mut Observer) -> Vec<String> {
    let short = |observed: Observed| match observed.what {
        Observation::Store { id, .. } => format!("store {id}"),
        Observation::Mounted { rootfs, .. } => {
            let store = rootfs.store.map_or("-".to_owned(), |id| id.to_string());
            format!("mounted {} in {store}", rootfs.mount.0)
        }
        Observation::Unmounted { mount } => format!("unmounted {}", mount.0),
        Observation::Lost { records, .. } => format!("lost {records}"),
        Observation::Notice { about, .. } => about,
        other => format!("{other:?}"),
    };
    observer.take().into_iter().map(short).collect()
}

#[test]
fn a_store_is_told_once_before_what_lies_in_it() {
    let mut observer = Observer::new(Vec::new());
    observer.mounts.waiting = vec![
        mounted(1, 1, store(5, Some("moby"))),
        mounted(2, 2, store(5, Some("moby"))),
        mounted(3, 3, store(5, Some("k8s.io"))),
        mounted(4, 4, store(6, Some("moby"))),
    ];
    observer.mounted_until(u64::MAX);
    assert_eq!(
        told(&mut observer),
        [
            "store s1",
            "mounted 1 in s1",
            "mounted 2 in s1",
            "store s2",
            "mounted 3 in s2",
            "store s3",
            "mounted 4 in s3"
        ]
    );
}

#[test]
fn what_was_mounted_waits_for_what_was_executed_before() {
    let mut observer = Observer::new(Vec::new());
    observer.mounts.waiting = vec![
        mounted(10, 1, store(5, None)),
        News::Unmounted {
            at: 20,
            mount: MountId(1),
        },
        News::Lost { at: 30, mounts: 7 },
        News::Failed("no more".to_owned()),
    ];
    observer.mounted_until(9);
    assert!(told(&mut observer).is_empty() && observer.is_stirred());
    observer.mounted_until(10);
    assert_eq!(told(&mut observer), ["store s1", "mounted 1 in s1"]);
    observer.mounted_until(25);
    assert_eq!(told(&mut observer), ["unmounted 1"]);
    observer.mounted_until(30);
    assert_eq!(told(&mut observer), ["lost 7", "mounts-unseen"]);
    assert!(!observer.is_stirred());
}

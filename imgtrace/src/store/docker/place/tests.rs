use super::*;

const ID: &str = "5f0c3a5e1b2d4c6f8a9b0c1d2e3f405162738495a6b7c8d9eafb0c1d2e3f4051";
const ROOT: &str = "/var/lib/docker";

#[test]
fn the_folder_of_a_graph_driver() {
    for driver in ["overlay2", "overlay", "fuse-overlayfs"] {
        let target = format!("{ROOT}/{driver}/{ID}/merged");
        let folder = Id::parse(ID).unwrap();
        let place = Place::Graph {
            root: ROOT,
            driver,
            folder,
        };
        assert_eq!(Place::of(&target), Some(place));
    }
    // A data root of a daemon with user namespaces.
    let target = format!("{ROOT}/100000.100000/overlay2/{ID}/merged");
    let root = "/var/lib/docker/100000.100000";
    assert!(matches!(Place::of(&target), Some(Place::Graph { root: is, .. }) if is == root));
}

#[test]
fn the_mount_point_of_a_snapshot() {
    let target = format!("{ROOT}/rootfs/overlayfs/{ID}");
    let place = Place::Snapshot {
        root: ROOT,
        snapshotter: "overlayfs",
        container: ID,
    };
    assert_eq!(Place::of(&target), Some(place));
}

#[test]
fn what_builds_mount() {
    let id = "nbtx6xhz9tz0e0dqdpljh6pvs";
    let pool = format!("{ROOT}/buildkit/containerd-overlayfs/cachemounts/buildkit4233263079");
    let snapshotter = "overlayfs";
    assert_eq!(Place::of(&pool), Some(Place::Pool { snapshotter }));
    let snapshot = format!("{ROOT}/overlay2/{id}/merged");
    let place = Place::GraphBuild {
        root: ROOT,
        driver: "overlay2",
    };
    assert_eq!(Place::of(&snapshot), Some(place));
}

#[test]
fn anything_else_is_none() {
    for target in [
        format!("{ROOT}/overlay2/{ID}-init/merged"),
        format!("{ROOT}/overlay2/{ID}/merged/x"),
        format!("{ROOT}/btrfs/subvolumes/{ID}"),
        format!("/overlay2/{ID}/merged"),
        format!("/{ID}/merged"),
        format!("/rootfs/overlayfs/{ID}"),
        format!("/run/containerd/io.containerd.runtime.v2.task/moby/{ID}/rootfs"),
        format!("/var/lib/containers/storage/overlay/{}/merged", &ID[1..]),
        "/tmp/containerd-mount2716357291".to_owned(),
        "/var/lib/docker/buildkit/executor/nbtx6xhz9tz0e0dqdpljh6pvs/rootfs".to_owned(),
        "/var/lib/docker/buildkit/containerd-overlayfs/cachemounts/buildkit1x".to_owned(),
        "/var/lib/docker/buildkit/containerd-overlayfs/buildkit1".to_owned(),
        "/cachemounts/buildkit1".to_owned(),
    ] {
        assert_eq!(Place::of(&target), None, "{target}");
    }
}

use proptest::prelude::*;

use super::*;

fn overlay(upper: Option<&str>, lower: &[&str]) -> Mount {
    Mount {
        at: 0,
        id: 1,
        device: (0, 1),
        namespace: 1,
        mounter: None,
        kind: "overlay".to_owned(),
        source: "overlay".to_owned(),
        target: "/".to_owned(),
        lower: lower.iter().map(|&layer| layer.to_owned()).collect(),
        upper: upper.map(str::to_owned),
        already: false,
    }
}

#[test]
fn tasks_are_known_by_their_place() {
    let path = "/run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/ab12/rootfs";
    let Some(Target::Task(task)) = target(path) else {
        panic!("no task: {path}");
    };
    assert_eq!(task.state, "/run/k3s/containerd");
    assert_eq!((task.namespace, task.id), ("k8s.io", "ab12"));
    assert_eq!(format!("{}/rootfs", task.bundle), path);
    let old = "/run/containerd/io.containerd.runtime.v1.linux/default/web/rootfs";
    assert!(matches!(target(old), Some(Target::Task(_))));
    let step = "/var/lib/buildkit/runc-overlayfs/executor/x1/rootfs";
    assert_eq!(target(step), Some(Target::Step("x1")));
}

#[test]
fn what_is_no_root_of_a_container_is_nothing() {
    for path in [
        "/var/lib/containerd/tmpmounts/containerd-mount123",
        "/tmp/containerd-mount123",
        "/var/lib/buildkit/runc-overlayfs/cachemounts/buildkit123",
        "/var/lib/docker/rootfs/overlayfs/0123",
        "/run/containerd/io.containerd.runtime.v2.task/k8s.io/rootfs",
        "/run/containerd/io.containerd.runtime.v2.task/k8s.io/a/b/rootfs",
        "/run/containerd/io.containerd.runtime.v2.task/k8s.io/../rootfs",
        "/run/containerd/io.containerd.runtime.v2.task//ab/rootfs",
        "/home/user/rootfs",
        "/rootfs",
        "",
    ] {
        assert_eq!(target(path), None, "{path}");
    }
}

#[test]
fn the_topmost_layer_names_its_snapshotter() {
    let folder = "/data/io.containerd.snapshotter.v1.overlayfs";
    let upper = format!("{folder}/snapshots/142/fs");
    let known = Layer {
        folder: Some(folder),
        number: Some(142),
    };
    assert_eq!(layer(&overlay(Some(&upper), &["105/fs", "104/fs"])), known);
    assert_eq!(layer(&overlay(None, &[&upper, "/x"])), known);
    let relative = Layer {
        folder: None,
        number: Some(105),
    };
    assert_eq!(layer(&overlay(None, &["105/fs", "104/fs"])), relative);
    let foreign = "/var/lib/docker/overlay2/ab/diff";
    assert_eq!(layer(&overlay(Some(foreign), &[])), Layer::default());
    assert_eq!(layer(&overlay(None, &[])), Layer::default());
}

#[test]
fn folders_have_owners() {
    let overlayfs = folder("/var/lib/containerd", "overlayfs");
    let containerd = Owner::Containerd {
        root: "/var/lib/containerd",
        name: "overlayfs",
    };
    assert_eq!(owner(&overlayfs), containerd);
    let buildkit = Owner::BuildKit {
        root: "/var/lib/buildkit",
        name: "overlayfs",
    };
    assert_eq!(
        owner("/var/lib/buildkit/runc-overlayfs/snapshots"),
        buildkit
    );
    assert_eq!(
        owner("/var/lib/containerd-stargz-grpc/snapshotter"),
        Owner::Apart
    );
}

#[test]
fn two_distributions_share_a_state_folder() {
    let roots: Vec<&str> = default_roots("/run/k3s/containerd").collect();
    assert_eq!(roots.len(), 2);
    assert_eq!(default_roots("/run/other").count(), 0);
}

proptest! {
    #[test]
    fn no_path_makes_it_panic(path in "(/?(snapshots|io\\.containerd\\.[a-z]{1,9}|executor|rootfs|[0-9]{1,30}|\\PC{0,5}))*") {
        let _ = target(&path);
        let _ = owner(&path);
        let _ = layer(&overlay(Some(&path), &[]));
    }
}

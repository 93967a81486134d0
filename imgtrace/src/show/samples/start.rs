//! Starts, and what was mounted for them.

use super::*;

pub(in crate::show) fn start() -> Operation {
    Operation {
        id: OperationId(18),
        at: at(947),
        ended_at: Some(at(988)),
        caller: Some(in_pod()),
        hops: vec![Hop {
            endpoint: EndpointId(2),
            runtime: Runtime::Containerd,
            api: Api::Containerd,
            pid: 88,
            op: Op::Start,
            outcome: Some(Outcome::Ok),
            confidence: Confidence::Observed,
        }],
        ..operation(Op::Start, container("web", "3f9c2a71"))
    }
}

/// What Docker mounts for a container of 101 layers.
fn rootfs() -> Rootfs {
    let folder = format!("/var/lib/docker/overlay2/{}/merged", id("aa55"));
    Rootfs {
        mount: MountId(7),
        path: folder,
        host_path: None,
        mount_ns: 1,
        store: Some(StoreId(1)),
        identity: RootfsIdentity {
            chain_id: Some(format!("sha256:{}", id("cc77"))),
            layers: Some(101),
            bytes: Some(1_234_567_890),
            ..RootfsIdentity::new(Runtime::Docker, Role::Container, "overlay2")
        },
    }
}

pub(in crate::show) fn store() -> Store {
    Store {
        kind: StoreKind::Docker,
        root: "/var/lib/docker".to_owned(),
        device: 66_306,
        inode: 131_073,
        driver: "overlay2".to_owned(),
        namespace: None,
    }
}

/// dockerd starts a container for the 14th time; the line stands for five of these.
pub(in crate::show) fn restarted() -> Operation {
    Operation {
        id: OperationId(19),
        caller: Some(Caller {
            args: None,
            ancestors: Vec::new(),
            unit: text("docker.service"),
            ..caller("dockerd")
        }),
        endpoint: EndpointRef {
            id: None,
            api: None,
            path: None,
            ..docker()
        },
        store: Some(StoreRef {
            id: StoreId(1),
            kind: StoreKind::Docker,
            root: "/var/lib/docker".to_owned(),
            namespace: None,
        }),
        rootfs: Some(rootfs()),
        cause: Some(Cause::RestartPolicy),
        restarts: Some(13),
        count: 5,
        confidence: Confidence::Inferred,
        evidence: vec!["its root file system was mounted by pid 4711 (dockerd)".to_owned()],
        unasked: true,
        ..operation(Op::Start, container("crashy", "5b5b"))
    }
}

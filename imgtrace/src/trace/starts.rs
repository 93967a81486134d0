//! Starts of containers as the machine itself shows them, with and without a request, as whole
//! stories.

mod again;
mod alone;
mod asked;
mod late;
mod orders;
mod podman;

use super::scene::{Scene, container, id, key, process};
use crate::model::{
    Ancestor, Api, MountId, OciVerb, Op, Operation, Process, Report, Role, Rootfs, RootfsIdentity,
    Runtime, Store, StoreId, StoreKind, Subject,
};
use crate::observation::Observation;

const BUSYBOX: &str = "docker.io/library/busybox:1.36";

/// Endpoints and connections of [`host`].
const DOCKER: u32 = 1;
const CONTAINERD: u32 = 2;
const SHIM: u32 = 4;
const DOCKERD_TO_CONTAINERD: u64 = 101;
const CONTAINERD_TO_SHIM: u64 = 102;

/// dockerd (800) on containerd (700), and a shim (500). Their clock says that they have run for
/// long: the youngest process of the machine is 2,000.
fn host() -> Scene {
    let mut scene = Scene::with_docker();
    scene.daemon(CONTAINERD, Runtime::Containerd, 700, "containerd");
    scene.daemon(SHIM, Runtime::Shim, 500, "containerd-shim");
    scene.connect(DOCKERD_TO_CONTAINERD, CONTAINERD, 800);
    scene.connect(CONTAINERD_TO_SHIM, SHIM, 700);
    scene.process(process(2_000, "sh"));
    store(&mut scene);
    scene.reports.clear();
    scene
}

fn store(scene: &mut Scene) {
    scene.see(Observation::Store {
        id: StoreId(1),
        store: Store {
            kind: StoreKind::Docker,
            root: "/var/lib/docker".to_owned(),
            device: 1,
            inode: 2,
            driver: "overlay2".to_owned(),
            namespace: None,
        },
        users: Vec::new(),
    });
}

/// A client of an endpoint, on a connection with the number of its pid.
fn client(scene: &mut Scene, pid: u32, comm: &str, endpoint: u32) -> u64 {
    scene.process(process(pid, comm));
    scene.connect(u64::from(pid), endpoint, pid);
    u64::from(pid)
}

/// A process with these above it.
fn below(pid: u32, comm: &str, above: &[(u32, &str)]) -> Process {
    let ancestors = above.iter().map(|(pid, comm)| Ancestor {
        key: key(*pid),
        comm: (*comm).to_owned(),
    });
    Process {
        ancestors: ancestors.collect(),
        ..process(pid, comm)
    }
}

/// A program with its command line, `podman run …`.
fn commanded(pid: u32, args: &[&str], above: &[(u32, &str)]) -> Process {
    let comm = args.first().copied().unwrap_or_default();
    Process {
        args: Some(args.iter().map(|&arg| arg.to_owned()).collect()),
        ..below(pid, comm, above)
    }
}

/// The root file system of a container of busybox.
fn rootfs(mount: u64, runtime: Runtime, digits: &str) -> Rootfs {
    let store = (runtime == Runtime::Docker).then_some(StoreId(1));
    Rootfs {
        mount: MountId(mount),
        path: format!("/var/lib/{}/{digits}/merged", runtime.as_str()),
        host_path: None,
        mount_ns: 1,
        store,
        identity: RootfsIdentity {
            container: Some(id(digits)),
            image: Some(BUSYBOX.to_owned()),
            layers: Some(1),
            ..RootfsIdentity::new(runtime, Role::Container, "overlay2")
        },
    }
}

/// The same, with more known of it.
fn known(rootfs: Rootfs, more: impl FnOnce(&mut RootfsIdentity)) -> Rootfs {
    let mut rootfs = rootfs;
    more(&mut rootfs.identity);
    rootfs
}

fn mount(scene: &mut Scene, rootfs: Rootfs, mounter: u32) {
    scene.see(Observation::Mounted {
        rootfs,
        mounter: Some(key(mounter)),
        already: false,
    });
}

fn unmount(scene: &mut Scene, mount: u64) {
    scene.see(Observation::Unmounted {
        mount: MountId(mount),
    });
}

fn call(scene: &mut Scene, pid: u32, verb: OciVerb, container: &str) {
    scene.see(Observation::OciRuntime {
        process: key(pid),
        verb,
        container: container.to_owned(),
        namespace: None,
        bundle: None,
    });
}

fn runs(scene: &mut Scene, pid: u32, container: &str) {
    scene.see(Observation::ContainerRuns {
        container: container.to_owned(),
        outer: Vec::new(),
        process: key(pid),
        already: false,
    });
}

/// What the machine shows of a start below a shim: runc's calls, and the first program.
fn run(scene: &mut Scene, digits: &str) {
    scene.process(below(901, "runc", &[(500, "containerd-shim")]));
    call(scene, 901, OciVerb::Create, &id(digits));
    scene.process(below(902, "runc", &[(500, "containerd-shim")]));
    call(scene, 902, OciVerb::Start, &id(digits));
    scene.process(below(903, "sh", &[(500, "containerd-shim")]));
    runs(scene, 903, &id(digits));
}

/// A container that ends.
fn ends(scene: &mut Scene, digits: &str, number: u64) {
    call(scene, 904, OciVerb::Delete, &id(digits));
    unmount(scene, number);
}

/// What dockerd asks for a start.
fn dockerd_starts(scene: &mut Scene, digits: &str) {
    let of = container(&id(digits));
    let create = Subject {
        namespace: Some("moby".to_owned()),
        ..of.clone()
    };
    scene.pass(Api::Containerd, DOCKERD_TO_CONTAINERD, Op::Create, create);
    let shim = scene.begin_in(Api::Shim, CONTAINERD_TO_SHIM, Op::Start, of.clone());
    let start = scene.begin_in(Api::Containerd, DOCKERD_TO_CONTAINERD, Op::Start, of);
    run(scene, digits);
    scene.finish(shim, Subject::default());
    scene.finish(start, Subject::default());
}

/// Starts that were said to have ended and not taken back.
fn starts(scene: &Scene) -> Vec<Operation> {
    let gone = scene.reports.iter().filter_map(|report| match report {
        Report::Withdrawn { id, .. } => Some(*id),
        _ => None,
    });
    let gone: Vec<_> = gone.collect();
    let ended = scene.ended().into_iter();
    ended
        .filter(|it| matches!(it.op, Op::Start | Op::Restart) && !gone.contains(&it.id))
        .collect()
}

fn end(scene: &mut Scene) {
    scene.see(Observation::End);
}

fn comm(start: &Operation) -> Option<&str> {
    start.caller.as_ref().map(|caller| caller.comm.as_str())
}

/// Ticks that many seconds.
fn seconds(scene: &mut Scene, seconds: u64) {
    for _ in 0..seconds {
        scene.tick();
    }
}

fn crun(scene: &mut Scene, pid: u32, digits: &str) {
    scene.process(below(3_002, "crun", &[(2_999, "conmon"), (pid, "podman")]));
    call(scene, 3_002, OciVerb::Create, &id(digits));
    scene.process(below(3_003, "crun", &[(pid, "podman"), (900, "bash")]));
    call(scene, 3_003, OciVerb::Start, &id(digits));
    runs(scene, 3_004, &id(digits));
}

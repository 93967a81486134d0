//! One operation through several daemons, as whole stories.

mod builds;
mod kubernetes;
mod late;
mod links;
mod orders;
mod own;
mod rivals;
mod short;
mod standalone;

use super::scene::{Scene, process};
use crate::model::{Api, Op, Operation, Outcome, Report, Runtime, Subject};
use crate::observation::Observation;

const BUSYBOX: &str = "docker.io/library/busybox:1.36";

/// Endpoints of [`host`].
const DOCKER: u32 = 1;
const CONTAINERD: u32 = 2;
const CRI_DOCKERD: u32 = 3;
const SHIM: u32 = 4;

/// Connections of [`host`]'s daemons.
const DOCKERD_TO_CONTAINERD: u64 = 101;
const CONTAINERD_TO_SHIM: u64 = 102;
const CRI_DOCKERD_TO_DOCKERD: u64 = 103;

/// dockerd (800) on containerd (700), cri-dockerd (600) on dockerd, and a shim (500).
fn host() -> Scene {
    let mut scene = Scene::with_docker();
    scene.daemon(CONTAINERD, Runtime::Containerd, 700, "containerd");
    scene.daemon(CRI_DOCKERD, Runtime::CriDockerd, 600, "cri-dockerd");
    scene.daemon(SHIM, Runtime::Shim, 500, "containerd-shim");
    scene.connect(DOCKERD_TO_CONTAINERD, CONTAINERD, 800);
    scene.connect(CONTAINERD_TO_SHIM, SHIM, 700);
    scene.connect(CRI_DOCKERD_TO_DOCKERD, DOCKER, 600);
    scene.reports.clear();
    scene
}

/// A client of an endpoint, on a connection with the number of its pid.
fn client(scene: &mut Scene, pid: u32, comm: &str, endpoint: u32) -> u64 {
    scene.process(process(pid, comm));
    scene.connect(u64::from(pid), endpoint, pid);
    u64::from(pid)
}

/// `api op outcome`, for each hop.
fn way(operation: &Operation) -> Vec<String> {
    let outcome = |outcome: Option<Outcome>| outcome.map_or("open", Outcome::as_str);
    let hops = operation.hops.iter();
    hops.map(|hop| {
        let (api, op) = (hop.api.as_str(), hop.op.as_str());
        format!(
            "{} {api} {op} {} by {}",
            hop.runtime.as_str(),
            outcome(hop.outcome),
            hop.pid
        )
    })
    .collect()
}

/// `op by caller` of all that was said to have ended.
fn all(scene: &Scene) -> Vec<String> {
    let ended = scene.ended();
    let named = ended.iter().map(|it| {
        let caller = it.caller.as_ref().map_or("?", |caller| &caller.comm);
        format!("{} by {caller}", it.op.as_str())
    });
    named.collect()
}

fn began(scene: &Scene) -> usize {
    let began = scene.reports.iter();
    began.filter(|it| matches!(it, Report::Began(_))).count()
}

/// What dockerd, containerd and the shim do for the start of a container.
fn docker_starts(scene: &mut Scene, id: &str, created_of: Option<&str>) {
    let create = Subject {
        container: Some(id.to_owned()),
        image: created_of.map(str::to_owned),
        namespace: Some("moby".to_owned()),
        ..Subject::default()
    };
    scene.pass(Api::Containerd, DOCKERD_TO_CONTAINERD, Op::Create, create);
    let of = Subject {
        container: Some(id.to_owned()),
        namespace: Some("moby".to_owned()),
        ..Subject::default()
    };
    // The shim's Create is part of Tasks/Create, which is nothing by itself.
    let shim = scene.begin_in(Api::Shim, CONTAINERD_TO_SHIM, Op::Start, of.clone());
    let start = scene.begin_in(Api::Containerd, DOCKERD_TO_CONTAINERD, Op::Start, of);
    scene.finish(shim, Subject::default());
    scene.finish(start, Subject::default());
}

fn end(scene: &mut Scene) {
    scene.see(Observation::End);
}

//! What is understood late, taken back, or never seen to end.

use super::*;
use crate::model::{Basis, Confidence, EndpointId, Stamp};
use crate::observation::{ConnectionId, RequestId};
use crate::trace::scene::{Asked, container, id, image, key};

fn merged(scene: &Scene) -> Vec<(u64, u64)> {
    let merged = scene.reports.iter().filter_map(|report| match report {
        Report::Merged { id, into, .. } => Some((id.0, into.0)),
        _ => None,
    });
    merged.collect()
}

fn withdrawn(scene: &Scene) -> Vec<u64> {
    let withdrawn = scene.reports.iter().filter_map(|report| match report {
        Report::Withdrawn { id, .. } => Some(id.0),
        _ => None,
    });
    withdrawn.collect()
}

fn take_back(scene: &mut Scene, request: RequestId) {
    scene.see(Observation::RequestWithdrawn { request });
}

fn guessed(scene: &mut Scene, connection: u64, op: Op, began: Stamp) -> RequestId {
    scene.begin_as(Asked {
        api: Api::Cri,
        connection,
        op,
        subject: image(BUSYBOX),
        began: Some(began),
        basis: Basis::inferred(vec!["its message has an image".to_owned()]),
        ..Asked::default()
    })
}

#[test]
fn an_outer_request_that_is_understood_with_its_answer() {
    let mut scene = host();
    let crictl = client(&mut scene, 40, "crictl", CRI_DOCKERD);
    let began_at = scene.now();
    let docker = scene.begin(CRI_DOCKERD_TO_DOCKERD, Op::Pull, image(BUSYBOX));
    scene.tick();
    assert_eq!(scene.last_began().caller.unwrap().comm, "cri-dockerd");
    scene.finish(docker, Subject::default());
    let pull = guessed(&mut scene, crictl, Op::Pull, began_at);
    let pull = scene.end(pull, Subject::default());
    assert_eq!(merged(&scene), [(1, 2)]);
    assert_eq!(way(&pull), ["docker docker pull ok by 600"]);
    assert_eq!(pull.confidence, Confidence::Inferred);
    assert_eq!(pull.inferred_fields, ["op"]);
    assert_eq!(pull.evidence, ["its message has an image"]);
    scene.tick();
    end(&mut scene);
    assert_eq!(all(&scene), ["pull by crictl"]);
}

#[test]
fn a_hop_that_is_understood_after_the_operation_has_ended() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    let pull = scene.begin(cli, Op::Pull, image(BUSYBOX));
    let during = scene.now();
    scene.end(pull, Subject::default());
    let inner = scene.begin_as(Asked {
        api: Api::Containerd,
        connection: DOCKERD_TO_CONTAINERD,
        subject: image(BUSYBOX),
        began: Some(during),
        ..Asked::default()
    });
    scene.finish(inner, Subject::default());
    scene.tick();
    scene.tick();
    end(&mut scene);
    assert_eq!(all(&scene), ["pull by docker"]);
    assert_eq!(began(&scene), 1);
}

#[test]
fn a_hop_that_is_open_has_no_outcome() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    let pull = scene.begin(cli, Op::Pull, image(BUSYBOX));
    let inner = scene.begin_in(
        Api::Containerd,
        DOCKERD_TO_CONTAINERD,
        Op::Pull,
        image(BUSYBOX),
    );
    let pull = scene.end(pull, Subject::default());
    assert_eq!(way(&pull), ["containerd containerd pull open by 800"]);
    scene.finish(inner, Subject::default());
    scene.tick();
    end(&mut scene);
    assert_eq!(all(&scene), ["pull by docker"]);
}

#[test]
fn a_wrong_guess_is_taken_back_and_not_counted() {
    let mut scene = host();
    let kubelet = client(&mut scene, 30, "kubelet", CONTAINERD);
    let at = scene.now();
    let wrong = guessed(&mut scene, kubelet, Op::RemoveImage, at);
    scene.end(wrong, Subject::default());
    take_back(&mut scene, wrong);
    assert_eq!(withdrawn(&scene), [1]);
    take_back(&mut scene, wrong);
    assert_eq!(withdrawn(&scene), [1], "once");
    let right = guessed(&mut scene, kubelet, Op::Pull, at);
    scene.end(right, Subject::default());
    end(&mut scene);
    let Some(Report::Summary(summary)) = scene.reports.last() else {
        panic!("no summary");
    };
    let counted: Vec<_> = summary.operations.iter().map(|it| (it.op, it.ok)).collect();
    assert_eq!(counted, [(Op::Pull, 1)]);
    assert_eq!(summary.callers[0].operations, 1);
}

#[test]
fn a_guess_that_is_taken_back_long_after() {
    let mut scene = host();
    let kubelet = client(&mut scene, 30, "kubelet", CONTAINERD);
    let at = scene.now();
    let wrong = guessed(&mut scene, kubelet, Op::Pull, at);
    scene.end(wrong, Subject::default());
    for _ in 0..5 {
        scene.tick();
    }
    take_back(&mut scene, wrong);
    assert_eq!(withdrawn(&scene), [1]);
}

#[test]
fn what_was_part_of_a_wrong_guess_stands_by_itself() {
    let mut scene = host();
    let crictl = client(&mut scene, 40, "crictl", CRI_DOCKERD);
    let at = scene.now();
    let wrong = guessed(&mut scene, crictl, Op::Pull, at);
    let docker = scene.begin(CRI_DOCKERD_TO_DOCKERD, Op::Pull, image(BUSYBOX));
    scene.finish(docker, Subject::default());
    let pull = scene.end(wrong, Subject::default());
    assert_eq!(pull.hops.len(), 1);
    take_back(&mut scene, wrong);
    scene.tick();
    assert_eq!(all(&scene), ["pull by crictl", "pull by cri-dockerd"]);
    assert_eq!(withdrawn(&scene), [1]);
}

#[test]
fn a_hop_that_is_taken_back_leaves_the_operation() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    let start = scene.begin(cli, Op::Start, container(&id("c1")));
    let wrong = scene.begin_in(
        Api::Containerd,
        DOCKERD_TO_CONTAINERD,
        Op::Start,
        container(&id("c1")),
    );
    take_back(&mut scene, wrong);
    let start = scene.end(start, Subject::default());
    assert_eq!(start.hops, []);
    assert_eq!(withdrawn(&scene), [0; 0]);
}

#[test]
fn what_is_open_at_the_end_is_still_one_operation() {
    let mut scene = host();
    let crictl = client(&mut scene, 40, "crictl", CRI_DOCKERD);
    scene.begin_in(Api::Cri, crictl, Op::Pull, image(BUSYBOX));
    scene.begin(CRI_DOCKERD_TO_DOCKERD, Op::Pull, image(BUSYBOX));
    scene.begin_in(
        Api::Containerd,
        DOCKERD_TO_CONTAINERD,
        Op::Pull,
        image(BUSYBOX),
    );
    end(&mut scene);
    assert_eq!(all(&scene), ["pull by crictl"]);
    assert_eq!(scene.last_ended().hops.len(), 2);
}

/// kubelet's connection was there before imgtrace.
fn joined_kubelet(scene: &mut Scene) -> u64 {
    scene.process(process(30, "kubelet"));
    scene.see(Observation::Connected {
        connection: ConnectionId(30),
        endpoint: EndpointId(CONTAINERD),
        client: Some(key(30)),
        joined: true,
    });
    30
}

#[test]
fn a_start_on_a_joined_connection_is_told_once() {
    let mut scene = host();
    let kubelet = joined_kubelet(&mut scene);
    let began = scene.now();
    scene.wait(5);
    let shim = container(&id("c1"));
    scene.pass(Api::Shim, CONTAINERD_TO_SHIM, Op::Start, shim);
    for _ in 0..14 {
        scene.tick();
    }
    assert_eq!(scene.ended(), []);
    let start = scene.begin_as(Asked {
        api: Api::Cri,
        connection: kubelet,
        op: Op::Start,
        subject: container(&id("c1")),
        began: Some(began),
        ..Asked::default()
    });
    let start = scene.end(start, Subject::default());
    assert_eq!(way(&start), ["shim shim start ok by 700"]);
    for _ in 0..20 {
        scene.tick();
    }
    end(&mut scene);
    assert_eq!(all(&scene), ["start by kubelet"]);
    assert_eq!(super::began(&scene), 1);
}

#[test]
fn a_start_that_kubelet_cannot_have_made_is_not_kept_waiting() {
    let mut scene = host();
    let kubelet = joined_kubelet(&mut scene);
    let lone = |namespace: &str| Subject {
        namespace: Some(namespace.to_owned()),
        ..container(&id("c1"))
    };
    scene.pass(Api::Shim, CONTAINERD_TO_SHIM, Op::Start, lone("default"));
    scene.tick();
    assert_eq!(all(&scene), ["start by containerd"], "not in the CRI's");
    scene.pass(Api::Shim, CONTAINERD_TO_SHIM, Op::Start, lone("k8s.io"));
    scene.tick();
    assert_eq!(all(&scene).len(), 1);
    for _ in 0..17 {
        scene.tick();
    }
    assert_eq!(all(&scene).len(), 2, "nobody asked");
    scene.disconnect(kubelet);
    scene.pass(Api::Shim, CONTAINERD_TO_SHIM, Op::Start, lone("k8s.io"));
    scene.tick();
    assert_eq!(all(&scene).len(), 3, "no such connection is open");
}

#[test]
fn a_joined_kubelet_keeps_no_other_daemons_starts_waiting() {
    let mut scene = host();
    joined_kubelet(&mut scene);
    docker_starts(&mut scene, &id("c1"), None);
    scene.tick();
    assert_eq!(all(&scene), ["start by dockerd"], "a restart policy");
    // A containerd that kubelet does not speak to.
    scene.daemon(12, Runtime::Containerd, 710, "containerd");
    scene.daemon(13, Runtime::Shim, 510, "containerd-shim");
    scene.connect(112, 13, 710);
    let of_another = Subject {
        namespace: Some("k8s.io".to_owned()),
        ..container(&id("c2"))
    };
    scene.pass(Api::Shim, 112, Op::Start, of_another);
    scene.tick();
    assert_eq!(all(&scene).len(), 2);
    // cri-dockerd's kubelet is another one, and is not joined.
    scene.pass(
        Api::Docker,
        CRI_DOCKERD_TO_DOCKERD,
        Op::Start,
        container(&id("c3")),
    );
    scene.tick();
    assert_eq!(
        all(&scene),
        [
            "start by dockerd",
            "start by containerd",
            "start by cri-dockerd"
        ]
    );
    // While one that may be kubelet's waits, a client's is told at once.
    let of_kubelet = container(&id("c4"));
    scene.pass(Api::Shim, CONTAINERD_TO_SHIM, Op::Start, of_kubelet);
    let cli = client(&mut scene, 10, "docker", DOCKER);
    let start = scene.begin(cli, Op::Start, container(&id("c5")));
    assert_eq!(scene.end(start, Subject::default()).hops, []);
    assert_eq!(all(&scene).len(), 4);
    for _ in 0..17 {
        scene.tick();
    }
    assert_eq!(all(&scene).len(), 5);
}

#[test]
fn what_is_tried_after_a_wrong_guess_is_no_retry_of_it() {
    let mut scene = host();
    let kubelet = client(&mut scene, 30, "kubelet", CONTAINERD);
    let at = scene.now();
    let wrong = guessed(&mut scene, kubelet, Op::Pull, at);
    scene.fail(wrong, "denied");
    take_back(&mut scene, wrong);
    let pull = scene.begin_in(Api::Cri, kubelet, Op::Pull, image(BUSYBOX));
    assert_eq!(scene.end(pull, Subject::default()).retry_of, None);
}

//! Several operations that a request may be part of, and those that it only seems to fit.

use super::*;
use crate::model::{Confidence, Correlation};
use crate::trace::scene::{Asked, container, id, image};

const ALPINE: &str = "docker.io/library/alpine:3.20";

fn of_image(scene: &mut Scene, op: Op, name: &str) {
    scene.pass(Api::Containerd, DOCKERD_TO_CONTAINERD, op, image(name));
}

#[test]
fn an_image_that_is_removed_is_none_of_another_ones_pull() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    let pull = scene.begin(cli, Op::Pull, image(BUSYBOX));
    of_image(&mut scene, Op::RemoveImage, ALPINE);
    of_image(&mut scene, Op::RemoveImage, BUSYBOX);
    of_image(&mut scene, Op::Pull, BUSYBOX);
    let pull = scene.end(pull, Subject::default());
    assert_eq!(
        way(&pull),
        [
            "containerd containerd remove-image ok by 800",
            "containerd containerd pull ok by 800"
        ]
    );
    scene.tick();
    scene.tick();
    assert_eq!(all(&scene), ["pull by docker", "remove-image by dockerd"]);
    let removed = scene.last_ended().subject.image;
    assert_eq!(removed.as_deref(), Some(ALPINE));
}

#[test]
fn a_removal_is_the_removals_not_the_pulls() {
    for ends_first in [Op::Pull, Op::RemoveImage] {
        let mut scene = host();
        let cli = client(&mut scene, 10, "docker", DOCKER);
        let other = client(&mut scene, 11, "docker", DOCKER);
        let pull = scene.begin(cli, Op::Pull, image(BUSYBOX));
        let remove = scene.begin(other, Op::RemoveImage, image(BUSYBOX));
        of_image(&mut scene, Op::RemoveImage, BUSYBOX);
        let (one, two) = match ends_first {
            Op::Pull => (pull, remove),
            _ => (remove, pull),
        };
        scene.end(one, Subject::default());
        scene.end(two, Subject::default());
        for it in scene.ended() {
            let hops = usize::from(it.op == Op::RemoveImage);
            assert_eq!(it.hops.len(), hops, "{:?} {ends_first:?}", it.op);
        }
    }
}

#[test]
fn of_two_that_ask_for_the_same_of_a_container_each_has_its_turn() {
    let mut scene = host();
    let one = client(&mut scene, 10, "docker", DOCKER);
    let other = client(&mut scene, 11, "compose", DOCKER);
    let about = || container(&id("c1"));
    let kill = |scene: &mut Scene| {
        scene.pass(Api::Containerd, DOCKERD_TO_CONTAINERD, Op::Kill, about());
    };
    let first = scene.begin(one, Op::Kill, about());
    let second = scene.begin(other, Op::Kill, about());
    kill(&mut scene);
    kill(&mut scene);
    let first = scene.end(first, Subject::default());
    let second = scene.end(second, Subject::default());
    for it in [first, second] {
        assert_eq!(way(&it), ["containerd containerd kill ok by 800"]);
        assert_eq!(it.hops[0].confidence, Confidence::Inferred);
    }
}

fn start_in(namespace: &str, given: &str) -> Subject {
    Subject {
        namespace: Some(namespace.to_owned()),
        ..container(given)
    }
}

#[test]
fn containers_of_two_namespaces_may_have_one_id() {
    let mut scene = host();
    let ctr = client(&mut scene, 20, "ctr", CONTAINERD);
    let made = |namespace: &str, of: &str| Subject {
        image: Some(of.to_owned()),
        ..start_in(namespace, "web")
    };
    let create = |scene: &mut Scene, of| scene.pass(Api::Containerd, ctr, Op::Create, of);
    create(&mut scene, made("one", BUSYBOX));
    create(&mut scene, made("two", ALPINE));
    let start = scene.begin_in(Api::Containerd, ctr, Op::Start, start_in("one", "web"));
    let shim = |scene: &mut Scene, namespace| {
        let of = start_in(namespace, "web");
        scene.pass(Api::Shim, CONTAINERD_TO_SHIM, Op::Start, of);
    };
    shim(&mut scene, "two");
    shim(&mut scene, "one");
    let start = scene.end(start, Subject::default());
    assert_eq!(way(&start), ["shim shim start ok by 700"]);
    assert_eq!(start.subject.image.as_deref(), Some(BUSYBOX));
    scene.tick();
    let lone = scene.last_ended();
    assert_eq!(lone.subject.namespace.as_deref(), Some("two"));
}

#[test]
fn a_sandbox_that_is_run_takes_no_other_ones_start() {
    let mut scene = host();
    let kubelet = client(&mut scene, 30, "kubelet", CONTAINERD);
    let sandbox = |given: &str| Subject {
        sandbox: Some(id(given)),
        ..Subject::default()
    };
    let create = scene.begin_in(Api::Cri, kubelet, Op::Create, sandbox("50"));
    scene.end(create, container(&id("c1")));
    let run = scene.begin_in(Api::Cri, kubelet, Op::RunSandbox, Subject::default());
    let foreign = [start_in("moby", &id("d1")), container(&id("c1"))];
    for of in foreign {
        scene.pass(Api::Shim, CONTAINERD_TO_SHIM, Op::Start, of);
    }
    scene.tick();
    assert_eq!(all(&scene).len(), 3, "neither waits for the sandbox' id");
    let own = start_in("k8s.io", &id("5a"));
    scene.pass(Api::Shim, CONTAINERD_TO_SHIM, Op::Start, own);
    scene.tick();
    let run = scene.fail(run, "failed to setup network");
    assert_eq!(way(&run), ["shim shim start ok by 700"]);
}

/// dockerd's start of a container, marked as caused by a client or not.
fn dockerd_starts(scene: &mut Scene, given: &str, by_client: bool) {
    let start = scene.begin_as(Asked {
        api: Api::Containerd,
        connection: DOCKERD_TO_CONTAINERD,
        op: Op::Start,
        subject: container(&id(given)),
        correlation: Correlation {
            by_client,
            ..Correlation::default()
        },
        ..Asked::default()
    });
    scene.finish(start, Subject::default());
}

#[test]
fn a_name_that_tells_nothing_takes_one_container() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    let start = scene.begin(cli, Op::Start, container("web"));
    dockerd_starts(&mut scene, "c1", false);
    scene.tick();
    dockerd_starts(&mut scene, "c2", false);
    scene.tick();
    let start = scene.end(start, Subject::default());
    assert_eq!(way(&start), ["containerd containerd start ok by 800"]);
    assert_eq!(start.hops[0].confidence, Confidence::Inferred);
    assert_eq!(all(&scene), ["start by dockerd", "start by docker"]);
}

#[test]
fn a_name_that_tells_nothing_takes_what_is_marked_where_marks_are_made() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    let other = scene.begin(cli, Op::Start, container(&id("c9")));
    dockerd_starts(&mut scene, "c9", true);
    scene.end(other, Subject::default());
    let start = scene.begin(cli, Op::Start, container("web"));
    dockerd_starts(&mut scene, "c1", false);
    scene.tick();
    dockerd_starts(&mut scene, "c2", true);
    scene.tick();
    let start = scene.end(start, Subject::default());
    assert_eq!(way(&start), ["containerd containerd start ok by 800"]);
    let by = ["start by docker", "start by dockerd", "start by docker"];
    assert_eq!(all(&scene), by);
    assert_eq!(scene.ended()[1].subject.container, Some(id("c1")));
}

#[test]
fn a_step_of_one_of_two_builds_is_a_hop_of_neither_and_no_start() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    let one = scene.begin(cli, Op::Build, image("app:1"));
    dockerd_starts(&mut scene, "c1", false);
    scene.tick();
    let two = scene.begin(cli, Op::Build, image("app:2"));
    dockerd_starts(&mut scene, "c2", false);
    scene.tick();
    let one = scene.end(one, Subject::default());
    let two = scene.end(two, Subject::default());
    assert_eq!((one.hops.len(), two.hops.len()), (1, 0));
    assert_eq!(one.hops[0].confidence, Confidence::Inferred);
    scene.tick();
    assert_eq!(all(&scene), ["build by docker", "build by docker"]);
}

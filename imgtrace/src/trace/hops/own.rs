//! What daemons do on their own, with no client's request in sight.

use super::*;
use crate::model::{Confidence, Correlation};
use crate::trace::scene::{Asked, container, id, image};

#[test]
fn a_pull_without_a_client_is_the_daemons_own() {
    let mut scene = host();
    let inner = scene.begin_in(
        Api::Containerd,
        DOCKERD_TO_CONTAINERD,
        Op::Pull,
        image(BUSYBOX),
    );
    assert_eq!(began(&scene), 0, "its client may be seen yet");
    scene.tick();
    assert_eq!(scene.last_began().caller.unwrap().comm, "dockerd");
    scene.finish(inner, Subject::default());
    assert_eq!(scene.ended(), []);
    scene.tick();
    let pull = scene.last_ended();
    assert_eq!(
        pull.evidence,
        ["no client's request was seen: pid 800 (dockerd)'s own"]
    );
    let took = pull.ended_at.unwrap().mono - pull.at.mono;
    assert_eq!(took, 1_002_000_000, "what it waited is no part of it");
}

#[test]
fn a_daemon_may_ask_before_it_serves() {
    let mut scene = Scene::with_docker();
    let connection = client(&mut scene, 600, "cri-dockerd", DOCKER);
    scene.pass(Api::Docker, connection, Op::Pull, image("pause:1"));
    scene.tick();
    let pull = scene.last_ended();
    assert!(pull.unasked);
    assert_eq!(
        pull.evidence,
        ["no client's request was seen: pid 600 (cri-dockerd)'s own"]
    );
}

#[test]
fn a_restart_policy_is_one_start_of_the_daemon() {
    let mut scene = host();
    docker_starts(&mut scene, &id("c1"), None);
    let health = Subject {
        exec: Some(id("e1")),
        ..container(&id("c1"))
    };
    scene.pass(Api::Containerd, DOCKERD_TO_CONTAINERD, Op::Exec, health);
    scene.pass(
        Api::Containerd,
        DOCKERD_TO_CONTAINERD,
        Op::Kill,
        container(&id("c1")),
    );
    scene.pass(
        Api::Containerd,
        DOCKERD_TO_CONTAINERD,
        Op::RemoveContainer,
        container(&id("c1")),
    );
    scene.tick();
    scene.tick();
    assert_eq!(all(&scene), ["start by dockerd"]);
    let start = scene.last_ended();
    assert_eq!(way(&start), ["shim shim start ok by 700"]);
    assert_eq!(
        start.evidence,
        ["no client's request was seen: pid 800 (dockerd)'s own"]
    );
    end(&mut scene);
    assert_eq!(all(&scene).len(), 1);
}

#[test]
fn a_start_by_a_client_that_was_not_seen_says_so() {
    let mut scene = host();
    let start = scene.begin_as(Asked {
        api: Api::Containerd,
        connection: DOCKERD_TO_CONTAINERD,
        op: Op::Start,
        subject: container(&id("c1")),
        correlation: Correlation {
            by_client: true,
            ..Correlation::default()
        },
        ..Asked::default()
    });
    scene.finish(start, Subject::default());
    scene.tick();
    let said = scene.last_ended().evidence;
    assert_eq!(
        said,
        ["a client of pid 800 (dockerd) caused it, and its request was not seen"]
    );
}

#[test]
fn what_a_restart_policy_starts_is_no_hop_of_the_start_before() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    let start = scene.begin(cli, Op::Start, container(&id("c1")));
    docker_starts(&mut scene, &id("c1"), None);
    scene.end(start, Subject::default());
    scene.wait(100);
    docker_starts(&mut scene, &id("c1"), None);
    scene.tick();
    assert_eq!(all(&scene), ["start by docker", "start by dockerd"]);
}

#[test]
fn a_shims_start_alone_is_one_of_containerd() {
    let mut scene = host();
    scene.pass(
        Api::Shim,
        CONTAINERD_TO_SHIM,
        Op::Start,
        container(&id("c1")),
    );
    assert_eq!(scene.ended(), []);
    scene.tick();
    let start = scene.last_ended();
    assert_eq!(start.caller.unwrap().comm, "containerd");
    assert_eq!(start.confidence, Confidence::Inferred);
    assert_eq!(start.inferred_fields, ["caller"]);
}

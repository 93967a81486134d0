//! What is part of a build, and what only happens meanwhile.

use super::*;
use crate::model::{Confidence, Correlation};
use crate::trace::scene::{Asked, id, image};

#[test]
fn what_a_build_needs_is_part_of_it() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    let build = scene.begin(cli, Op::Build, image("app:1"));
    let base = scene.begin_as(Asked {
        api: Api::Containerd,
        connection: DOCKERD_TO_CONTAINERD,
        subject: image(BUSYBOX),
        correlation: Correlation {
            by_client: true,
            ..Correlation::default()
        },
        ..Asked::default()
    });
    scene.finish(base, Subject::default());
    docker_starts(&mut scene, &id("c7"), None);
    let build = scene.end(build, Subject::default());
    assert_eq!(way(&build), ["containerd containerd pull ok by 800"]);
    assert_eq!(build.hops[0].confidence, Confidence::Inferred);
    scene.tick();
    let own = "a restart policy's start meanwhile is none of its steps";
    assert_eq!(
        all(&scene),
        ["build by docker", "start by dockerd"],
        "{own}"
    );
}

#[test]
fn what_a_daemon_that_marks_nothing_starts_for_a_build_is_part_of_it() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    let build = scene.begin(cli, Op::Build, image("app:1"));
    docker_starts(&mut scene, &id("c7"), None);
    let build = scene.end(build, Subject::default());
    assert_eq!(way(&build).len(), 3, "create, start and the shim's start");
    scene.tick();
    assert_eq!(all(&scene), ["build by docker"]);
}

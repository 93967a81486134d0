//! Requests that are understood after what they started was told, and guesses that are taken back.

use super::*;
use crate::model::{Basis, Stamp};
use crate::trace::scene::Asked;

fn guessed(scene: &mut Scene, connection: u64, digits: &str, began: Stamp) -> Operation {
    let start = scene.begin_as(Asked {
        connection,
        op: Op::Start,
        subject: container(&id(digits)),
        began: Some(began),
        basis: Basis::inferred(vec!["its answer says so".to_owned()]),
        ..Asked::default()
    });
    scene.end(start, Subject::default())
}

#[test]
fn a_request_that_is_understood_too_late_takes_the_start_back() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    let began = scene.now();
    mount(&mut scene, rootfs(1, Runtime::Docker, "c1"), 800);
    dockerd_starts(&mut scene, "c1");
    scene.tick();
    assert_eq!(comm(&starts(&scene)[0]), Some("dockerd"));
    guessed(&mut scene, cli, "c1", began);
    seconds(&mut scene, 3);
    end(&mut scene);
    let [start] = &starts(&scene)[..] else {
        panic!("{:#?}", starts(&scene));
    };
    assert_eq!(comm(start), Some("docker"));
    assert!(start.rootfs.is_some());
}

#[test]
fn one_that_was_gathered_is_taken_out() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    for number in 1..=5 {
        mount(&mut scene, rootfs(number, Runtime::Docker, "c1"), 800);
        dockerd_starts(&mut scene, "c1");
        ends(&mut scene, "c1", number);
        if number < 5 {
            scene.tick();
        }
    }
    let began = scene.now();
    scene.wait(500);
    scene.see(Observation::Tick);
    guessed(&mut scene, cli, "c1", began);
    end(&mut scene);
    let all = starts(&scene);
    let count: u64 = all.iter().map(|start| start.count).sum();
    assert_eq!(count, 5, "{all:#?}");
    assert!(all.iter().any(|start| comm(start) == Some("docker")));
}

#[test]
fn what_was_started_by_a_wrong_guess_was_started_by_somebody() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    let began = scene.now();
    mount(&mut scene, rootfs(1, Runtime::Docker, "c1"), 800);
    run(&mut scene, "c1");
    let wrong = scene.begin_as(Asked {
        connection: cli,
        op: Op::Start,
        subject: container(&id("c1")),
        began: Some(began),
        basis: Basis::inferred(vec!["its answer says so".to_owned()]),
        ..Asked::default()
    });
    scene.end(wrong, Subject::default());
    scene.see(Observation::RequestWithdrawn { request: wrong });
    assert_eq!(starts(&scene), []);
    seconds(&mut scene, 3);
    end(&mut scene);
    let [start] = &starts(&scene)[..] else {
        panic!("{:#?}", starts(&scene));
    };
    assert_eq!(comm(start), Some("dockerd"));
}

#[test]
fn a_start_that_is_seen_after_its_operation_was_told() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    mount(&mut scene, rootfs(1, Runtime::Docker, "c1"), 800);
    let start = scene.begin(cli, Op::Start, container(&id("c1")));
    let start = scene.end(start, Subject::default());
    assert!(start.rootfs.is_some());
    runs(&mut scene, 903, &id("c1"));
    seconds(&mut scene, 3);
    end(&mut scene);
    assert_eq!(starts(&scene).len(), 1);
}

#[test]
fn a_start_that_is_seen_last_of_all_is_told_once() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    mount(&mut scene, rootfs(1, Runtime::Docker, "c1"), 800);
    let start = scene.begin(cli, Op::Start, container(&id("c1")));
    scene.end(start, Subject::default());
    runs(&mut scene, 903, &id("c1"));
    end(&mut scene);
    assert_eq!(starts(&scene).len(), 1);
}

#[test]
fn what_starts_after_a_request_that_failed_is_no_part_of_it() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    let refused = scene.begin(cli, Op::Start, container(&id("c1")));
    scene.fail(refused, "No such container");
    scene.process(commanded(3_001, &["podman", "start", "web"], &[]));
    scene.wait(300);
    mount(&mut scene, rootfs(1, Runtime::Podman, "c1"), 3_001);
    call(&mut scene, 3_001, OciVerb::Start, &id("c1"));
    runs(&mut scene, 3_002, &id("c1"));
    seconds(&mut scene, 3);
    let callers: Vec<_> = starts(&scene)
        .iter()
        .map(|it| comm(it).map(str::to_owned))
        .collect();
    assert_eq!(
        callers,
        [Some("docker".to_owned()), Some("podman".to_owned())]
    );
}

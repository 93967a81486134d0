//! Docker, ctr and nerdctl, without Kubernetes.

use super::*;
use crate::model::Confidence;
use crate::trace::scene::{container, id, image};

#[test]
fn docker_run_on_the_classic_store() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    scene.create(cli, "web", BUSYBOX, &id("c1"));
    let start = scene.begin(cli, Op::Start, container(&id("c1")));
    docker_starts(&mut scene, &id("c1"), None);
    let start = scene.end(start, Subject::default());
    assert_eq!(
        way(&start),
        [
            "containerd containerd create ok by 800",
            "containerd containerd start ok by 800",
            "shim shim start ok by 700"
        ]
    );
    assert_eq!(start.caller.unwrap().comm, "docker");
    assert_eq!(start.confidence, Confidence::Observed);
    assert_eq!(start.subject.image.as_deref(), Some(BUSYBOX));
    let sure = start
        .hops
        .iter()
        .all(|hop| hop.confidence == Confidence::Observed);
    assert!(sure);
    end(&mut scene);
    assert_eq!(all(&scene), ["create by docker", "start by docker"]);
    assert_eq!(began(&scene), 2, "a hop is never said to have begun");
}

#[test]
fn docker_pull_on_the_containerd_store() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    let pull = scene.begin(cli, Op::Pull, image(BUSYBOX));
    let inner = scene.begin_in(
        Api::Containerd,
        DOCKERD_TO_CONTAINERD,
        Op::Pull,
        image(BUSYBOX),
    );
    scene.finish(inner, Subject::default());
    let pull = scene.end(pull, Subject::default());
    assert_eq!(way(&pull), ["containerd containerd pull ok by 800"]);
    assert_eq!(pull.hops[0].confidence, Confidence::Inferred);
    assert_eq!(pull.confidence, Confidence::Observed);
    end(&mut scene);
    assert_eq!(all(&scene), ["pull by docker"]);
}

#[test]
fn two_pulls_of_one_image_stay_two() {
    let mut scene = host();
    let one = client(&mut scene, 10, "docker", DOCKER);
    let other = client(&mut scene, 11, "compose", DOCKER);
    let first = scene.begin(one, Op::Pull, image(BUSYBOX));
    let second = scene.begin(other, Op::Pull, image(BUSYBOX));
    let inner: Vec<_> = (0..2)
        .map(|_| {
            scene.begin_in(
                Api::Containerd,
                DOCKERD_TO_CONTAINERD,
                Op::Pull,
                image(BUSYBOX),
            )
        })
        .collect();
    scene.finish(inner[1], Subject::default());
    let second = scene.end(second, Subject::default());
    scene.finish(inner[0], Subject::default());
    let first = scene.end(first, Subject::default());
    assert_eq!(first.caller.as_ref().unwrap().comm, "docker");
    assert_eq!(second.caller.as_ref().unwrap().comm, "compose");
    assert_eq!((first.hops.len(), second.hops.len()), (1, 1));
    end(&mut scene);
    assert_eq!(all(&scene).len(), 2);
}

#[test]
fn two_clients_may_wait_for_one_fetch() {
    let mut scene = host();
    let one = client(&mut scene, 10, "docker", DOCKER);
    let other = client(&mut scene, 11, "compose", DOCKER);
    let first = scene.begin(one, Op::Pull, image(BUSYBOX));
    let inner = scene.begin_in(
        Api::Containerd,
        DOCKERD_TO_CONTAINERD,
        Op::Pull,
        image(BUSYBOX),
    );
    let second = scene.begin(other, Op::Pull, image(BUSYBOX));
    scene.finish(inner, Subject::default());
    let first = scene.end(first, Subject::default());
    let second = scene.end(second, Subject::default());
    assert_eq!(way(&first), ["containerd containerd pull ok by 800"]);
    assert_eq!(way(&second), way(&first));
    end(&mut scene);
    assert_eq!(all(&scene).len(), 2);
}

#[test]
fn ctr_run_is_a_create_and_a_start_with_its_shim() {
    let mut scene = host();
    let ctr = client(&mut scene, 20, "ctr", CONTAINERD);
    let made = Subject {
        namespace: Some("default".to_owned()),
        image: Some(BUSYBOX.to_owned()),
        ..container("test")
    };
    scene.pass(Api::Containerd, ctr, Op::Create, made);
    let shim = scene.begin_in(Api::Shim, CONTAINERD_TO_SHIM, Op::Start, container("test"));
    let start = scene.begin_in(Api::Containerd, ctr, Op::Start, container("test"));
    scene.finish(shim, Subject::default());
    let start = scene.end(start, Subject::default());
    assert_eq!(way(&start), ["shim shim start ok by 700"]);
    assert_eq!(start.subject.image.as_deref(), Some(BUSYBOX));
    scene.tick();
    end(&mut scene);
    assert_eq!(all(&scene), ["create by ctr", "start by ctr"]);
}

#[test]
fn a_client_is_never_kept_waiting() {
    let mut scene = host();
    let nerdctl = client(&mut scene, 20, "nerdctl", CONTAINERD);
    let pull = scene.begin_in(Api::Containerd, nerdctl, Op::Pull, image(BUSYBOX));
    assert_eq!(began(&scene), 1);
    scene.finish(pull, Subject::default());
    assert_eq!(all(&scene), ["pull by nerdctl"]);
}

#[test]
fn an_exec_is_joined_by_its_id_and_a_health_check_is_not() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    let run = |exec: &str| Subject {
        exec: Some(id(exec)),
        ..container(&id("c1"))
    };
    let exec = scene.begin(cli, Op::Exec, run("e1"));
    scene.pass(Api::Containerd, DOCKERD_TO_CONTAINERD, Op::Exec, run("e2"));
    scene.pass(Api::Containerd, DOCKERD_TO_CONTAINERD, Op::Exec, run("e1"));
    let exec = scene.end(exec, Subject::default());
    assert_eq!(way(&exec), ["containerd containerd exec ok by 800"]);
    scene.tick();
    end(&mut scene);
    assert_eq!(all(&scene), ["exec by docker"]);
}

#[test]
fn a_link_that_was_not_seen_is_bridged_by_the_containers_id() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    let start = scene.begin(cli, Op::Start, container(&id("c1")));
    scene.pass(
        Api::Shim,
        CONTAINERD_TO_SHIM,
        Op::Start,
        container(&id("c1")),
    );
    let start = scene.end(start, Subject::default());
    assert_eq!(way(&start), ["shim shim start ok by 700"]);
}

#[test]
fn a_start_that_its_client_gave_up_is_still_its_own() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    let start = scene.begin(cli, Op::Start, container(&id("c1")));
    scene.see(Observation::RequestEnded {
        request: start,
        outcome: Outcome::Unknown,
        error: None,
        subject: Subject::default(),
    });
    docker_starts(&mut scene, &id("c1"), None);
    scene.tick();
    assert_eq!(all(&scene), ["start by docker"]);
}

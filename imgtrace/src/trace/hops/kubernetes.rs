//! kubelet and crictl: CRI on containerd, on cri-dockerd, and inside k3s.

use super::*;
use crate::model::{Confidence, Pod};
use crate::trace::scene::{container, id, image};

fn pod() -> Pod {
    Pod {
        namespace: Some("shop".to_owned()),
        name: Some("front-7c".to_owned()),
        uid: Some("11111111-2222-3333-4444-555555555555".to_owned()),
    }
}

fn sandbox_of(pod: Pod) -> Subject {
    Subject {
        pod: Some(pod),
        ..Subject::default()
    }
}

fn sandbox(given: &str) -> Subject {
    Subject {
        sandbox: Some(given.to_owned()),
        ..Subject::default()
    }
}

fn created(name: &str, sandbox: &str) -> Subject {
    Subject {
        container_name: Some(name.to_owned()),
        sandbox: Some(sandbox.to_owned()),
        ..image(BUSYBOX)
    }
}

fn k8s(name: &str) -> Subject {
    let uid = pod().uid.unwrap();
    Subject {
        container_name: Some(format!("k8s_{name}_front-7c_shop_{uid}_0")),
        ..image(BUSYBOX)
    }
}

#[test]
fn kubelet_on_containerd() {
    let mut scene = host();
    let kubelet = client(&mut scene, 30, "kubelet", CONTAINERD);
    let pull = scene.begin_in(Api::Cri, kubelet, Op::Pull, image(BUSYBOX));
    assert_eq!(scene.end(pull, Subject::default()).hops, []);
    let run = scene.begin_in(Api::Cri, kubelet, Op::RunSandbox, sandbox_of(pod()));
    scene.pass(
        Api::Shim,
        CONTAINERD_TO_SHIM,
        Op::Start,
        container(&id("5a")),
    );
    let run = scene.end(run, sandbox(&id("5a")));
    assert_eq!(way(&run), ["shim shim start ok by 700"]);
    assert_eq!(run.hops[0].confidence, Confidence::Observed);
    assert_eq!(run.subject.pod, Some(pod()));
    let create = scene.begin_in(Api::Cri, kubelet, Op::Create, created("web", &id("5a")));
    let create = scene.end(create, container(&id("c1")));
    assert_eq!(create.subject.pod, Some(pod()), "its sandbox'");
    let start = scene.begin_in(Api::Cri, kubelet, Op::Start, container(&id("c1")));
    scene.pass(
        Api::Shim,
        CONTAINERD_TO_SHIM,
        Op::Start,
        container(&id("c1")),
    );
    let start = scene.end(start, Subject::default());
    assert_eq!(way(&start), ["shim shim start ok by 700"]);
    assert_eq!(start.subject.pod, Some(pod()));
    assert_eq!(start.subject.container_name.as_deref(), Some("web"));
    assert_eq!(start.subject.image.as_deref(), Some(BUSYBOX));
    scene.tick();
    end(&mut scene);
    assert_eq!(
        all(&scene),
        [
            "pull by kubelet",
            "run-sandbox by kubelet",
            "create by kubelet",
            "start by kubelet"
        ]
    );
}

#[test]
fn sandboxes_that_are_run_at_once_wait_for_their_ids() {
    let mut scene = host();
    let kubelet = client(&mut scene, 30, "kubelet", CONTAINERD);
    let other = Pod {
        name: Some("back".to_owned()),
        uid: Some("99999999-2222-3333-4444-555555555555".to_owned()),
        ..pod()
    };
    let one = scene.begin_in(Api::Cri, kubelet, Op::RunSandbox, sandbox_of(pod()));
    let two = scene.begin_in(Api::Cri, kubelet, Op::RunSandbox, sandbox_of(other));
    scene.pass(
        Api::Shim,
        CONTAINERD_TO_SHIM,
        Op::Start,
        container(&id("52")),
    );
    scene.pass(
        Api::Shim,
        CONTAINERD_TO_SHIM,
        Op::Start,
        container(&id("51")),
    );
    scene.tick();
    scene.tick();
    let one = scene.end(one, sandbox(&id("51")));
    assert_eq!(one.hops.len(), 1);
    scene.tick();
    let two = scene.end(two, sandbox(&id("52")));
    assert_eq!(two.hops.len(), 1);
    assert_eq!(two.hops[0].confidence, Confidence::Observed);
    scene.tick();
    assert_eq!(all(&scene).len(), 2);
}

#[test]
fn a_sandbox_that_fails_had_the_shim_that_nobody_else_can_have_had() {
    let mut scene = host();
    let kubelet = client(&mut scene, 30, "kubelet", CONTAINERD);
    let run = scene.begin_in(Api::Cri, kubelet, Op::RunSandbox, sandbox_of(pod()));
    scene.pass(
        Api::Shim,
        CONTAINERD_TO_SHIM,
        Op::Start,
        container(&id("51")),
    );
    let run = scene.fail(run, "failed to setup network");
    assert_eq!(run.hops[0].confidence, Confidence::Inferred);
    scene.tick();
    assert_eq!(all(&scene), ["run-sandbox by kubelet"]);
}

#[test]
fn crictl_pull_through_four_daemons() {
    let mut scene = host();
    let crictl = client(&mut scene, 40, "crictl", CRI_DOCKERD);
    let pull = scene.begin_in(Api::Cri, crictl, Op::Pull, image(BUSYBOX));
    let docker = scene.begin(CRI_DOCKERD_TO_DOCKERD, Op::Pull, image(BUSYBOX));
    let inner = scene.begin_in(
        Api::Containerd,
        DOCKERD_TO_CONTAINERD,
        Op::Pull,
        image(BUSYBOX),
    );
    scene.finish(inner, Subject::default());
    scene.finish(docker, Subject::default());
    let pull = scene.end(pull, Subject::default());
    assert_eq!(
        way(&pull),
        [
            "docker docker pull ok by 600",
            "containerd containerd pull ok by 800"
        ]
    );
    assert_eq!(pull.caller.unwrap().comm, "crictl");
    end(&mut scene);
    assert_eq!(all(&scene), ["pull by crictl"]);
}

#[test]
fn a_pod_through_cri_dockerd() {
    let mut scene = host();
    let crictl = client(&mut scene, 40, "crictl", CRI_DOCKERD);
    let run = scene.begin_in(Api::Cri, crictl, Op::RunSandbox, sandbox_of(pod()));
    let pause = scene.begin(CRI_DOCKERD_TO_DOCKERD, Op::Create, k8s("POD"));
    scene.finish(pause, container(&id("5a")));
    let start = scene.begin(CRI_DOCKERD_TO_DOCKERD, Op::Start, container(&id("5a")));
    docker_starts(&mut scene, &id("5a"), Some(BUSYBOX));
    scene.finish(start, Subject::default());
    let run = scene.end(run, sandbox(&id("5a")));
    let whole = [
        "docker docker start ok by 600",
        "containerd containerd create ok by 800",
        "containerd containerd start ok by 800",
        "shim shim start ok by 700",
    ];
    assert_eq!(way(&run)[0], "docker docker create ok by 600");
    assert_eq!(way(&run)[1..], whole);
    let sure = run
        .hops
        .iter()
        .all(|hop| hop.confidence == Confidence::Observed);
    assert!(sure);

    let create = scene.begin_in(Api::Cri, crictl, Op::Create, created("web", &id("5a")));
    let inner = scene.begin(CRI_DOCKERD_TO_DOCKERD, Op::Create, k8s("web"));
    scene.finish(inner, container(&id("c1")));
    let create = scene.end(create, container(&id("c1")));
    assert_eq!(way(&create), ["docker docker create ok by 600"]);
    assert_eq!(create.hops[0].confidence, Confidence::Observed);
    let start = scene.begin_in(Api::Cri, crictl, Op::Start, container(&id("c1")));
    let inner = scene.begin(CRI_DOCKERD_TO_DOCKERD, Op::Start, container(&id("c1")));
    docker_starts(&mut scene, &id("c1"), Some(BUSYBOX));
    scene.finish(inner, Subject::default());
    let start = scene.end(start, Subject::default());
    assert_eq!(way(&start), whole);
    assert_eq!(start.subject.container_name.as_deref(), Some("web"));
    assert_eq!(start.subject.pod, Some(pod()));

    let remove = scene.begin_in(Api::Cri, crictl, Op::RemoveSandbox, sandbox(&id("5a")));
    for gone in ["c1", "5a"] {
        scene.pass(
            Api::Docker,
            CRI_DOCKERD_TO_DOCKERD,
            Op::RemoveContainer,
            container(&id(gone)),
        );
    }
    let remove = scene.end(remove, Subject::default());
    assert_eq!(remove.hops.len(), 2);
    assert_eq!(remove.subject.pod, Some(pod()));
    scene.tick();
    end(&mut scene);
    assert_eq!(all(&scene).len(), 4);
}

#[test]
fn pods_that_are_made_at_once_keep_their_containers() {
    let mut scene = host();
    let kubelet = client(&mut scene, 30, "kubelet", CRI_DOCKERD);
    let make = |scene: &mut Scene, name| {
        scene.begin_in(
            Api::Cri,
            kubelet,
            Op::Create,
            Subject {
                pod: Some(pod()),
                ..created(name, &id("5a"))
            },
        )
    };
    let web = make(&mut scene, "web");
    let log = make(&mut scene, "log");
    let inner_log = scene.begin(CRI_DOCKERD_TO_DOCKERD, Op::Create, k8s("log"));
    let inner_web = scene.begin(CRI_DOCKERD_TO_DOCKERD, Op::Create, k8s("web"));
    scene.finish(inner_web, container(&id("c1")));
    let web = scene.end(web, container(&id("c1")));
    assert_eq!(way(&web), ["docker docker create ok by 600"]);
    scene.finish(inner_log, container(&id("c2")));
    let log = scene.end(log, container(&id("c2")));
    assert_eq!(way(&log), ["docker docker create ok by 600"]);
}

#[test]
fn k3s_is_its_own_client() {
    let mut scene = Scene::with_docker();
    scene.daemon(CRI_DOCKERD, Runtime::CriDockerd, 600, "k3s");
    scene.connect(CRI_DOCKERD_TO_DOCKERD, DOCKER, 600);
    scene.connect(1, CRI_DOCKERD, 600);
    let pull = scene.begin_in(Api::Cri, 1, Op::Pull, image(BUSYBOX));
    assert_eq!(began(&scene), 1, "kubelet's wish, though k3s serves others");
    let inner = scene.begin(CRI_DOCKERD_TO_DOCKERD, Op::Pull, image(BUSYBOX));
    scene.finish(inner, Subject::default());
    let pull = scene.end(pull, Subject::default());
    assert_eq!(way(&pull), ["docker docker pull ok by 600"]);
    assert_eq!(pull.endpoint.runtime, Runtime::CriDockerd);
    let crictl = client(&mut scene, 40, "crictl", CRI_DOCKERD);
    let pull = scene.begin_in(Api::Cri, crictl, Op::Pull, image("other:1"));
    let inner = scene.begin(CRI_DOCKERD_TO_DOCKERD, Op::Pull, image("other:1"));
    scene.finish(inner, Subject::default());
    let pull = scene.end(pull, Subject::default());
    assert_eq!(pull.caller.unwrap().comm, "crictl");
    assert_eq!(pull.hops.len(), 1);
    scene.tick();
    end(&mut scene);
    assert_eq!(all(&scene), ["pull by k3s", "pull by crictl"]);
}

#[test]
fn kubelet_tries_each_credential() {
    let mut scene = host();
    let kubelet = client(&mut scene, 30, "kubelet", CONTAINERD);
    let try_once = |scene: &mut Scene| scene.begin_in(Api::Cri, kubelet, Op::Pull, image(BUSYBOX));
    let first = try_once(&mut scene);
    let first = scene.fail(first, "denied");
    let second = try_once(&mut scene);
    let second = scene.fail(second, "denied");
    let third = try_once(&mut scene);
    let third = scene.end(third, Subject::default());
    assert_eq!(first.retry_of, None);
    assert_eq!(second.retry_of, Some(first.id));
    assert_eq!(third.retry_of, Some(first.id));
    let again = try_once(&mut scene);
    let again = scene.fail(again, "denied");
    assert_eq!(again.retry_of, None, "the one before had worked");
    scene.wait(10_000);
    let later = try_once(&mut scene);
    assert_eq!(scene.end(later, Subject::default()).retry_of, None);
}

#[test]
fn two_pods_that_want_one_image_are_no_retry_of_each_other() {
    let mut scene = host();
    let kubelet = client(&mut scene, 30, "kubelet", CONTAINERD);
    let wanted = |name: &str| Subject {
        pod: Some(Pod {
            name: Some(name.to_owned()),
            uid: None,
            ..pod()
        }),
        ..image(BUSYBOX)
    };
    let mut fail = |name: &str| {
        let pull = scene.begin_in(Api::Cri, kubelet, Op::Pull, wanted(name));
        scene.fail(pull, "not found")
    };
    let front = fail("front");
    let back = fail("back");
    assert_eq!((front.retry_of, back.retry_of), (None, None));
    assert_eq!(fail("front").retry_of, Some(front.id));
}

//! A request and what was mounted for it are one start.

use super::*;
use crate::model::{Cause, Confidence, Pod, StoreRef};
use crate::trace::scene::image;

#[test]
fn docker_start_has_what_was_mounted_for_it() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    scene.create(cli, "web", BUSYBOX, &id("c1"));
    let start = scene.begin(cli, Op::Start, container("web"));
    mount(&mut scene, rootfs(1, Runtime::Docker, "c1"), 800);
    dockerd_starts(&mut scene, "c1");
    let start = scene.end(start, Subject::default());
    assert_eq!(comm(&start), Some("docker"));
    assert_eq!(start.confidence, Confidence::Observed);
    assert_eq!(start.rootfs.as_ref().unwrap().mount, MountId(1));
    assert_eq!(
        start.store,
        Some(StoreRef {
            id: StoreId(1),
            kind: StoreKind::Docker,
            root: "/var/lib/docker".to_owned(),
            namespace: None,
        })
    );
    assert_eq!(
        (start.cause, start.restarts, start.count),
        (None, Some(0), 1)
    );
    seconds(&mut scene, 3);
    end(&mut scene);
    assert_eq!(starts(&scene).len(), 1);
}

#[test]
fn an_answer_waits_for_the_files_to_be_read_and_no_longer() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    let start = scene.begin(cli, Op::Start, container(&id("c1")));
    dockerd_starts(&mut scene, "c1");
    scene.finish(start, Subject::default());
    assert_eq!(starts(&scene), [], "what was mounted is on its way");
    mount(&mut scene, rootfs(1, Runtime::Docker, "c1"), 800);
    let [start] = &starts(&scene)[..] else {
        panic!("one start");
    };
    assert!(start.rootfs.is_some());
    assert_eq!(start.subject.image.as_deref(), Some(BUSYBOX));
    let took = start.ended_at.unwrap().millis_since(start.at);
    assert!(took < 20.0, "what it waited is no part of it");
}

#[test]
fn a_runtime_whose_mounts_are_seen_is_waited_for_longer() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    mount(&mut scene, rootfs(1, Runtime::Docker, "c1"), 800);
    for (digits, waits) in [("c2", 4_000), ("c3", 0)] {
        let start = scene.begin(cli, Op::Start, container(&id(digits)));
        dockerd_starts(&mut scene, digits);
        scene.finish(start, Subject::default());
        scene.wait(waits);
        scene.see(Observation::Tick);
    }
    assert_eq!(starts(&scene), [], "on a busy machine it comes late");
    mount(&mut scene, rootfs(2, Runtime::Docker, "c2"), 800);
    mount(&mut scene, rootfs(3, Runtime::Docker, "c3"), 800);
    let told = starts(&scene);
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|start| start.rootfs.is_some()));
}

#[test]
fn nobody_waits_for_mounts_that_do_not_come() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    for number in 0..5 {
        let digits = format!("c{number}");
        let start = scene.begin(cli, Op::Start, container(&id(&digits)));
        dockerd_starts(&mut scene, &digits);
        scene.finish(start, Subject::default());
        let told = starts(&scene).len();
        assert_eq!(told, if number < 3 { number } else { number + 1 });
        scene.wait(400);
        scene.see(Observation::Tick);
        assert_eq!(starts(&scene).len(), number + 1);
    }
    // Until one is seen again.
    let start = scene.begin(cli, Op::Start, container(&id("d1")));
    mount(&mut scene, rootfs(1, Runtime::Docker, "d1"), 800);
    dockerd_starts(&mut scene, "d1");
    assert!(scene.end(start, Subject::default()).rootfs.is_some());
    let start = scene.begin(cli, Op::Start, container(&id("d2")));
    dockerd_starts(&mut scene, "d2");
    scene.finish(start, Subject::default());
    assert_eq!(starts(&scene).len(), 6, "the last one waits");
}

#[test]
fn a_recording_without_mounts_is_told_as_before() {
    let mut scene = Scene::with_docker();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    let start = scene.ask(cli, Op::Start, container(&id("c1")));
    assert_eq!((start.rootfs, start.restarts), (None, None));
}

#[test]
fn a_start_that_failed_waits_for_nothing() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    mount(&mut scene, rootfs(7, Runtime::Docker, "c7"), 800);
    let start = scene.begin(cli, Op::Start, container(&id("c1")));
    call(&mut scene, 901, OciVerb::Create, &id("c1"));
    let start = scene.fail(start, "exec: not found");
    assert_eq!(start.op, Op::Start);
    seconds(&mut scene, 3);
    end(&mut scene);
    assert_eq!(starts(&scene).len(), 1, "and a mount alone is no start");
}

#[test]
fn cri_on_containerd() {
    let mut scene = host();
    let kubelet = client(&mut scene, 30, "kubelet", CONTAINERD);
    let pod = Pod {
        namespace: Some("shop".to_owned()),
        name: Some("front".to_owned()),
        uid: Some("11111111-2222-3333-4444-555555555555".to_owned()),
    };
    let of_pod = Subject {
        pod: Some(pod.clone()),
        ..Subject::default()
    };
    let in_sandbox = |digits: &str| Subject {
        sandbox: Some(id(digits)),
        ..Subject::default()
    };
    let sandbox = scene.begin_in(Api::Cri, kubelet, Op::RunSandbox, of_pod);
    let pause = known(rootfs(1, Runtime::Containerd, "5a"), |it| {
        it.role = Role::Sandbox;
    });
    mount(&mut scene, pause, 500);
    scene.pass(
        Api::Shim,
        CONTAINERD_TO_SHIM,
        Op::Start,
        container(&id("5a")),
    );
    run(&mut scene, "5a");
    let sandbox = scene.end(sandbox, in_sandbox("5a"));
    assert_eq!(sandbox.op, Op::RunSandbox);
    assert_eq!(sandbox.rootfs.unwrap().mount, MountId(1));
    // One that crashes is made anew each time, with the next number.
    for (number, digits) in [(2, "c1"), (3, "c2"), (4, "c3")] {
        let create = Subject {
            container_name: Some("web".to_owned()),
            ..in_sandbox("5a")
        };
        let create = Subject {
            image: Some(BUSYBOX.to_owned()),
            ..create
        };
        let create = scene.begin_in(Api::Cri, kubelet, Op::Create, create);
        scene.end(create, container(&id(digits)));
        let start = scene.begin_in(Api::Cri, kubelet, Op::Start, container(&id(digits)));
        mount(&mut scene, rootfs(number, Runtime::Containerd, digits), 500);
        scene.pass(
            Api::Shim,
            CONTAINERD_TO_SHIM,
            Op::Start,
            container(&id(digits)),
        );
        run(&mut scene, digits);
        let start = scene.end(start, Subject::default());
        assert_eq!(start.subject.pod.as_ref(), Some(&pod));
        assert_eq!(comm(&start), Some("kubelet"));
        let again = number - 2;
        let cause = (again > 0).then_some(Cause::CrashLoop);
        assert_eq!((start.cause, start.restarts), (cause, Some(again)));
        ends(&mut scene, digits, number);
    }
    seconds(&mut scene, 3);
    end(&mut scene);
    assert_eq!(
        starts(&scene).len(),
        3,
        "each is a line, and the sandbox is none"
    );
}

#[test]
fn a_name_that_stood_for_another_container() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    scene.create(cli, "web", "docker.io/library/old:1", &id("01d"));
    // Nobody saw that it was removed and made anew.
    let start = scene.begin(cli, Op::Start, container("web"));
    dockerd_starts(&mut scene, "9e3");
    scene.finish(start, Subject::default());
    let new = known(rootfs(1, Runtime::Docker, "9e3"), |it| {
        it.container_name = Some("web".to_owned());
    });
    mount(&mut scene, new, 800);
    seconds(&mut scene, 3);
    end(&mut scene);
    let [start] = &starts(&scene)[..] else {
        panic!("{:#?}", starts(&scene));
    };
    assert_eq!(start.subject.container, Some(id("9e3")));
    assert_eq!(start.subject.image.as_deref(), Some(BUSYBOX));
    assert_eq!(comm(start), Some("docker"));
    let said = format!(
        "the request called it web, which was believed to be {} and is {}",
        id("01d"),
        id("9e3")
    );
    let image = format!(
        "it was believed to be of docker.io/library/old:1; its root file system is of {BUSYBOX}"
    );
    assert_eq!(start.evidence, [said, image]);
}

#[test]
fn a_name_that_was_never_seen() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    let start = scene.begin(cli, Op::Start, container("web"));
    let named = known(rootfs(1, Runtime::Docker, "c1"), |it| {
        it.container_name = Some("web".to_owned());
    });
    mount(&mut scene, named, 800);
    run(&mut scene, "c1");
    let start = scene.end(start, Subject::default());
    assert_eq!(start.subject.container, Some(id("c1")));
    assert_eq!(start.evidence, [""; 0]);
    seconds(&mut scene, 3);
    assert_eq!(starts(&scene).len(), 1);
}

#[test]
fn what_was_mounted_says_which_image_it_is() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    scene.learn(
        cli,
        crate::observation::Fact::Container {
            id: id("c1"),
            name: Some("web".to_owned()),
            image: Some("docker.io/library/other:1".to_owned()),
            pod: None,
            sandbox: None,
        },
    );
    let start = scene.begin(cli, Op::Start, container("web"));
    dockerd_starts(&mut scene, "c1");
    scene.finish(start, Subject::default());
    let truth = known(rootfs(1, Runtime::Docker, "c1"), |it| {
        it.digest = Some(format!("sha256:{}", id("aa")));
    });
    mount(&mut scene, truth, 800);
    let start = scene.last_ended();
    assert_eq!(start.subject.image.as_deref(), Some(BUSYBOX));
    assert_eq!(start.subject.digest, Some(format!("sha256:{}", id("aa"))));
    assert_eq!(
        start.evidence,
        [format!(
            "it was believed to be of docker.io/library/other:1; its root file system is of {BUSYBOX}"
        )]
    );
}

#[test]
fn a_tag_that_has_moved_is_told() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    let (before, by_now) = (
        format!("sha256:{}", id("aa")),
        format!("sha256:{}", id("bb")),
    );
    scene.create(cli, "web", BUSYBOX, &id("c1"));
    scene.learn(
        cli,
        crate::observation::Fact::Image {
            id: by_now.clone(),
            names: vec![BUSYBOX.to_owned()],
        },
    );
    let start = scene.begin(cli, Op::Start, container("web"));
    let truth = known(rootfs(1, Runtime::Docker, "c1"), |it| {
        it.digest = Some(before.clone());
    });
    mount(&mut scene, truth, 800);
    dockerd_starts(&mut scene, "c1");
    let start = scene.end(start, Subject::default());
    assert_eq!(start.subject.image.as_deref(), Some(BUSYBOX));
    assert_eq!(start.subject.digest.as_ref(), Some(&before));
    assert_eq!(
        start.evidence,
        [format!(
            "its image's name stands for {by_now} by now; the container was made of {before}"
        )]
    );
}

#[test]
fn the_name_that_a_creation_asked_for_stays() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    scene.create(cli, "web", "docker.io/library/alias:1", &id("c1"));
    let start = scene.begin(cli, Op::Start, container("web"));
    mount(&mut scene, rootfs(1, Runtime::Docker, "c1"), 800);
    dockerd_starts(&mut scene, "c1");
    let start = scene.end(start, Subject::default());
    assert_eq!(
        start.subject.image.as_deref(),
        Some("docker.io/library/alias:1")
    );
    assert_eq!(start.evidence, [""; 0]);
}

#[test]
fn a_create_has_its_store_where_the_runtime_mounts_that_early() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    let create = scene.begin(cli, Op::Create, image(BUSYBOX));
    mount(&mut scene, rootfs(1, Runtime::Docker, "c1"), 800);
    unmount(&mut scene, 1);
    let create = scene.end(create, container(&id("c1")));
    assert_eq!(create.store.unwrap().id, StoreId(1));
    seconds(&mut scene, 3);
    end(&mut scene);
    assert_eq!(starts(&scene), []);
}

#[test]
fn ctr_calls_containers_as_it_likes() {
    let mut scene = host();
    let ctr = client(&mut scene, 20, "ctr", CONTAINERD);
    for (number, of) in [
        (1, "docker.io/library/one:1"),
        (2, "docker.io/library/two:1"),
    ] {
        let named = Subject {
            namespace: Some("default".to_owned()),
            ..container("test")
        };
        let start = scene.begin_in(Api::Containerd, ctr, Op::Start, named);
        let own = known(rootfs(number, Runtime::Containerd, "0"), |it| {
            it.container = Some("test".to_owned());
            it.namespace = Some("default".to_owned());
            it.image = Some(of.to_owned());
        });
        mount(&mut scene, own, 500);
        call(&mut scene, 901, OciVerb::Create, "test");
        call(&mut scene, 902, OciVerb::Start, "test");
        runs(&mut scene, 903, "test");
        let start = scene.end(start, Subject::default());
        assert_eq!(start.subject.image.as_deref(), Some(of));
        assert_eq!(start.rootfs.unwrap().mount, MountId(number));
        call(&mut scene, 904, OciVerb::Delete, "test");
        unmount(&mut scene, number);
    }
    seconds(&mut scene, 3);
    end(&mut scene);
    assert_eq!(starts(&scene).len(), 2);
}

#[test]
fn what_a_build_of_an_old_dockerd_starts_is_part_of_it() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    let build = scene.begin(cli, Op::Build, image("app:1"));
    mount(&mut scene, rootfs(1, Runtime::Docker, "c7"), 800);
    dockerd_starts(&mut scene, "c7");
    scene.end(build, Subject::default());
    seconds(&mut scene, 3);
    end(&mut scene);
    assert_eq!(starts(&scene), []);
}

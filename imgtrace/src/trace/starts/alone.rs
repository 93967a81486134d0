//! Starts that no request was seen for: who did it, and why.

use super::*;
use crate::model::{Cause, EndpointId};
use crate::observation::ConnectionId;
use crate::trace::scene::in_group;

/// `podman` (3001) below bash, with the calls that it makes.
#[test]
fn builds_and_sandboxes_make_none() {
    let mut scene = host();
    for (number, role) in [(1, Role::Build), (2, Role::Sandbox)] {
        let digits = format!("d{number}");
        let own = known(rootfs(number, Runtime::Containerd, &digits), |it| {
            it.role = role;
        });
        mount(&mut scene, own, 700);
        if role == Role::Sandbox {
            scene.pass(
                Api::Shim,
                CONTAINERD_TO_SHIM,
                Op::Start,
                container(&id(&digits)),
            );
        }
        run(&mut scene, &digits);
        // A step of BuildKit's, which names what it runs by itself.
        call(&mut scene, 901, OciVerb::Run, "m8uv2ivxe0h7nq9yjyepz4c2b");
    }
    seconds(&mut scene, 3);
    end(&mut scene);
    assert_eq!(starts(&scene), []);
}

#[test]
fn embedded_containerd_has_the_mount_and_runc_alone() {
    let mut scene = Scene::new();
    scene.process(process(700, "containerd"));
    scene.process(below(
        500,
        "containerd-shim",
        &[(499, "containerd-shim"), (700, "containerd")],
    ));
    let own = known(rootfs(1, Runtime::Containerd, "c1"), |it| {
        it.namespace = Some("k8s.io".to_owned());
    });
    mount(&mut scene, own, 500);
    run(&mut scene, "c1");
    seconds(&mut scene, 2);
    end(&mut scene);
    let [start] = &starts(&scene)[..] else {
        panic!("{:#?}", starts(&scene));
    };
    assert_eq!(start.cause, Some(Cause::Unseen));
    assert_eq!(comm(start), Some("containerd"));
    assert_eq!(start.subject.namespace.as_deref(), Some("k8s.io"));
    assert_eq!(start.endpoint.runtime, Runtime::Containerd);
}

#[test]
fn an_inner_daemon_that_is_not_watched() {
    let mut scene = host();
    let inner = Process {
        cgroups: in_group(&format!("/docker/{}", id("f0"))),
        ..below(1_800, "dockerd", &[(500, "containerd-shim")])
    };
    scene.process(inner);
    let above = [
        (1_801, "containerd"),
        (1_800, "dockerd"),
        (500, "containerd-shim"),
    ];
    scene.process(below(1_802, "runc", &above));
    mount(&mut scene, rootfs(1, Runtime::Docker, "c1"), 1_800);
    call(&mut scene, 1_802, OciVerb::Start, &id("c1"));
    runs(&mut scene, 1_803, &id("c1"));
    seconds(&mut scene, 2);
    let [start] = &starts(&scene)[..] else {
        panic!("{:#?}", starts(&scene));
    };
    let caller = start.caller.as_ref().unwrap();
    assert_eq!(caller.key, key(1_800));
    assert_eq!(caller.container.as_ref().unwrap().id, id("f0"));
    assert_eq!(start.cause, Some(Cause::Unseen));
}

#[test]
fn a_container_without_an_overlay() {
    let mut scene = Scene::new();
    scene.process(commanded(3_001, &["podman", "run"], &[(900, "bash")]));
    crun(&mut scene, 3_001, "c1");
    seconds(&mut scene, 2);
    let [start] = &starts(&scene)[..] else {
        panic!("{:#?}", starts(&scene));
    };
    assert_eq!(start.rootfs, None);
    assert_eq!(
        start.evidence[0],
        "its root file system was not seen mounted"
    );
}

#[test]
fn callers_in_containers_that_ran_before_have_names() {
    let mut scene = Scene::with_docker();
    let before = known(rootfs(1, Runtime::Docker, "a9"), |it| {
        it.container_name = Some("agent".to_owned());
    });
    scene.see(Observation::Mounted {
        rootfs: before,
        mounter: None,
        already: true,
    });
    scene.see(Observation::ContainerRuns {
        container: id("a9"),
        outer: Vec::new(),
        process: key(77),
        already: true,
    });
    let inside = Process {
        cgroups: in_group(&format!("/system.slice/docker-{}.scope", id("a9"))),
        ..process(78, "docker")
    };
    scene.process(inside);
    scene.connect(78, 1, 78);
    let start = scene.ask(78, Op::Kill, container("agent"));
    let place = start.caller.unwrap().container.unwrap();
    assert_eq!(place.name.as_deref(), Some("agent"));
    assert_eq!(place.image.as_deref(), Some(BUSYBOX));
    assert_eq!(start.subject.container, Some(id("a9")), "its name is known");
    seconds(&mut scene, 2);
    end(&mut scene);
    assert_eq!(starts(&scene), [], "what ran before is no start");
}

#[test]
fn what_kubelet_asks_on_a_joined_connection_is_waited_for() {
    let mut scene = Scene::new();
    scene.daemon(CONTAINERD, Runtime::Containerd, 700, "containerd");
    scene.process(process(30, "kubelet"));
    scene.see(Observation::Connected {
        connection: ConnectionId(30),
        endpoint: EndpointId(CONTAINERD),
        client: Some(key(30)),
        joined: true,
    });
    let own = |number, digits: &str| {
        known(rootfs(number, Runtime::Containerd, digits), |it| {
            it.namespace = Some("k8s.io".to_owned());
        })
    };
    let began = scene.now();
    mount(&mut scene, own(1, "c1"), 500);
    run(&mut scene, "c1");
    seconds(&mut scene, 14);
    assert_eq!(starts(&scene), []);
    let start = scene.begin_as(crate::trace::scene::Asked {
        api: Api::Cri,
        connection: 30,
        op: Op::Start,
        subject: container(&id("c1")),
        began: Some(began),
        ..crate::trace::scene::Asked::default()
    });
    let start = scene.end(start, Subject::default());
    assert_eq!(comm(&start), Some("kubelet"));
    mount(&mut scene, own(2, "c2"), 500);
    run(&mut scene, "c2");
    seconds(&mut scene, 18);
    assert_eq!(starts(&scene).len(), 2, "nobody asked for that one");
    end(&mut scene);
    assert_eq!(starts(&scene).len(), 2);
}

//! Starts that no request was seen for: who did it, and why.

use super::*;
use crate::model::{Cause, Confidence, EndpointId, Outcome};
use crate::observation::ConnectionId;
use crate::trace::scene::in_group;

/// `podman` (3001) below bash, with the calls that it makes.
fn podman(scene: &mut Scene, args: &[&str], digits: &str, above: &[(u32, &str)]) {
    let pid = 3_001;
    scene.process(commanded(pid, args, above));
    mount(scene, rootfs(1, Runtime::Podman, digits), pid);
    crun(scene, pid, digits);
}

fn crun(scene: &mut Scene, pid: u32, digits: &str) {
    scene.process(below(3_002, "crun", &[(2_999, "conmon"), (pid, "podman")]));
    call(scene, 3_002, OciVerb::Create, &id(digits));
    scene.process(below(3_003, "crun", &[(pid, "podman"), (900, "bash")]));
    call(scene, 3_003, OciVerb::Start, &id(digits));
    runs(scene, 3_004, &id(digits));
}

#[test]
fn podman_run_is_its_callers_and_told_at_once() {
    let mut scene = Scene::new();
    let above = [(900, "bash"), (899, "sshd")];
    podman(
        &mut scene,
        &["podman", "run", "--rm", "busybox"],
        "c1",
        &above,
    );
    let [start] = &starts(&scene)[..] else {
        panic!("{:#?}", scene.reports);
    };
    assert_eq!(comm(start), Some("podman"));
    let above: Vec<_> = start.caller.as_ref().unwrap().ancestors.iter().collect();
    assert_eq!(above[0].comm, "bash");
    assert_eq!(start.cause, Some(Cause::CommandLine));
    assert_eq!(start.confidence, Confidence::Inferred);
    assert_eq!(start.outcome, Some(Outcome::Ok));
    let endpoint = &start.endpoint;
    assert_eq!(
        (endpoint.id, endpoint.api, &endpoint.path),
        (None, None, &None)
    );
    assert_eq!(endpoint.runtime, Runtime::Podman);
    assert_eq!(start.subject.container, Some(id("c1")));
    assert_eq!(start.subject.image.as_deref(), Some(BUSYBOX));
    assert_eq!(
        start.evidence,
        [
            "its root file system was mounted at /var/lib/podman/c1/merged by pid 3001 (podman)",
            "pid 3003 (crun) was called to start it",
            "pid 3004 executed the first program in its control group",
            "no client's request was seen"
        ]
    );
    seconds(&mut scene, 3);
    end(&mut scene);
    assert_eq!(starts(&scene).len(), 1);
}

#[test]
fn what_is_read_late_is_waited_for() {
    let mut scene = Scene::new();
    scene.process(commanded(3_001, &["podman", "run"], &[]));
    crun(&mut scene, 3_001, "c1");
    ends(&mut scene, "c1", 1);
    assert_eq!(starts(&scene), []);
    mount(&mut scene, rootfs(1, Runtime::Podman, "c1"), 3_001);
    let [start] = &starts(&scene)[..] else {
        panic!("one start");
    };
    assert!(start.rootfs.is_some());
}

#[test]
fn podman_in_a_container_is_called_from_there() {
    let mut scene = Scene::new();
    let inside = Process {
        cgroups: in_group(&format!("/docker/{}", id("f0"))),
        ..commanded(
            3_001,
            &["podman", "run"],
            &[(880, "sh"), (700, "containerd-shim")],
        )
    };
    scene.process(inside);
    mount(&mut scene, rootfs(1, Runtime::Podman, "c1"), 3_001);
    crun(&mut scene, 3_001, "c1");
    let caller = starts(&scene)[0].caller.clone().unwrap();
    assert_eq!(caller.container.unwrap().id, id("f0"));
}

#[test]
fn a_restart_on_a_mount_that_stands_is_its_own_commands() {
    let mut scene = Scene::new();
    podman(
        &mut scene,
        &["podman", "start", "web"],
        "c1",
        &[(900, "bash")],
    );
    call(&mut scene, 3_003, OciVerb::Delete, &id("c1"));
    scene.process(commanded(
        3_100,
        &["podman", "restart", "web"],
        &[(900, "bash")],
    ));
    scene.process(below(3_101, "crun", &[(3_100, "podman"), (900, "bash")]));
    call(&mut scene, 3_101, OciVerb::Create, &id("c1"));
    call(&mut scene, 3_101, OciVerb::Start, &id("c1"));
    runs(&mut scene, 3_102, &id("c1"));
    scene.tick();
    let pids: Vec<_> = starts(&scene)
        .iter()
        .map(|start| start.caller.as_ref().unwrap().key.pid)
        .collect();
    assert_eq!(pids, [3_001, 3_100]);
}

#[test]
fn a_helper_of_podman_that_mounts_is_podmans() {
    let mut scene = Scene::new();
    scene.process(commanded(3_001, &["podman", "run"], &[(900, "bash")]));
    scene.process(below(
        3_005,
        "fuse-overlayfs",
        &[(3_001, "podman"), (900, "bash")],
    ));
    mount(&mut scene, rootfs(1, Runtime::Podman, "c1"), 3_005);
    crun(&mut scene, 3_001, "c1");
    end(&mut scene);
    let start = &starts(&scene)[0];
    assert_eq!(comm(start), Some("podman"));
    assert_eq!(start.caller.as_ref().unwrap().key, key(3_001));
}

#[test]
fn nobody_is_named_who_may_have_nothing_to_do_with_it() {
    let mut scene = Scene::new();
    scene.process(below(
        3_005,
        "mount",
        &[(880, "bash"), (700, "containerd-shim")],
    ));
    mount(&mut scene, rootfs(1, Runtime::Podman, "c1"), 3_005);
    call(&mut scene, 3_006, OciVerb::Start, &id("c1"));
    end(&mut scene);
    let start = &starts(&scene)[0];
    assert_eq!(start.caller, None);
    assert_eq!(start.outcome, Some(Outcome::Ok));
    let said = "its first program was not seen".to_owned();
    assert!(start.evidence.contains(&said));
}

#[test]
fn a_restart_by_podmans_exit_command_is_a_policys() {
    let mut scene = Scene::new();
    let args = ["podman", "--root", "/x", "container", "cleanup", "c1"];
    podman(&mut scene, &args, "c1", &[(2_999, "conmon")]);
    end(&mut scene);
    assert_eq!(starts(&scene)[0].cause, Some(Cause::RestartPolicy));
}

#[test]
fn a_root_file_system_that_stays_mounted_names_nobody() {
    let mut scene = Scene::new();
    podman(
        &mut scene,
        &["podman", "run", "--restart=always"],
        "c1",
        &[],
    );
    call(&mut scene, 3_009, OciVerb::Delete, &id("c1"));
    let cleanup = ["podman", "container", "cleanup", "c1"];
    scene.process(commanded(3_100, &cleanup, &[(2_999, "conmon")]));
    scene.process(below(
        3_101,
        "crun",
        &[(3_100, "podman"), (2_999, "conmon")],
    ));
    call(&mut scene, 3_101, OciVerb::Create, &id("c1"));
    call(&mut scene, 3_101, OciVerb::Start, &id("c1"));
    runs(&mut scene, 3_102, &id("c1"));
    scene.tick();
    seconds(&mut scene, 2);
    let all = starts(&scene);
    assert_eq!(all.len(), 2);
    assert_eq!(all[1].caller.as_ref().unwrap().key, key(3_100));
    assert_eq!(all[1].cause, Some(Cause::RestartPolicy));
    assert!(all[1].rootfs.is_some());
    assert_eq!(
        all[1].evidence[0],
        "its root file system was mounted at /var/lib/podman/c1/merged by pid 3001 (podman) for a \
         start before"
    );
}

#[test]
fn podmans_service_is_asked_and_there_is_one_start() {
    let mut scene = Scene::new();
    scene.process(commanded(3_001, &["podman", "system", "service"], &[]));
    scene.daemon(9, Runtime::Podman, 3_001, "podman");
    let cli = client(&mut scene, 10, "docker", 9);
    let start = scene.begin_in(Api::Libpod, cli, Op::Start, container("web"));
    let named = known(rootfs(1, Runtime::Podman, "c1"), |it| {
        it.container_name = Some("web".to_owned());
    });
    mount(&mut scene, named, 3_001);
    crun(&mut scene, 3_001, "c1");
    let start = scene.end(start, Subject::default());
    assert_eq!(comm(&start), Some("docker"));
    assert!(start.rootfs.is_some());
    seconds(&mut scene, 3);
    // What play kube makes has no request of its own.
    podman(&mut scene, &["podman", "system", "service"], "c2", &[]);
    seconds(&mut scene, 3);
    end(&mut scene);
    let all = starts(&scene);
    assert_eq!(all.len(), 2);
    assert_eq!(all[1].cause, Some(Cause::Unseen));
}

#[test]
fn buildah_run_starts_and_its_other_commands_do_not() {
    let mut scene = Scene::new();
    let working = |number, digits| {
        known(rootfs(number, Runtime::Buildah, digits), |it| {
            it.role = Role::Working;
            it.container_name = Some("busybox-working-container".to_owned());
        })
    };
    scene.process(commanded(3_001, &["buildah", "copy", "x"], &[]));
    mount(&mut scene, working(1, "c1"), 3_001);
    for (pid, args) in [(3_010, ["buildah", "run"]), (3_020, ["buildah", "bud"])] {
        scene.process(commanded(pid, &args, &[(900, "bash")]));
        mount(&mut scene, working(u64::from(pid), "c1"), pid);
        scene.process(below(pid + 1, "runc", &[(pid, "buildah"), (900, "bash")]));
        let called = format!("buildah-buildah{pid}");
        call(&mut scene, pid + 1, OciVerb::Create, &called);
        call(&mut scene, pid + 1, OciVerb::Start, &called);
        seconds(&mut scene, 2);
    }
    end(&mut scene);
    let [start] = &starts(&scene)[..] else {
        panic!("{:#?}", starts(&scene));
    };
    assert_eq!(comm(start), Some("buildah"));
    assert_eq!(start.cause, Some(Cause::CommandLine));
    assert_eq!(start.subject.container, Some(id("c1")));
    assert_eq!(
        start.subject.container_name.as_deref(),
        Some("busybox-working-container")
    );
}

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

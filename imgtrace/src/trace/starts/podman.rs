//! Podman and Buildah: programs that start containers themselves.

use super::*;
use crate::model::{Cause, Confidence, Outcome};
use crate::trace::scene::in_group;

/// `podman` (3001) below bash, with the calls that it makes.
fn podman(scene: &mut Scene, args: &[&str], digits: &str, above: &[(u32, &str)]) {
    let pid = 3_001;
    scene.process(commanded(pid, args, above));
    mount(scene, rootfs(1, Runtime::Podman, digits), pid);
    crun(scene, pid, digits);
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

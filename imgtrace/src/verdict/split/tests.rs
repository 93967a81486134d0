use crate::model::{Finding, Op, Rule, Runtime, Severity, StoreId};
use crate::trace::scene::{
    Scene, container, containerd_store, docker_store, id, in_group, process,
};

const UID: &str = "1a2b3c4d-0000-4111-8222-933344445555";

/// A docker CLI (pid 20) in a container of containerd's, whose root file system is in store 1;
/// dockerd's (800) is store 2.
fn scene() -> Scene {
    let mut scene = Scene::with_docker();
    scene.store(1, containerd_store(7, "/var/lib/containerd", "k8s.io"), &[]);
    scene.store(2, docker_store(2, "/var/lib/docker"), &[800]);
    let mut docker = process(20, "docker");
    let group = format!("/kubepods/pod{UID}/cri-containerd-{}.scope", id("a9e1"));
    docker.cgroups = in_group(&group);
    scene.process(docker);
    scene.connect(1, 1, 20);
    scene
}

fn run(scene: &mut Scene, digits: &str) {
    scene.create(1, "web", "docker.io/library/nginx:1.27", &id(digits));
    let start = scene.begin(1, Op::Start, container(&id(digits)));
    scene.mounted_from(2, Runtime::Docker, digits, "docker.io/library/nginx:1.27");
    scene.end(start, container(&id(digits)));
}

fn split(scene: &Scene) -> Vec<Finding> {
    let findings = scene.findings().into_iter();
    findings.filter(|it| it.rule == Rule::Split).collect()
}

#[test]
fn what_a_container_starts_lies_elsewhere() {
    let mut scene = scene();
    scene.mounted_from(1, Runtime::Containerd, "a9e1", "docker.io/ci/runner:3");
    run(&mut scene, "3f");
    run(&mut scene, "4f");
    let found = split(&scene);
    assert_eq!(found.len(), 1, "once for a container and a pair of stores");
    let found = &found[0];
    assert_eq!(found.severity, Severity::Info);
    assert_eq!(
        found.summary,
        "container a9e100000000 (containerd) was made from \
         containerd:/var/lib/containerd (k8s.io), what it starts from docker:/var/lib/docker: \
         nothing to clean"
    );
    let stores: Vec<_> = found.stores.iter().map(|store| store.id).collect();
    assert_eq!(stores, [StoreId(1), StoreId(2)]);
    assert_eq!((found.remedy.as_ref(), found.wasted_bytes), (None, None));
    assert_eq!(
        found.evidence[0],
        "the root file system of container a9e100000000 (docker.io/ci/runner:3) was mounted from \
         containerd:/var/lib/containerd (k8s.io)"
    );
}

#[test]
fn one_store_for_both_is_no_split() {
    let mut scene = scene();
    scene.mounted_from(2, Runtime::Docker, "a9e1", "docker.io/ci/runner:3");
    run(&mut scene, "3f");
    assert_eq!(split(&scene), []);
    let dood = scene.findings();
    assert!(
        dood.iter()
            .all(|it| !it.summary.contains("in another store")),
        "dood says the same, whatever the control group is called"
    );
}

#[test]
fn nothing_is_said_where_the_callers_own_store_was_not_seen() {
    let mut scene = scene();
    run(&mut scene, "3f");
    assert_eq!(split(&scene), []);
}

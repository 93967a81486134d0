use crate::model::{Caller, Op, Pod, Runtime, Subject};
use crate::observation::Fact;
use crate::trace::scene::{Scene, id, image, in_group, process};

const UID: &str = "1a2b3c4d-0000-4111-8222-933344445555";

/// Who asked for a pull from a process with this group, after what `before` tells.
fn caller(group: &str, before: impl FnOnce(&mut Scene)) -> Caller {
    let mut scene = Scene::with_docker();
    scene.connect(1, 1, 10);
    before(&mut scene);
    let mut docker = process(11, "docker");
    docker.cgroups = in_group(group);
    scene.process(docker);
    scene.connect(2, 1, 11);
    scene.ask(2, Op::Pull, image("a:1")).caller.unwrap()
}

fn container(name: &str, of: Option<&str>) -> Fact {
    Fact::Container {
        id: id("a1"),
        name: Some(name.to_owned()),
        image: of.map(str::to_owned),
        pod: None,
        sandbox: None,
    }
}

#[test]
fn a_container_nobody_spoke_of() {
    let found = caller(
        &format!("/kubepods/burstable/pod{UID}/{}", id("a1")),
        |_| {},
    );
    let container = found.container.clone().unwrap();
    assert_eq!(container.id, id("a1"));
    assert_eq!(
        (container.name, container.image, container.runtime),
        (None, None, None)
    );
    let pod = Pod {
        uid: Some(UID.to_owned()),
        ..Pod::default()
    };
    assert_eq!(found.pod, Some(pod));
    assert_eq!(found.place().unwrap(), "container a10000000000");
}

#[test]
fn names_and_image_as_seen_on_a_socket() {
    let found = caller(&format!("/builds/{}", id("a1")), |scene| {
        scene.learn(1, container("agent", Some("docker.io/library/agent:1")));
    });
    let container = found.container.clone().unwrap();
    assert_eq!(container.name.as_deref(), Some("agent"));
    assert_eq!(
        container.image.as_deref(),
        Some("docker.io/library/agent:1")
    );
    assert_eq!(
        container.runtime,
        Some(Runtime::Docker),
        "it was seen on its socket"
    );
    assert_eq!(found.pod, None);
    assert_eq!(found.place().unwrap(), "container agent");
}

#[test]
fn a_pod_by_the_name_that_cri_dockerd_gave_its_container() {
    let name = format!("k8s_app_runner-0_ci_{UID}_0");
    // The name is that of one container; all of the pod's containers gain by it.
    for group in [
        format!("/docker/{}", id("a1")),
        format!(
            "/kubepods.slice/kubepods-pod{}.slice/docker-{}.scope",
            UID.replace('-', "_"),
            id("b1")
        ),
    ] {
        let found = caller(&group, |scene| scene.learn(1, container(&name, None)));
        assert_eq!(found.place().unwrap(), "pod ci/runner-0", "{group}");
        assert_eq!(found.pod.unwrap().uid.as_deref(), Some(UID));
    }
}

#[test]
fn a_pod_by_its_sandbox() {
    let found = caller(&format!("/kubepods/pod{UID}/{}", id("b1")), |scene| {
        let pod = Pod {
            namespace: Some("ci".to_owned()),
            name: Some("runner-0".to_owned()),
            uid: Some(UID.to_owned()),
        };
        let subject = Subject {
            pod: Some(pod),
            sandbox: Some(id("a1")),
            ..Subject::default()
        };
        scene.ask(1, Op::RunSandbox, subject);
    });
    assert_eq!(found.place().unwrap(), "pod ci/runner-0");
}

#[test]
fn a_container_in_a_pod_is_in_the_pod() {
    let group = format!("/kubepods/pod{UID}/{}/docker/{}", id("a1"), id("b1"));
    let found = caller(&group, |_| {});
    let container = found.container.unwrap();
    assert_eq!(container.id, id("b1"));
    assert_eq!(container.outer, [id("a1")]);
    assert_eq!(found.pod.unwrap().uid.as_deref(), Some(UID));
}

#[test]
fn a_service_on_the_host() {
    let found = caller("/system.slice/gitlab-runner.service", |_| {});
    assert_eq!(found.container, None);
    assert_eq!(found.unit.as_deref(), Some("gitlab-runner.service"));
    assert_eq!(found.place().unwrap(), "gitlab-runner.service");
    assert_eq!(found.name(), "docker");
}

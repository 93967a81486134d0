use crate::model::{
    Api, Endpoint, EndpointId, Finding, Op, Rule, Runtime, Severity, Store, StoreKind, Subject,
};
use crate::observation::{ConnectionId, Observation};
use crate::trace::scene::{Scene, containerd_store, docker_store, endpoint, image, key, process};

const BUSYBOX: &str = "docker.io/library/busybox:1";

/// dockerd (endpoint 1) with store 1; containerd (endpoint 2) with k8s.io (2) and moby (3), as
/// `users_of_moby` keep them; crictl (pid 401), ctr (402) and docker (403).
fn node(users_of_moby: &[u32]) -> Scene {
    let mut scene = Scene::with_docker();
    scene.daemon(2, Runtime::Containerd, 900, "containerd");
    let root = "/var/lib/containerd";
    if !users_of_moby.contains(&800) {
        scene.store(1, docker_store(1, "/var/lib/docker"), &[800]);
    }
    scene.store(2, containerd_store(7, root, "k8s.io"), &[900]);
    scene.store(3, containerd_store(7, root, "moby"), users_of_moby);
    for (pid, comm) in [(401, "crictl"), (402, "ctr"), (403, "docker")] {
        scene.process(process(pid, comm));
    }
    // dockerd is a client of containerd, as ever.
    scene.connect(9, 2, 800);
    scene
}

fn pull(scene: &mut Scene, api: Api, to: u32, by: u32, namespace: Option<&str>) {
    let connection = u64::from(to * 1_000 + by);
    scene.connect(connection, to, by);
    let subject = Subject {
        namespace: namespace.map(str::to_owned),
        ..image(BUSYBOX)
    };
    let request = scene.begin_in(api, connection, Op::Pull, subject);
    scene.finish(request, Subject::default());
}

fn found(scene: &Scene) -> Vec<Finding> {
    let mut findings = scene.findings();
    findings.retain(|finding| finding.rule == Rule::SameStore);
    findings
}

/// The only finding.
fn only(scene: &Scene) -> Finding {
    let mut found = found(scene);
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}

fn cri_dockerd(scene: &mut Scene) {
    scene.process(process(700, "cri-dockerd"));
    scene.see(Observation::Endpoint(Endpoint {
        runtime: Runtime::CriDockerd,
        path: "/run/cri-dockerd.sock".to_owned(),
        ..endpoint(4, Some(700))
    }));
    scene.connect(41, 1, 700);
}

#[test]
fn what_cri_dockerd_passes_on_lies_in_dockers_store() {
    let mut scene = node(&[900]);
    cri_dockerd(&mut scene);
    assert_eq!(found(&scene), [], "not before all stores are known");
    scene.inventoried();
    let same = only(&scene);
    assert_eq!(same.severity, Severity::Info);
    assert_eq!(
        same.summary,
        "/run/docker.sock (docker) and /run/cri-dockerd.sock (cri-dockerd) lead to one store, \
         docker:/var/lib/docker: both lists show what is there once, and what is removed in one is \
         gone in both"
    );
    assert_eq!(
        same.evidence,
        [
            "pid 800 (dockerd): its command line says so",
            "pid 700 (cri-dockerd) is connected to e1",
        ]
    );
    assert_eq!((same.wasted_bytes, same.remedy), (None, None));
    assert_eq!(same.stores.len(), 1);
    pull(&mut scene, Api::Cri, 4, 401, None);
    pull(&mut scene, Api::Docker, 1, 403, None);
    assert_eq!(found(&scene).len(), 1, "said once");
}

#[test]
fn a_cri_dockerd_that_comes_later_is_told_then() {
    let mut scene = node(&[900]);
    scene.inventoried();
    assert_eq!(found(&scene), []);
    cri_dockerd(&mut scene);
    only(&scene);
}

#[test]
fn the_cri_and_containerds_own_api_in_its_namespace_are_one_store() {
    let mut scene = node(&[900]);
    scene.inventoried();
    pull(&mut scene, Api::Cri, 2, 401, None);
    assert_eq!(found(&scene), []);
    pull(&mut scene, Api::Containerd, 2, 402, Some("k8s.io"));
    let same = only(&scene);
    assert_eq!(
        same.summary,
        "the CRI on /run/containerd.sock and containerd's own API on /run/containerd.sock lead to one \
         store, containerd:/var/lib/containerd (k8s.io): both lists show what is there once, and what \
         is removed in one is gone in both"
    );
    assert_eq!(same.evidence.len(), 3, "{:#?}", same.evidence);
    assert!(same.evidence[1].starts_with("crictl uses the CRI"));
    assert_eq!(same.operations.len(), 2);
}

#[test]
fn dockers_namespace_used_by_ctr_is_dockers_store() {
    let mut scene = node(&[900, 800]);
    pull(&mut scene, Api::Docker, 1, 403, None);
    assert_eq!(found(&scene), []);
    pull(&mut scene, Api::Containerd, 2, 402, Some("moby"));
    let same = only(&scene);
    assert!(same.summary.contains("(moby)"), "{}", same.summary);
}

#[test]
fn ordinary_nodes_say_nothing() {
    // Docker with a containerd, and Kubernetes on the same one.
    for users_of_moby in [&[900][..], &[900, 800]] {
        let mut scene = node(users_of_moby);
        scene.inventoried();
        pull(&mut scene, Api::Docker, 1, 403, None);
        pull(&mut scene, Api::Docker, 1, 401, None);
        pull(&mut scene, Api::Cri, 2, 401, None);
        pull(&mut scene, Api::Containerd, 2, 402, Some("default"));
        // dockerd's own use of its namespace.
        pull(&mut scene, Api::Containerd, 2, 800, Some("moby"));
        scene.tick();
        scene.tick();
        scene.see(Observation::End);
        assert_eq!(found(&scene), []);
    }
}

#[test]
fn one_program_in_two_apis_knows_what_it_does() {
    let mut scene = node(&[900]);
    scene.process(process(500, "k3s"));
    pull(&mut scene, Api::Cri, 2, 500, None);
    pull(&mut scene, Api::Containerd, 2, 500, Some("k8s.io"));
    assert_eq!(found(&scene), []);
}

#[test]
fn two_sockets_of_one_daemon_are_no_news() {
    let mut scene = node(&[900]);
    scene.see(Observation::Endpoint(Endpoint {
        path: "/run/second.sock".to_owned(),
        ..endpoint(5, Some(800))
    }));
    pull(&mut scene, Api::Docker, 1, 403, None);
    pull(&mut scene, Api::Docker, 5, 401, None);
    assert_eq!(found(&scene), []);
}

/// Podman's socket (1) and CRI-O's (2).
fn podman_and_crio() -> Scene {
    let mut scene = Scene::new();
    scene.see(Observation::Endpoint(Endpoint {
        runtime: Runtime::Podman,
        path: "/run/podman/podman.sock".to_owned(),
        ..endpoint(1, None)
    }));
    scene.daemon(2, Runtime::CriO, 800, "crio");
    scene.process(process(401, "kubelet"));
    scene.process(process(402, "podman-remote"));
    scene
}

fn their_store() -> Store {
    Store {
        kind: StoreKind::ContainersStorage,
        ..docker_store(1, "/var/lib/containers/storage")
    }
}

#[test]
fn podman_beside_crio_is_told_when_both_are_used() {
    let mut scene = podman_and_crio();
    // It was connected before anything was known of stores.
    scene.see(Observation::Connected {
        connection: ConnectionId(20),
        endpoint: EndpointId(2),
        client: Some(key(401)),
        joined: true,
    });
    scene.store(1, their_store(), &[800]);
    scene.inventoried();
    assert_eq!(found(&scene), [], "nobody uses Podman's");
    scene.connect(10, 1, 402);
    let same = only(&scene);
    assert!(
        same.evidence
            .contains(&"podman-remote uses /run/podman/podman.sock (podman)".to_owned()),
        "{:#?}",
        same.evidence
    );
    scene.connect(11, 1, 402);
    scene.connect(21, 2, 401);
    only(&scene);
}

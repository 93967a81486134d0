use crate::model::{Api, Confidence, Endpoint, EndpointId, Op, Operation, Runtime, Store, Subject};
use crate::observation::Observation;
use crate::trace::scene::{
    Scene, containerd_store, docker_store, endpoint, image, in_group, key, process,
};

const BUSYBOX: &str = "docker.io/library/busybox:1";

/// The number of an operation's store.
fn store(operation: &Operation) -> Option<u32> {
    operation.store.as_ref().map(|store| store.id.0)
}

/// dockerd (endpoint 1) with a store of its own (1), containerd (endpoint 2) with two namespaces
/// (stores 2 and 3).
fn node() -> Scene {
    let mut scene = Scene::with_docker();
    scene.daemon(2, Runtime::Containerd, 900, "containerd");
    scene.store(1, docker_store(1, "/var/lib/docker"), &[800]);
    let root = "/var/lib/containerd";
    scene.store(2, containerd_store(7, root, "k8s.io"), &[900]);
    scene.store(3, containerd_store(7, root, "moby"), &[900]);
    scene.process(process(400, "client"));
    scene
}

/// cri-dockerd (pid 700, endpoint 4) with these arguments.
fn cri_dockerd(scene: &mut Scene, args: &[&str]) {
    let mut it = process(700, "cri-dockerd");
    let program = ["cri-dockerd"].iter().chain(args);
    it.args = Some(program.map(|&arg| arg.to_owned()).collect());
    it.cgroups = in_group("/system.slice/cri-docker.service");
    scene.process(it);
    scene.see(Observation::Endpoint(Endpoint {
        runtime: Runtime::CriDockerd,
        path: "/run/cri-dockerd.sock".to_owned(),
        ..endpoint(4, Some(700))
    }));
}

/// What a pull on an endpoint's connection begins and ends as.
fn pull(scene: &mut Scene, api: Api, to: u32, namespace: Option<&str>) -> [Operation; 2] {
    let connection = u64::from(to) * 100;
    scene.connect(connection, to, 400);
    let subject = Subject {
        namespace: namespace.map(str::to_owned),
        ..image(BUSYBOX)
    };
    let request = scene.begin_in(api, connection, Op::Pull, subject);
    let began = scene.last_began();
    [began, scene.end(request, Subject::default())]
}

#[test]
fn a_daemons_own_store_is_known_from_the_begin() {
    let mut scene = node();
    for told in pull(&mut scene, Api::Docker, 1, None) {
        assert_eq!(store(&told), Some(1));
        assert_eq!(told.confidence, Confidence::Observed);
    }
}

#[test]
fn containerds_store_is_that_of_the_namespace() {
    let stores = |api, namespace| {
        let mut scene = node();
        pull(&mut scene, api, 2, namespace).map(|told| store(&told))
    };
    assert_eq!(stores(Api::Cri, None), [Some(2); 2]);
    assert_eq!(stores(Api::Containerd, Some("moby")), [Some(3); 2]);
    assert_eq!(stores(Api::Containerd, Some("k8s.io")), [Some(2); 2]);
    assert_eq!(stores(Api::Containerd, Some("default")), [None; 2]);
    assert_eq!(stores(Api::Containerd, None), [None; 2], "one of two");
}

#[test]
fn dockerds_store_in_containerd_is_its_own_namespace() {
    let mut scene = Scene::with_docker();
    let root = "/var/lib/containerd";
    scene.store(2, containerd_store(7, root, "k8s.io"), &[900]);
    scene.store(3, containerd_store(7, root, "moby"), &[900, 800]);
    scene.process(process(400, "client"));
    let stores = pull(&mut scene, Api::Docker, 1, None).map(|told| store(&told));
    assert_eq!(stores, [Some(3); 2]);
}

#[test]
fn cri_dockerds_store_is_that_of_the_docker_it_is_connected_to() {
    let mut scene = node();
    // Another dockerd is nobody that it asks.
    scene.daemon(5, Runtime::Docker, 850, "dockerd-b");
    scene.store(5, docker_store(5, "/srv/docker"), &[850]);
    cri_dockerd(&mut scene, &["--docker-endpoint", "unix:///run/other.sock"]);
    scene.connect(77, 1, 700);
    for told in pull(&mut scene, Api::Cri, 4, None) {
        assert_eq!(store(&told), Some(1));
        assert_eq!(told.confidence, Confidence::Observed);
    }
    let leads = scene.world().leads_to(EndpointId(4));
    let [docker] = &leads[..] else {
        panic!("{leads:?}");
    };
    assert_eq!(docker.endpoint, EndpointId(1));
    assert_eq!(docker.evidence, "pid 700 (cri-dockerd) is connected to e1");
}

#[test]
fn cri_dockerds_store_follows_from_its_command_line() {
    let store_with = |args: &[&str]| {
        let mut scene = node();
        scene.see(Observation::Endpoint(Endpoint {
            path: "/run/other.sock".to_owned(),
            ..endpoint(5, Some(850))
        }));
        scene.process(process(850, "dockerd"));
        scene.store(5, docker_store(5, "/srv/docker"), &[850]);
        cri_dockerd(&mut scene, args);
        let [began, _] = pull(&mut scene, Api::Cri, 4, None);
        assert!(began.store.is_none() || began.inferred_fields == ["store"]);
        (store(&began), began.evidence.into_iter().next())
    };
    let (given, why) = store_with(&["--docker-endpoint=unix:///var/run/other.sock"]);
    assert_eq!(given, Some(5));
    assert_eq!(
        why.unwrap(),
        "the command line of pid 700 (cri-dockerd) says --docker-endpoint /var/run/other.sock"
    );
    assert_eq!(
        store_with(&["--docker-endpoint", "/run/other.sock"]).0,
        Some(5)
    );
    let (default, why) = store_with(&["--network-plugin=cni"]);
    assert_eq!(default, Some(1));
    assert!(why.unwrap().ends_with("/run/docker.sock is its default"));
    assert_eq!(store_with(&["--docker-endpoint", "tcp://10.0.0.1"]).0, None);
}

#[test]
fn a_docker_in_another_mount_namespace_is_not_meant_by_a_path() {
    let mut scene = node();
    let mut dockerd = process(800, "dockerd");
    dockerd.mount_ns = 2;
    scene.process(dockerd);
    cri_dockerd(&mut scene, &[]);
    let stores = pull(&mut scene, Api::Cri, 4, None).map(|told| store(&told));
    assert_eq!(stores, [None; 2]);
}

#[test]
fn all_endpoints_of_a_store_are_found() {
    let mut scene = node();
    cri_dockerd(&mut scene, &[]);
    scene.connect(77, 1, 700);
    // That dockerd asks containerd for its containers leads to no store of containerd's.
    scene.connect(78, 2, 800);
    let of = |store| scene.world().endpoints_of(crate::model::StoreId(store));
    assert_eq!(of(1), [EndpointId(1), EndpointId(4)]);
    assert_eq!(of(2), [EndpointId(2)]);
    assert_eq!(of(9), []);
    assert_eq!(scene.world().leads_to(EndpointId(1)).len(), 1);
}

#[test]
fn podmans_socket_leads_to_roots_store_while_no_service_runs() {
    let mut scene = Scene::new();
    let mut podman = Endpoint {
        runtime: Runtime::Podman,
        path: "/run/podman/podman.sock".to_owned(),
        ..endpoint(1, None)
    };
    scene.see(Observation::Endpoint(podman.clone()));
    let store = Store {
        kind: crate::model::StoreKind::ContainersStorage,
        ..docker_store(1, "/var/lib/containers/storage")
    };
    scene.store(1, store, &[]);
    let keeps = scene.world().keeps(EndpointId(1), None).unwrap();
    assert!(keeps.is_inferred());
    podman.path = "/run/user/1000/podman/podman.sock".to_owned();
    scene.see(Observation::Endpoint(podman));
    assert_eq!(scene.world().keeps(EndpointId(1), None), None);
}

#[test]
fn what_dockerd_starts_in_containerd_on_its_own_is_of_its_own_store() {
    let mut scene = node();
    scene.connect(9, 2, 800);
    let subject = Subject {
        container: Some(crate::trace::scene::id("77")),
        namespace: Some("moby".to_owned()),
        ..Subject::default()
    };
    let request = scene.begin_in(Api::Containerd, 9, Op::Start, subject);
    scene.finish(request, Subject::default());
    for _ in 0..3 {
        scene.tick();
    }
    let start = scene.last_ended();
    assert_eq!(start.caller.as_ref().unwrap().key, key(800));
    assert_eq!(store(&start), Some(1));
}

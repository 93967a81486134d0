use super::*;
use crate::model::{Finding, Pod, ProcessKey, Runtime};
use crate::observation::Observation;
use crate::trace::scene::{Scene, container, endpoint, id, image, in_group, key, process};

fn bind(source: &str, target: &str) -> Bind {
    Bind {
        source: source.to_owned(),
        target: target.to_owned(),
        read_only: false,
    }
}

/// A docker CLI beside a dockerd and a containerd of root, and one more dockerd in a container.
fn scene() -> Scene {
    let mut scene = Scene::new();
    let mut daemon = |number, pid, comm: &str, path: &str, runtime, mount_ns| {
        let mut daemon = process(pid, comm);
        daemon.uid = 0;
        daemon.mount_ns = mount_ns;
        daemon.cgroups = in_group("/system.slice/docker.service");
        scene.process(daemon);
        scene.see(Observation::Endpoint(Endpoint {
            runtime,
            path: path.to_owned(),
            ..endpoint(number, Some(pid))
        }));
    };
    let containerd = "/run/containerd/containerd.sock";
    daemon(
        1,
        800,
        "dockerd",
        "/var/run/docker.sock",
        Runtime::Docker,
        1,
    );
    daemon(2, 700, "containerd", containerd, Runtime::Containerd, 1);
    daemon(
        3,
        900,
        "dockerd",
        "/run/inner/docker.sock",
        Runtime::Docker,
        2,
    );
    scene.process(process(20, "docker"));
    scene.connect(1, 1, 20);
    scene
}

fn create(scene: &mut Scene, name: &str, binds: &[Bind]) {
    let asked = Subject {
        container_name: Some(name.to_owned()),
        binds: binds.to_vec(),
        ..image("docker.io/library/ci:1")
    };
    let request = scene.begin(1, Op::Create, asked);
    scene.end(request, container(&id(name)));
}

/// What is found of a container with these binds.
fn found(binds: &[Bind]) -> Vec<Finding> {
    let mut scene = scene();
    create(&mut scene, "a9e1", binds);
    scene.findings()
}

#[test]
fn roots_daemon_in_a_container_is_not_the_machines_root() {
    let mut scene = scene();
    let mut inner = process(950, "dockerd");
    inner.uid = 0;
    inner.cgroups = in_group(&format!("/docker/{}", id("d1")));
    scene.process(inner);
    scene.see(Observation::Endpoint(Endpoint {
        path: "/run/nested.sock".to_owned(),
        ..endpoint(4, Some(950))
    }));
    scene.process(process(21, "docker"));
    scene.connect(2, 4, 21);
    let asked = Subject {
        container_name: Some("deep".to_owned()),
        binds: vec![bind("/run/nested.sock", "/d.sock")],
        ..image("docker.io/library/ci:1")
    };
    let request = scene.begin(2, Op::Create, asked);
    scene.end(request, container(&id("deep")));
    let findings = scene.findings();
    let [it] = &findings[..] else {
        panic!("{findings:?}");
    };
    assert!(
        it.summary.ends_with("it can do all that docker can"),
        "{}",
        it.summary
    );
}

#[test]
fn a_socket() {
    let findings = found(&[bind("/srv", "/srv"), bind("/run/docker.sock", "/d.sock")]);
    let [it] = &findings[..] else {
        panic!("{findings:?}");
    };
    assert_eq!(
        (it.rule, it.severity),
        (Rule::SocketGrant, Severity::Warning)
    );
    assert_eq!(
        it.summary,
        "docker (go) created container a9e1 (docker.io/library/ci:1) with /run/docker.sock mounted \
         in: it can do all that docker can, and that is to be root on this machine"
    );
    assert_eq!(
        it.evidence,
        [
            "the request mounts /run/docker.sock at /d.sock",
            "pid 800 (dockerd) listens on /var/run/docker.sock (e1) in the same mount namespace",
        ]
    );
    assert_eq!(it.operations[0].0, 1);
    assert!(it.remedy.is_some());
}

#[test]
fn read_only_does_not_help() {
    let read_only = Bind {
        read_only: true,
        ..bind("/var/run/docker.sock", "/var/run/docker.sock")
    };
    let findings = found(&[read_only]);
    assert!(
        findings[0]
            .summary
            .contains("with /var/run/docker.sock mounted in, read-only, which does not help: "),
        "{}",
        findings[0].summary
    );
    assert!(findings[0].evidence[2].contains("not the socket from being talked to"));
}

#[test]
fn folders_around_sockets() {
    for (source, holds) in [
        (
            "/run",
            "/run/docker.sock and /run/containerd/containerd.sock",
        ),
        (
            "/var/run/",
            "/run/docker.sock and /run/containerd/containerd.sock",
        ),
        ("/", "/run/docker.sock and /run/containerd/containerd.sock"),
        ("/run/containerd", "/run/containerd/containerd.sock"),
    ] {
        let findings = found(&[bind(source, "/host")]);
        let given = format!("with {source} (which holds {holds}) mounted in: ");
        assert!(findings[0].summary.contains(&given), "{findings:?}");
    }
}

#[test]
fn what_leads_to_no_socket_here() {
    for source in [
        "/var",
        "/run/docker",
        "/run/docker.sock.d",
        "/ru",
        "/run/inner",
        "/home/go/docker.sock",
    ] {
        assert_eq!(found(&[bind(source, "/x")]), [], "{source}");
    }
}

#[test]
fn a_create_that_fails_grants_nothing() {
    let mut scene = scene();
    let asked = Subject {
        binds: vec![bind("/run/docker.sock", "/d.sock")],
        ..image("a:1")
    };
    let request = scene.begin(1, Op::Create, asked);
    scene.fail(request, "no such image");
    assert_eq!(scene.findings(), []);
}

#[test]
fn a_socket_that_is_gone_is_none() {
    let mut scene = scene();
    scene.see(Observation::Endpoint(Endpoint {
        state: EndpointState::Gone,
        path: "/run/containerd/containerd.sock".to_owned(),
        runtime: Runtime::Containerd,
        ..endpoint(2, Some(700))
    }));
    create(&mut scene, "a9e1", &[bind("/run/containerd", "/x")]);
    assert_eq!(scene.findings(), []);
}

#[test]
fn the_same_again_is_counted_and_said_when_it_changes() {
    let mut scene = scene();
    let socket = bind("/run/docker.sock", "/d.sock");
    for number in 1..=4 {
        create(
            &mut scene,
            &format!("a{number}"),
            std::slice::from_ref(&socket),
        );
    }
    assert_eq!(scene.findings().len(), 1);
    let read_only = Bind {
        read_only: true,
        ..socket
    };
    create(&mut scene, "b1", &[read_only]);
    let findings = scene.findings();
    assert_eq!((findings.len(), findings[1].count), (2, 5));
    assert!(
        findings[1]
            .summary
            .contains("read-only, which does not help")
    );
    assert!(
        findings[1]
            .summary
            .ends_with("; 3 more since the last time, 5 in all")
    );
    scene.see(Observation::End);
    assert_eq!(scene.findings().len(), 2);
}

#[test]
fn a_pod_is_named() {
    let mut scene = scene();
    let mut kubelet = process(30, "kubelet");
    kubelet.key = ProcessKey { ..key(30) };
    kubelet.cgroups = in_group("/system.slice/kubelet.service");
    scene.process(kubelet);
    scene.connect(2, 2, 30);
    let asked = Subject {
        container_name: Some("agent".to_owned()),
        pod: Some(Pod {
            namespace: Some("ci".to_owned()),
            name: Some("runner-0".to_owned()),
            uid: None,
        }),
        binds: vec![bind("/run/docker.sock", "/run/docker.sock")],
        ..image("docker.io/library/ci:1")
    };
    let request = scene.begin_in(crate::model::Api::Cri, 2, Op::Create, asked);
    scene.end(request, container(&id("a9e1")));
    let findings = scene.findings();
    assert!(
        findings[0].summary.starts_with(
            "kubelet (go) in kubelet.service created container agent of pod ci/runner-0 \
             (docker.io/library/ci:1) with /run/docker.sock mounted in: it can do all that docker can"
        ),
        "{}",
        findings[0].summary
    );
}

#[test]
fn paths_are_compared_by_parts() {
    for (source, socket, leads) in [
        ("/", "/run/a.sock", true),
        ("/run", "/run/a.sock", true),
        ("/run/", "/var/run/a.sock", true),
        ("/var/run/a.sock", "/run/a.sock", true),
        ("/run/a", "/run/a.sock", false),
        ("/run/a.sock/b", "/run/a.sock", false),
        ("/var/runner", "/run/ner", false),
    ] {
        assert_eq!(leads_to(source, socket), leads, "{source} {socket}");
    }
}

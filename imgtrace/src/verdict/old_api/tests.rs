use super::*;
use crate::model::Finding;
use crate::trace::scene::{Scene, process};

fn spoken(api: Api, version: &str, newest: Option<&str>) -> Fact {
    Fact::ApiVersion {
        api,
        version: version.to_owned(),
        newest: newest.map(str::to_owned),
    }
}

/// What is found of a docker CLI that speaks a version with a daemon that knows `newest`.
fn found(version: &str, newest: Option<&str>) -> Vec<Finding> {
    let mut scene = Scene::with_docker();
    scene.process(process(20, "docker"));
    scene.connect(1, 1, 20);
    scene.learn(
        1,
        Fact::Version {
            version: "28.5.2".to_owned(),
        },
    );
    scene.learn(1, spoken(Api::Docker, version, newest));
    scene.findings()
}

#[test]
fn a_version_that_every_docker_29_refuses() {
    let findings = found("1.24", Some("1.51"));
    let [it] = &findings[..] else {
        panic!("{findings:?}");
    };
    assert_eq!((it.rule, it.severity), (Rule::OldApi, Severity::Warning));
    assert_eq!(
        it.summary,
        "docker (go) speaks 1.24 of Docker's API with docker 28.5.2 (/run/docker.sock): Docker 29.0 \
         and all later ones refuse it"
    );
    assert_eq!(
        it.evidence,
        [
            "a request's path begins with /v1.24/",
            "the daemon speaks versions up to 1.51",
        ]
    );
    assert!(
        it.remedy
            .as_ref()
            .unwrap()
            .starts_with("update docker before")
    );
}

#[test]
fn a_version_that_some_refuse() {
    let findings = found("1.41", Some("1.51"));
    assert_eq!(findings[0].severity, Severity::Info);
    assert!(
        findings[0]
            .summary
            .ends_with("29.0 to 29.2 refuse it, 29.3 takes it again")
    );
}

#[test]
fn a_new_client_of_an_old_daemon_is_not_old() {
    for (version, newest) in [
        ("1.41", Some("1.41")),
        ("1.39", Some("1.38")),
        ("1.44", Some("1.51")),
        ("1.51", Some("1.51")),
        ("1.24", None),
        ("2.0", Some("3.1")),
    ] {
        assert_eq!(found(version, newest), [], "{version} {newest:?}");
    }
}

#[test]
fn podman_speaks_old_versions_for_ever() {
    let mut scene = Scene::new();
    scene.daemon(1, Runtime::Podman, 800, "podman");
    scene.process(process(20, "docker"));
    scene.connect(1, 1, 20);
    scene.learn(1, spoken(Api::Docker, "1.24", Some("1.41")));
    assert_eq!(scene.findings(), []);
}

#[test]
fn the_cris_first_version() {
    let mut scene = Scene::new();
    scene.daemon(1, Runtime::Containerd, 800, "containerd");
    scene.process(process(20, "crictl"));
    scene.connect(1, 1, 20);
    scene.learn(1, spoken(Api::Cri, "v1alpha2", None));
    let findings = scene.findings();
    assert_eq!(
        findings[0].summary,
        "crictl (go) speaks v1alpha2 of the CRI with containerd (/run/containerd.sock): containerd \
         2.0 and all later ones refuse it"
    );
    assert_eq!(findings[0].severity, Severity::Warning);
}

#[test]
fn it_is_said_once_for_a_client_and_a_version() {
    let mut scene = Scene::with_docker();
    for (connection, pid) in [(1, 20), (2, 21), (3, 22)] {
        scene.process(process(pid, "docker"));
        scene.connect(connection, 1, pid);
        scene.learn(connection, spoken(Api::Docker, "1.24", Some("1.51")));
    }
    assert_eq!(scene.findings().len(), 1);
    scene.learn(3, spoken(Api::Docker, "1.30", Some("1.51")));
    assert_eq!(scene.findings().len(), 2);
}

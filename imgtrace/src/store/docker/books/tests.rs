use serde_json::{Value, json};

use super::super::scene::{Scene, config, digest, host, id};
use super::*;

fn container(written: &Value) -> Option<Container> {
    let scene = Scene::new();
    scene.book(1, written, &host("no"));
    Container::read(&scene.folder(&format!("containers/{}", id(1))))
}

fn host_config(written: &Value) -> Option<HostConfig> {
    let scene = Scene::new();
    scene.book(1, &config("a", 1), written);
    HostConfig::read(&scene.folder(&format!("containers/{}", id(1))))
}

#[test]
fn only_what_is_named_is_kept() {
    let read = container(&config("web", 1)).unwrap();
    assert_eq!(read.name(), Some("web"));
    assert_eq!(read.asked(), Some("busybox"));
    assert_eq!(read.image(), Some(digest(1).as_str()));
    assert_eq!(read.labels(), Labels::default());
    assert!(!format!("{read:?}").contains("hunter2"));
    let read = host_config(&host("always")).unwrap();
    assert!(!format!("{read:?}").contains("hunter2"));
}

#[test]
fn nulls_and_absent_parts_are_nothing() {
    for written in [
        json!({}),
        json!({"State": null, "Config": null, "Image": null, "Name": null}),
        json!({"Config": {"Labels": null, "Image": null}, "ImageManifest": null}),
        json!({"Name": "/", "Image": "", "Config": {"Image": ""}}),
    ] {
        let read = container(&written).unwrap();
        assert_eq!((read.name(), read.asked()), (None, None), "{written}");
        assert_eq!((read.image(), read.manifest()), (None, None));
        assert_eq!(read.restarts(), None);
    }
}

#[test]
fn another_shape_is_no_book() {
    for written in [
        json!("x"),
        json!(7),
        json!({"Config": 7}),
        json!({"State": 7}),
    ] {
        assert!(container(&written).is_none(), "{written}");
    }
    let count = json!({"RestartCount": -1});
    assert!(container(&count).is_none());
}

#[test]
fn a_life_by_the_policy_is_told_from_one_by_a_client() {
    let read = |running: bool, restarting: bool, count: u32| {
        let state = json!({"Running": running, "Restarting": restarting});
        let written = json!({"State": state, "RestartCount": count});
        container(&written).unwrap().restarts()
    };
    assert_eq!(read(true, true, 3), Some(3), "about to run");
    assert_eq!(read(true, false, 3), Some(3), "running again");
    assert_eq!(read(false, false, 3), None, "a client starts it");
    assert_eq!(read(true, false, 0), None, "a client started it");
}

#[test]
fn no_policy_is_no_policy() {
    let policy = |name: &str| {
        let host = host_config(&host(name)).unwrap();
        host.restart_policy().map(str::to_owned)
    };
    assert_eq!((policy("no"), policy("")), (None, None));
    assert_eq!(policy("on-failure").as_deref(), Some("on-failure"));
}

#[test]
fn overlong_texts_are_left_out() {
    let long = "x".repeat(TEXT_MOST + 1);
    let labels = json!({
        "com.docker.swarm.service.name": long,
        "io.kubernetes.pod.name": "",
        "io.kubernetes.pod.uid": "u",
    });
    let written = json!({"Name": long, "Config": {"Image": long, "Labels": labels}});
    let read = container(&written).unwrap();
    assert_eq!((read.name(), read.asked()), (None, None));
    let expected = Labels {
        pod_uid: Some("u".to_owned()),
        ..Labels::default()
    };
    assert_eq!(read.labels(), expected);
}

#[test]
fn a_file_beyond_the_bound_is_not_read() {
    let most = usize::try_from(FILE_MOST).unwrap();
    let written = json!({"Name": "/a", "Config": {"Env": ["x".repeat(most)]}});
    assert!(container(&written).is_none());
}

#[test]
fn deep_nesting_is_no_harm() {
    let scene = Scene::new();
    let file = format!("containers/{}/config.v2.json", id(1));
    scene.write(&file, format!("{{\"x\":{}", "[".repeat(1 << 20)));
    assert!(Container::read(&scene.folder(&format!("containers/{}", id(1)))).is_none());
}

//! What answers tell.

use super::{CONTAINER, HEX, SANDBOX, SECRET, image, metadata, pod};
use crate::decode::api::rpc::tests::proto::Proto;
use crate::decode::api::rpc::tests::script::Script;
use crate::model::Api;
use crate::observation::Fact;

fn learnt(service: &str, method: &str, answer: &Proto) -> Vec<Fact> {
    let mut script = Script::new();
    script.unary(
        &format!("/runtime.v1.{service}/{method}"),
        &Proto::new(),
        answer,
    );
    let facts = script.facts();
    assert!(!format!("{facts:?}").contains(SECRET));
    facts
}

/// `Container` of a list.
fn container(id: &str, name: &str) -> Proto {
    Proto::new()
        .text(1, id)
        .text(2, SANDBOX)
        .message(3, &Proto::new().text(1, name).number(2, 0))
        .message(4, &image(&format!("sha256:{HEX}")).text(18, "busybox:1.36"))
        .text(5, &format!("sha256:{HEX}"))
        .number(6, 1)
        .entry(8, "io.kubernetes.pod.name", SECRET)
        .entry(9, "annotation", SECRET)
}

/// `PodSandbox` and the beginning of `PodSandboxStatus`.
fn sandbox() -> Proto {
    Proto::new()
        .text(1, SANDBOX)
        .message(2, &metadata())
        .number(3, 0)
}

fn expected(name: &str, sandbox: Option<&str>) -> Fact {
    Fact::Container {
        id: CONTAINER.to_owned(),
        name: Some(name.to_owned()),
        image: Some("docker.io/library/busybox:1.36".to_owned()),
        pod: None,
        sandbox: sandbox.map(str::to_owned),
    }
}

#[test]
fn the_version_before_the_present_one_is_told_once_for_a_connection() {
    let mut script = Script::new();
    for service in ["RuntimeService/Status", "ImageService/ListImages"] {
        for version in ["v1", "v1alpha2"] {
            let path = format!("/runtime.{version}.{service}");
            script.unary(&path, &Proto::new(), &Proto::new());
        }
    }
    let old = Fact::ApiVersion {
        api: Api::Cri,
        version: "v1alpha2".to_owned(),
        newest: None,
    };
    assert_eq!(script.facts(), [old]);
}

#[test]
fn containers_tell_their_names_images_and_sandboxes() {
    let list = Proto::new().message(1, &container(CONTAINER, "app"));
    for method in ["ListContainers", "StreamContainers"] {
        let facts = learnt("RuntimeService", method, &list);
        assert_eq!(facts, [expected("app", Some(SANDBOX))], "{method}");
    }
    let odd = Proto::new().message(1, &container("short", "app"));
    assert_eq!(learnt("RuntimeService", "ListContainers", &odd), []);
}

#[test]
fn a_status_tells_a_container() {
    let status = Proto::new()
        .text(1, CONTAINER)
        .message(2, &Proto::new().text(1, "app"))
        .message(8, &image("docker.io/library/busybox:1.36"))
        .text(9, &format!("docker.io/library/busybox@sha256:{HEX}"))
        .entry(12, "label", SECRET);
    let answer =
        Proto::new()
            .message(1, &status)
            .entry(2, "info", &format!("{{\"env\":\"{SECRET}\"}}"));
    assert_eq!(
        learnt("RuntimeService", "ContainerStatus", &answer),
        [expected("app", None)]
    );
    let with_sandbox = Proto::new().message(1, &sandbox()).message(3, &status);
    let told = learnt("RuntimeService", "PodSandboxStatus", &with_sandbox);
    let pods = Fact::Sandbox {
        id: SANDBOX.to_owned(),
        pod: pod(),
    };
    assert_eq!(told, [pods, expected("app", Some(SANDBOX))]);
}

#[test]
fn sandboxes_tell_their_pods() {
    let pods = Fact::Sandbox {
        id: SANDBOX.to_owned(),
        pod: pod(),
    };
    for method in ["ListPodSandbox", "StreamPodSandboxes"] {
        let list = Proto::new().message(1, &sandbox().entry(5, "label", SECRET));
        assert_eq!(
            learnt("RuntimeService", method, &list),
            std::slice::from_ref(&pods),
            "{method}"
        );
    }
}

#[test]
fn images_tell_their_names() {
    let image = |id: &str| {
        Proto::new()
            .text(1, id)
            .text(2, "docker.io/library/busybox:1.36")
            .text(2, "r.example/b:1")
            .text(3, &format!("docker.io/library/busybox@sha256:{HEX}"))
            .number(4, 4_000_000)
            .message(7, &image(SECRET))
    };
    let expected = [Fact::Image {
        id: format!("sha256:{HEX}"),
        names: vec![
            "docker.io/library/busybox:1.36".to_owned(),
            "r.example/b:1".to_owned(),
            format!("docker.io/library/busybox@sha256:{HEX}"),
        ],
    }];
    for (method, id) in [
        ("ListImages", HEX),
        ("StreamImages", HEX),
        ("ImageStatus", &format!("sha256:{HEX}")),
    ] {
        let answer = Proto::new().message(1, &image(id)).entry(2, "info", SECRET);
        assert_eq!(
            learnt("ImageService", method, &answer),
            expected,
            "{method}"
        );
    }
    assert_eq!(learnt("ImageService", "ImageStatus", &Proto::new()), []);
}

#[test]
fn the_version_is_the_runtimes_own() {
    let version = |name: &str| {
        Proto::new()
            .text(1, "0.1.0")
            .text(2, name)
            .text(3, "v2.3.4")
            .text(4, "v1")
    };
    let told = learnt("RuntimeService", "Version", &version("containerd"));
    let expected = Fact::Version {
        version: "v2.3.4".to_owned(),
    };
    assert_eq!(told, [expected]);
    // cri-dockerd tells the version of the Docker behind it.
    assert_eq!(learnt("RuntimeService", "Version", &version("docker")), []);
}

#[test]
fn a_fact_is_told_once_until_it_changes() {
    let list = |name: &str| Proto::new().message(1, &container(CONTAINER, name));
    let mut script = Script::new();
    let path = "/runtime.v1.RuntimeService/ListContainers";
    for _ in 0..3 {
        script.unary(path, &Proto::new(), &list("app"));
    }
    assert_eq!(script.facts(), [expected("app", Some(SANDBOX))]);
    script.unary(path, &Proto::new(), &list("other"));
    assert_eq!(script.facts(), [expected("other", Some(SANDBOX))]);
    script.unary(path, &Proto::new(), &list("other"));
    assert_eq!(script.facts(), []);
}

#[test]
fn of_a_list_that_is_cut_the_whole_ones_are_told() {
    let other = CONTAINER.replace('9', "8");
    let list = Proto::new()
        .message(1, &container(CONTAINER, "app"))
        .message(1, &container(&other, "app"));
    let bytes = list.bytes();
    let first = bytes.len() / 2;
    for cut in 0..=bytes.len() {
        let mut script = Script::new();
        let exchange = script.call("/runtime.v1.RuntimeService/ListContainers");
        script.answer_bytes(exchange, &bytes[..cut], false);
        let whole = usize::from(cut >= first) + usize::from(cut == bytes.len());
        assert_eq!(script.facts().len(), whole, "{cut}");
    }
}

#[test]
fn what_was_told_is_remembered_within_bounds() {
    let mut script = Script::new();
    for number in 0..20_000 {
        let list = Proto::new().message(1, &container(&format!("{number:064x}"), "app"));
        script.unary(
            "/runtime.v1.RuntimeService/ListContainers",
            &Proto::new(),
            &list,
        );
    }
    assert_eq!(script.facts().len(), 20_000);
    assert!(script.remembered() <= 8192);
}

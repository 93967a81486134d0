use super::*;

const PODMAN: &str = r#"{"image-name":"127.0.0.1:5055/bb:1","image-id":"79fb","name":"web","created-at":1795295862}"#;
const SANDBOX: &str = r#"{"pod-name":"k8s_front-7c_shop_1234-ab_0","pod-id":"p1","image-name":"registry.k8s.io/pause:3.10","image-id":"i","name":"k8s_POD_front-7c_shop_1234-ab_0","metadata-name":"front-7c","uid":"1234-ab","namespace":"shop","created-at":1,"pod":true}"#;
const CONTAINER: &str = r#"{"pod-name":"k8s_front-7c_shop_1234-ab_0","pod-id":"p1","image-name":"busybox","image-id":"i","name":"k8s_web_front-7c_shop_1234-ab_0","metadata-name":"web","created-at":1}"#;

fn crio(document: &str) -> CriO {
    match Owner::from_metadata(document) {
        Some(Owner::CriO(crio)) => crio,
        other => panic!("{other:?}"),
    }
}

#[test]
fn podmans_says_the_image() {
    let Some(Owner::Podman(podman)) = Owner::from_metadata(PODMAN) else {
        panic!("not Podman's");
    };
    assert_eq!(podman.image().as_deref(), Some("127.0.0.1:5055/bb:1"));
    let by_id = PODMAN.replace("127.0.0.1:5055/bb:1", &"7".repeat(64));
    let Some(Owner::Podman(podman)) = Owner::from_metadata(&by_id) else {
        panic!("not Podman's");
    };
    assert_eq!(podman.image(), None);
}

#[test]
fn a_sandbox_of_cri_o_is_its_own_pod() {
    let sandbox = crio(SANDBOX);
    assert!(sandbox.is_sandbox("p1"));
    let pod = sandbox.pod().unwrap();
    assert_eq!(pod.namespace.as_deref(), Some("shop"));
    assert_eq!(pod.name.as_deref(), Some("front-7c"));
    assert_eq!(pod.uid.as_deref(), Some("1234-ab"));
}

#[test]
fn a_container_of_cri_o_has_its_pod_in_a_name() {
    let container = crio(CONTAINER);
    assert!(!container.is_sandbox("c1"));
    assert_eq!(container.name().as_deref(), Some("web"));
    assert_eq!(container.sandbox().as_deref(), Some("p1"));
    assert_eq!(
        container.image().as_deref(),
        Some("docker.io/library/busybox:latest")
    );
    assert_eq!(container.pod(), crio(SANDBOX).pod());
    let other = CONTAINER.replace("k8s_", "");
    assert_eq!(crio(&other).pod(), None);
}

#[test]
fn what_is_neither_programs_is_none() {
    for document in [
        "",
        "{}",
        "[]",
        "null",
        "x",
        r#"{"image-name":"a"}"#,
        r#"{"pod-id":1,"name":"a"}"#,
    ] {
        assert_eq!(Owner::from_metadata(document), None, "{document}");
    }
}

use super::{Pods, from_container_name, of_name};
use crate::model::Pod;

const UID: &str = "1a2b3c4d-0000-4111-8222-933344445555";

#[test]
fn names_that_cri_dockerd_gives() {
    let expected = Pod {
        namespace: Some("shop".to_owned()),
        name: Some("front-7c".to_owned()),
        uid: Some(UID.to_owned()),
    };
    for name in [
        format!("k8s_app_front-7c_shop_{UID}_0"),
        format!("k8s_POD_front-7c_shop_{UID}_12"),
        format!("k8s_app_front-7c_shop_{UID}_0_5f3e9a"),
    ] {
        assert_eq!(
            from_container_name(&name).as_ref(),
            Some(&expected),
            "{name}"
        );
    }
}

#[test]
fn names_that_nobody_else_should_be_taken_for() {
    for name in [
        "",
        "web",
        "k8s_app_front",
        "k8s_app_front_shop_uid",
        "k8s_app__shop_uid_0",
        "x8s_app_front_shop_uid_0",
        "k8s_a_b_c_d_e_f_g",
    ] {
        assert_eq!(from_container_name(name), None, "{name}");
    }
}

#[test]
fn a_uid_gets_its_names_once_they_were_seen() {
    let mut pods = Pods::new();
    let unnamed = pods.named(UID);
    assert_eq!(
        (unnamed.name.clone(), unnamed.uid.as_deref()),
        (None, Some(UID))
    );
    pods.learn(&unnamed);
    let pod = from_container_name(&format!("k8s_app_front-7c_shop_{UID}_0")).unwrap();
    pods.learn(&pod);
    assert_eq!(pods.named(UID), pod);
    pods.learn(&unnamed);
    assert_eq!(pods.named(UID), pod);
}

#[test]
fn a_uid_is_the_same_in_every_spelling() {
    let mut pods = Pods::new();
    let of = |uid: &str| Pod {
        namespace: Some("kube-system".to_owned()),
        name: Some("etcd-a".to_owned()),
        uid: Some(uid.to_owned()),
    };
    // A static pod's uid is the hash of its file; kubelet writes it without dashes.
    let hash = "0123456789abcdef0123456789abcdef";
    pods.learn(&of(hash));
    assert_eq!(pods.named(hash).name.as_deref(), Some("etcd-a"));
    pods.learn(&of(UID));
    for spelling in [UID.replace('-', "_"), UID.to_uppercase()] {
        assert_eq!(
            pods.named(&spelling).name.as_deref(),
            Some("etcd-a"),
            "{spelling}"
        );
    }
}

#[test]
fn a_name_tells_its_container_and_pod() {
    let named = of_name(&format!("k8s_POD_front-7c_shop_{UID}_0")).unwrap();
    assert!(named.is_sandbox());
    let by_uid = Pod {
        uid: Some(UID.replace('-', "")),
        ..Pod::default()
    };
    assert!(named.is_of(&by_uid));
    let by_name = Pod {
        namespace: Some("shop".to_owned()),
        name: Some("front-7c".to_owned()),
        uid: None,
    };
    assert!(named.is_of(&by_name));
    let other = Pod {
        uid: Some("other".to_owned()),
        ..by_name
    };
    assert!(!named.is_of(&other));
}

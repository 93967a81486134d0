use super::*;
use crate::model::{StoreId, StoreKind};

#[test]
fn a_store_by_kind_root_and_namespace() {
    let mut it = StoreRef {
        id: StoreId(1),
        kind: StoreKind::Docker,
        root: "/var/lib/docker".to_owned(),
        namespace: None,
    };
    assert_eq!(store(&it), "docker:/var/lib/docker");
    it.kind = StoreKind::Containerd;
    it.root = "/var/lib/containerd".to_owned();
    it.namespace = Some("k8s.io".to_owned());
    assert_eq!(store(&it), "containerd:/var/lib/containerd (k8s.io)");
}

#[test]
fn lists_name_three_and_count_the_rest() {
    let cases: [(&[&str], &str); 5] = [
        (&[], ""),
        (&["a"], "a"),
        (&["a", "b"], "a and b"),
        (&["a", "b", "c"], "a, b and c"),
        (&["a", "b", "c", "d", "e"], "a, b, c and 2 more"),
    ];
    for (items, expected) in cases {
        assert_eq!(list(items), expected);
    }
}

#[test]
fn numbers_read_as_people_say_them() {
    assert_eq!(count(1, "image"), "1 image");
    assert_eq!(count(0, "image"), "0 images");
    assert_eq!(
        [times(1), times(2), times(3)],
        ["once", "twice", "3 times"].map(String::from)
    );
    assert_eq!(bytes(1_290_000_000), "1.2 GB");
}

#[test]
fn a_path_is_one_word_of_a_command() {
    assert_eq!(shell("/var/lib/docker"), "/var/lib/docker");
    assert_eq!(shell("/x; rm -rf /"), "'/x; rm -rf /'");
    assert_eq!(shell("/x'$(id)"), "'/x'\\''$(id)'");
}

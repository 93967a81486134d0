use proptest::prelude::*;

use super::*;

const HEX: &str = "86e0e091d0da6bde2456dbb48306f3956bbeb2eae1b5b9a43045843f69fe4aaa";

fn normal(given: &str) -> Option<String> {
    Reference::parse(given).map(|reference| reference.to_string())
}

#[test]
fn names_are_normalised_as_docker_does() {
    for (given, wanted) in [
        ("busybox", "docker.io/library/busybox"),
        ("busybox:1.36", "docker.io/library/busybox:1.36"),
        ("fooo/bar", "docker.io/fooo/bar"),
        ("docker.io/busybox", "docker.io/library/busybox"),
        (
            "docker.io/library/busybox:1.36",
            "docker.io/library/busybox:1.36",
        ),
        ("index.docker.io/busybox", "docker.io/library/busybox"),
        (
            "index.docker.io/library/ubuntu-12.04-base",
            "docker.io/library/ubuntu-12.04-base",
        ),
        ("library/foo/bar", "docker.io/library/foo/bar"),
        ("localhost/fooo", "localhost/fooo"),
        ("localhost:5000/busybox:x", "localhost:5000/busybox:x"),
        (
            "127.0.0.1:5000/private/moonbase",
            "127.0.0.1:5000/private/moonbase",
        ),
        ("LOCALDOMAIN/fooo/bar", "LOCALDOMAIN/fooo/bar"),
        ("Foo/bar", "Foo/bar"),
        (
            "[fc00::1]:5000/docker/docker:1",
            "[fc00::1]:5000/docker/docker:1",
        ),
        ("192.168.0.1", "docker.io/library/192.168.0.1"),
        ("192.168.0.1:80", "docker.io/library/192.168.0.1:80"),
        (
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1_2.3-rc",
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1_2.3-rc",
        ),
        (
            "harbor.example.com/project/group/sub/app:1",
            "harbor.example.com/project/group/sub/app:1",
        ),
        ("dock__er/doc---ker.x_y", "docker.io/dock__er/doc---ker.x_y"),
        ("d/t", "docker.io/d/t"),
    ] {
        assert_eq!(normal(given).as_deref(), Some(wanted), "{given}");
        assert_eq!(normal(wanted).as_deref(), Some(wanted), "{wanted} again");
    }
}

#[test]
fn digests_stand_behind_names_and_tags() {
    assert_eq!(
        normal(&format!("busybox@sha256:{HEX}")),
        Some(format!("docker.io/library/busybox@sha256:{HEX}"))
    );
    assert_eq!(
        normal(&format!("r:5/a/b:latest@sha256:{HEX}")),
        Some(format!("r:5/a/b:latest@sha256:{HEX}"))
    );
    assert_eq!(normal("busybox@sha256:86e0"), None);
    assert_eq!(normal(&format!("busybox@md5:{HEX}")), None);
}

#[test]
fn what_docker_refuses_is_no_reference() {
    for given in [
        "",
        "https://github.com/docker/docker",
        "docker/Docker",
        "Busybox",
        "-docker",
        "-docker.io/docker/docker",
        "docker///docker",
        "docker/",
        "docker-/docker",
        "____/____",
        "dock..er/docker",
        "dock_.er/docker",
        "[fc00::1]",
        "[fc00::1]:5000",
        "fc00::1:5000/debian",
        "[fe80::1%eth0]:5000/debian",
        "busybox:",
        "busybox:-x",
        "busybox:a b",
        "busybox@",
        "localhost:port/x",
        HEX,
    ] {
        assert_eq!(normal(given), None, "{given}");
    }
    assert_eq!(normal(&format!("busybox:{}", "x".repeat(129))), None);
    assert_eq!(normal(&format!("r.io/{}", "x".repeat(256))), None);
}

#[test]
fn a_tag_is_added_only_to_a_bare_name() {
    let latest = |given| Reference::parse(given).unwrap().or_latest().to_string();
    assert_eq!(latest("busybox"), "docker.io/library/busybox:latest");
    assert_eq!(latest("busybox:1"), "docker.io/library/busybox:1");
    let digested = format!("docker.io/library/busybox@sha256:{HEX}");
    assert_eq!(latest(&digested), digested);
}

#[test]
fn a_tag_replaces_the_tag_and_a_digest_both() {
    let reference = Reference::parse("busybox:1").unwrap();
    let tagged = reference.clone().with_tag("2").unwrap();
    assert_eq!(tagged.to_string(), "docker.io/library/busybox:2");
    let digest = format!("sha256:{HEX}");
    let digested = reference.clone().with_digest(&digest).unwrap();
    assert_eq!(
        digested.to_string(),
        format!("docker.io/library/busybox@{digest}")
    );
    assert_eq!(digested.digest(), Some(digest.as_str()));
    assert_eq!(reference.clone().with_tag("-"), None);
    assert_eq!(reference.with_digest("sha256:1"), None);
}

#[test]
fn podman_keeps_its_own_images_at_localhost() {
    let local = |given| Reference::parse_local(given).unwrap().to_string();
    assert_eq!(local("app"), "localhost/app");
    assert_eq!(local("team/app:1"), "localhost/team/app:1");
    assert_eq!(local("quay.io/team/app:1"), "quay.io/team/app:1");
    assert_eq!(local("docker.io/app"), "docker.io/library/app");
}

#[test]
fn an_id_is_not_a_name() {
    let id = |given: &str| match ImageName::parse(given) {
        ImageName::Id(id) => Some(id),
        _ => None,
    };
    let full = format!("sha256:{HEX}");
    assert_eq!(id(HEX), Some(full.clone()));
    assert_eq!(id(&full), Some(full));
    assert_eq!(id("86e0e091d0da").as_deref(), Some("86e0e091d0da"));
    assert_eq!(id("sha256:86e0").as_deref(), Some("sha256:86e0"));
    for name in [
        "cafe",
        "86e0e091",
        "deadbeefcafe",
        "86e0e091d0da:1",
        "sha256",
        "r.io/86e0e091d0da",
    ] {
        assert!(
            matches!(ImageName::parse(name), ImageName::Reference(_)),
            "{name}"
        );
    }
    assert_eq!(ImageName::parse("Not A Name"), ImageName::Invalid);
}

proptest! {
    #[test]
    fn what_is_parsed_parses_again_to_itself(given in "[a-zA-Z0-9./:@_\\[\\]-]{0,40}") {
        if let Some(reference) = Reference::parse(&given) {
            prop_assert_eq!(Reference::parse(&reference.to_string()), Some(reference));
        }
    }

    #[test]
    fn any_text_is_survived(given in any::<String>()) {
        let _ = ImageName::parse(&given);
    }
}

#[test]
fn no_reference_is_as_long_as_a_message() {
    let of = |host: usize, port: &str| format!("{}.a{port}/busybox", "x".repeat(host - 2));
    assert!(Reference::parse(&of(253, "")).is_some());
    assert!(Reference::parse(&of(253, ":65535")).is_some());
    for long in [of(254, ""), of(60_000, ""), of(10, ":000005000")] {
        assert!(Reference::parse(&long).is_none());
    }
}

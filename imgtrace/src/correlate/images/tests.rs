use super::{Images, MAX_IMAGES, MAX_NAMES_EACH};
use crate::model::EndpointId;

const HERE: EndpointId = EndpointId(1);
const THERE: EndpointId = EndpointId(2);
const TAGGED: &str = "docker.io/library/busybox:1.36";
const LATEST: &str = "docker.io/library/busybox:latest";

fn sha(digits: &str) -> String {
    format!("sha256:{digits:0<64}")
}

fn names(all: &[&str]) -> Vec<String> {
    all.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn the_first_name_that_has_a_tag() {
    let mut images = Images::new();
    let digested = format!("docker.io/library/busybox@{}", sha("d1"));
    images.learn(HERE, &sha("c1"), &names(&[&digested, TAGGED, LATEST]));
    assert_eq!(images.name_of(HERE, &sha("c1")), Some(TAGGED));
    assert_eq!(images.name_of(THERE, &sha("c1")), None);
    images.learn(HERE, &sha("c1"), &names(&[&digested]));
    assert_eq!(images.name_of(HERE, &sha("c1")), Some(&*digested));
    images.learn(HERE, &sha("c1"), &[]);
    assert_eq!(images.name_of(HERE, &sha("c1")), None);
}

#[test]
fn a_name_that_moved_on_names_the_old_image_no_more() {
    let mut images = Images::new();
    images.learn(HERE, &sha("c1"), &names(&[TAGGED, LATEST]));
    images.name_id(HERE, &sha("c2"), LATEST);
    assert_eq!(images.name_of(HERE, &sha("c2")), Some(LATEST));
    assert_eq!(images.name_of(HERE, &sha("c1")), Some(TAGGED));
    assert_eq!(images.id_of(HERE, LATEST), Some(&*sha("c2")));
}

#[test]
fn a_digest_and_an_image_id_can_bear_one_name() {
    let mut images = Images::new();
    images.name_digest(HERE, &sha("d1"), TAGGED);
    images.learn(HERE, &sha("c1"), &names(&[TAGGED]));
    assert_eq!(images.name_of(HERE, &sha("d1")), Some(TAGGED));
    assert_eq!(images.name_of(HERE, &sha("c1")), Some(TAGGED));
    images.forget(HERE, TAGGED);
    assert_eq!(images.name_of(HERE, &sha("d1")), None);
    assert_eq!(images.name_of(HERE, &sha("c1")), None);
}

#[test]
fn short_ids_look_like_names() {
    let mut images = Images::new();
    images.learn(HERE, &sha("cbb60b12ab34ff"), &names(&[TAGGED]));
    let short = "docker.io/library/cbb60b12ab34:latest";
    assert_eq!(
        images.by_id_like_name(HERE, short),
        Some(&*sha("cbb60b12ab34ff"))
    );
    assert_eq!(images.by_id_like_name(THERE, short), None);
    for other in [
        "docker.io/library/cbb:latest",
        "docker.io/library/cbb60b12ab34:1",
        "quay.io/cbb60b12ab34:latest",
        "docker.io/library/busybox:latest",
    ] {
        assert_eq!(images.by_id_like_name(HERE, other), None, "{other}");
    }
    images.learn(HERE, &sha("cbb60b12ab34ee"), &[]);
    assert_eq!(images.by_id_like_name(HERE, short), None, "there are two");
    images.forget(HERE, &sha("cbb60b12ab34ee"));
    assert!(images.by_id_like_name(HERE, short).is_some());
    images.name_digest(HERE, &sha("d1"), short);
    assert_eq!(images.by_id_like_name(HERE, short), None, "it is a name");
}

#[test]
fn short_ids_as_such() {
    let mut images = Images::new();
    images.learn(HERE, &sha("cbb60b12ab34ff"), &[]);
    for given in ["cbb60b12ab34", "sha256:cbb60b", &sha("cbb60b12ab34ff")] {
        assert_eq!(
            images.by_short_id(HERE, given),
            Some(&*sha("cbb60b12ab34ff"))
        );
    }
    for given in ["cbb", "sha256:cbb", "sha256:", "cbb61", ""] {
        assert_eq!(images.by_short_id(HERE, given), None, "{given}");
    }
}

#[test]
fn tables_are_bounded() {
    let mut images = Images::new();
    for number in 0..=MAX_IMAGES {
        images.name_id(
            HERE,
            &format!("sha256:{number:064x}"),
            &format!("i:{number}"),
        );
    }
    assert_eq!(images.ids.by_id.iter().count(), MAX_IMAGES);
    let many: Vec<_> = (0..100).map(|number| format!("n:{number}")).collect();
    images.learn(HERE, &sha("c1"), &many);
    assert_eq!(images.name_of(HERE, &sha("c1")), Some("n:0"));
    let kept = images.ids.by_id.get(&(HERE, sha("c1"))).unwrap();
    assert_eq!(kept.len(), MAX_NAMES_EACH);
}

use super::{Container, Containers, MAX_CONTAINERS, MAX_TEXT};
use crate::model::EndpointId;
use crate::trace::scene::id;

const HERE: EndpointId = EndpointId(1);
const THERE: EndpointId = EndpointId(2);

fn named(name: &str) -> Container {
    Container {
        name: Some(name.to_owned()),
        ..Container::default()
    }
}

fn with(seen: &[(&str, &str)]) -> Containers {
    let mut containers = Containers::new();
    for (digits, name) in seen {
        containers.learn(HERE, &id(digits), named(name));
    }
    containers
}

#[test]
fn full_id_then_name_then_short_id() {
    // A container may bear as its name what is the beginning of another one's id.
    let containers = with(&[("abcd1", "web"), ("ef", "abcd")]);
    let resolve = |given: &str| containers.resolve(HERE, given);
    assert_eq!(
        resolve(&id("77")),
        Some(id("77")),
        "nothing is needed for a full id"
    );
    assert_eq!(resolve("web"), Some(id("abcd1")));
    assert_eq!(resolve("/web"), Some(id("abcd1")));
    assert_eq!(resolve("abcd"), Some(id("ef")));
    assert_eq!(resolve("abcd1"), Some(id("abcd1")));
    assert_eq!(resolve("nobody"), None);
    assert_eq!(containers.resolve(THERE, "web"), None);
    assert_eq!(containers.resolve(THERE, "abcd1"), None);
}

#[test]
fn a_short_id_must_be_the_only_one_and_not_too_short() {
    let containers = with(&[("abcd1", "a"), ("abcd2", "b")]);
    assert_eq!(containers.resolve(HERE, "abcd"), None);
    assert_eq!(containers.resolve(HERE, "abcd2"), Some(id("abcd2")));
    assert_eq!(with(&[("abcd", "a")]).resolve(HERE, "abc"), None);
}

#[test]
fn what_an_answer_does_not_say_stays() {
    let mut containers = with(&[("a1", "web")]);
    let image = Container {
        image: Some("busybox".to_owned()),
        ..Container::default()
    };
    containers.learn(HERE, &id("a1"), image);
    let known = containers.get(HERE, &id("a1")).unwrap();
    assert_eq!(known.name.as_deref(), Some("web"));
    assert_eq!(known.image.as_deref(), Some("busybox"));
}

#[test]
fn the_image_that_was_asked_for_outlives_other_names_of_it() {
    let of = |image: &str, asked| Container {
        image: Some(image.to_owned()),
        asked,
        ..Container::default()
    };
    let mut containers = Containers::new();
    // kubelet lists all the time: the container may be in a list before its creation is answered.
    for (seen, now) in [
        (of("lab/app:1", false), "lab/app:1"),
        (of("lab/app:own", true), "lab/app:own"),
        (of("lab/app:1", false), "lab/app:own"),
    ] {
        containers.learn(HERE, &id("a1"), seen);
        let known = containers.get(HERE, &id("a1")).unwrap();
        assert_eq!(known.image.as_deref(), Some(now));
    }
}

#[test]
fn a_renamed_container_loses_its_old_name() {
    let mut containers = with(&[("a1", "old")]);
    containers.learn(HERE, &id("a1"), named("new"));
    assert_eq!(containers.resolve(HERE, "old"), None);
    assert_eq!(containers.resolve(HERE, "new"), Some(id("a1")));
}

#[test]
fn removal_takes_the_name_only_from_its_bearer() {
    let mut containers = with(&[("a1", "web"), ("b1", "web")]);
    containers.forget_names(HERE, &id("a1"));
    assert_eq!(containers.resolve(HERE, "web"), Some(id("b1")));
    containers.forget_names(HERE, &id("b1"));
    assert_eq!(containers.resolve(HERE, "web"), None);
    assert!(containers.get(HERE, &id("b1")).is_some());
}

#[test]
fn ids_that_a_client_chose_belong_to_their_endpoint() {
    let mut containers = Containers::new();
    containers.learn(HERE, "redis", named("redis"));
    assert_eq!(containers.resolve(HERE, "redis").unwrap(), "redis");
    assert_eq!(containers.get(THERE, "redis"), None);
    assert_eq!(containers.anywhere("redis"), None);
    containers.learn(HERE, &id("a1"), named("web"));
    assert!(containers.anywhere(&id("a1")).is_some());
    assert!(containers.get(THERE, &id("a1")).is_some());
}

#[test]
fn an_exec_keeps_the_container_that_it_was_made_for() {
    let mut containers = with(&[("a1", "web")]);
    containers.learn_exec(HERE, "e1", "web");
    containers.learn_exec(HERE, "e2", "stranger");
    containers.forget_names(HERE, &id("a1"));
    assert_eq!(containers.of_exec(HERE, "e1"), Some(&*id("a1")));
    assert_eq!(containers.of_exec(HERE, "e2"), Some("stranger"));
    assert_eq!(containers.of_exec(THERE, "e1"), None);
}

#[test]
fn tables_and_texts_are_bounded() {
    let mut containers = Containers::new();
    for number in 0..=MAX_CONTAINERS {
        containers.learn(HERE, &format!("{number:064x}"), named(&number.to_string()));
    }
    assert_eq!(containers.known.iter().count(), MAX_CONTAINERS);
    assert_eq!(containers.resolve(HERE, "0"), None);
    let long = "x".repeat(MAX_TEXT + 1);
    containers.learn(HERE, &id("a1"), named(&long));
    containers.learn_exec(HERE, &long, "web");
    assert_eq!(containers.get(HERE, &id("a1")), None);
    assert_eq!(containers.of_exec(HERE, &long), None);
}

#[test]
fn what_a_daemon_said_is_not_overruled_by_a_mount_of_nobody_s() {
    let mut containers = with(&[("ab", "web")]);
    let forged = Container {
        image: Some("docker.io/library/busybox:1".to_owned()),
        ..named("kube-apiserver")
    };
    containers.learn_unplaced(&id("ab"), forged.clone());
    let known = containers.get(HERE, &id("ab")).unwrap();
    assert_eq!(known.name.as_deref(), Some("web"));
    assert!(known.image.is_some(), "what was not known is taken over");
    containers.learn_unplaced(&id("cd"), named("first"));
    containers.learn_unplaced(&id("cd"), forged);
    let known = containers.anywhere(&id("cd")).unwrap();
    assert_eq!(known.name.as_deref(), Some("kube-apiserver"));
}

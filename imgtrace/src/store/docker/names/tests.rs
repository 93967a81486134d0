use serde_json::json;

use super::super::scene::{Scene, digest, id};
use super::*;

fn named(repositories: &serde_json::Value) -> Option<String> {
    let scene = Scene::new();
    let file = json!({ "Repositories": repositories });
    scene.write("image/overlay2/repositories.json", file.to_string());
    let names = Names::read(&scene.folder("image/overlay2")).ok()?;
    let its = names.of(Id::parse(&id(1)).unwrap());
    its.first().map(Reference::to_string)
}

#[test]
fn a_tag_is_preferred_to_a_digest() {
    let by_digest = format!("a/b@{}", digest(7));
    let both = json!({
        "a/b": {by_digest.as_str(): digest(1), "a/b:2": digest(2)},
        "z": {"z:1": digest(1)},
    });
    assert_eq!(named(&both).as_deref(), Some("docker.io/library/z:1"));
    let alone = json!({ "a/b": { by_digest.as_str(): digest(1) } });
    let expected = format!("docker.io/{by_digest}");
    assert_eq!(named(&alone), Some(expected));
}

#[test]
fn an_image_may_have_no_name() {
    assert_eq!(named(&json!({})), None);
    assert_eq!(named(&json!({"a": {"a:1": digest(2)}})), None);
    assert_eq!(named(&json!({"a": {"A!!": digest(1)}})), None);
    assert_eq!(named(&json!(null)), None);
    assert_eq!(named(&json!({"a": 7})), None);
}

#[test]
fn of_an_image_with_a_great_many_names_some_are_told_and_its_digest() {
    let tags = (0..1_000).map(|tag| (format!("a/b:{tag}"), digest(1)));
    let mut names: std::collections::BTreeMap<_, _> = tags.collect();
    let by_digest = format!("a/b@{}", digest(7));
    names.insert(by_digest.clone(), digest(1));
    let scene = Scene::new();
    let file = json!({ "Repositories": { "a/b": names } });
    scene.write("image/overlay2/repositories.json", file.to_string());
    let names = Names::read(&scene.folder("image/overlay2")).unwrap();
    let its = names.of(Id::parse(&id(1)).unwrap());
    assert_eq!(its.len(), NAMES_MOST + 1);
    let last = its.last().map(Reference::to_string);
    assert_eq!(last, Some(format!("docker.io/{by_digest}")));
}

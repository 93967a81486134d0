mod hostile;
mod scene;

use std::fs;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::json;

use self::scene::Shelf;
use super::super::scene::{digest, id};
use super::*;
use crate::model::{DigestKind, StoreKind};
use crate::store::chain::chain_id;

#[test]
fn an_image_is_told_as_its_files_say() {
    let shelf = Shelf::new();
    let image = shelf.image(&["low", "top"], &json!({}));
    shelf.sizes(&["low", "top"], &[700, 55]);
    let index = format!("a/b@{}", digest(7));
    let other = format!("z.io/b@{}", digest(8));
    shelf.named(&json!({
        "z.io/b": {other.as_str(): image, "z.io/b:2": image},
        "a/b": {"a/b:1": image, index.as_str(): image},
    }));
    let contents = shelf.contents();
    assert_eq!(contents.problems, Vec::<String>::new());
    assert_eq!(contents.containers, Some(0));
    let [told] = &contents.images[..] else {
        panic!("{contents:#?}");
    };
    assert_eq!(told.id, image);
    assert_eq!(
        told.names,
        [
            "docker.io/a/b:1".to_owned(),
            "z.io/b:2".to_owned(),
            format!("docker.io/{index}"),
            other.clone()
        ]
    );
    assert_eq!(told.digest, Some(digest(7)));
    assert_eq!(told.digest_kind, Some(DigestKind::Unknown));
    assert_eq!(told.created, Some(1_714_564_800));
    assert!(told.stored > Some(1_700_000_000), "{told:#?}");
    let [variant] = &told.variants[..] else {
        panic!("{told:#?}");
    };
    assert_eq!(variant.platform.as_deref(), Some("linux/amd64"));
    assert_eq!(variant.config.as_ref(), Some(&image));
    assert_eq!(variant.manifest, None);
    let [low, top] = ["low", "top"].map(scene::diff_id);
    let layers = variant.layers.iter();
    let layers: Vec<_> = layers
        .map(|layer| (layer.chain_id.clone(), layer.unpacked, layer.packed))
        .collect();
    let chain = chain_id(Some(&low), &top).unwrap();
    assert_eq!(layers, [(low, Some(700), None), (chain, Some(55), None)]);
}

#[test]
fn an_image_from_scratch_has_no_layers() {
    let shelf = Shelf::new();
    let image = shelf.image(&[], &json!({}));
    let contents = shelf.contents();
    assert_eq!(contents.problems, Vec::<String>::new());
    assert_eq!(contents.images[0].id, image);
    assert_eq!(contents.images[0].variants[0].layers, []);
    assert_eq!(contents.images[0].came_packed, None);
}

#[test]
fn what_has_no_name_is_listed_but_steps_are_not() {
    let shelf = Shelf::new();
    let [base, step, made, dangling] = ["base", "step", "made", "dangling"]
        .map(|comment| shelf.image(&["low"], &json!({"comment": comment})));
    shelf.sizes(&["low"], &[1]);
    shelf.note(&step, "parent", &base);
    shelf.note(&made, "parent", &step);
    shelf.named(&json!({"base": {"base:1": base}, "made": {"made:1": made}}));
    let mut expected = vec![base, made, dangling];
    expected.sort();
    assert_eq!(shelf.ids(), expected);
    // Without the names nobody can tell which are steps.
    shelf.write("repositories.json", "{");
    assert_eq!(shelf.ids().len(), 4);
}

#[test]
fn an_image_is_stored_when_it_was_last_named() {
    let shelf = Shelf::new();
    let image = shelf.image(&[], &json!({}));
    let came = shelf.contents().images[0].stored.unwrap();
    shelf.note(&image, "lastUpdated", "2001-09-09T01:46:40Z");
    assert_eq!(shelf.contents().images[0].stored, Some(came));
    shelf.note(&image, "lastUpdated", "2099-01-01T00:00:00.123456789Z");
    assert_eq!(shelf.contents().images[0].stored, Some(4_070_908_800));
    shelf.note(&image, "lastUpdated", "never");
    assert_eq!(shelf.contents().images[0].stored, Some(came));
}

#[test]
fn what_was_pulled_came_packed() {
    let shelf = Shelf::new();
    shelf.image(&["low", "top"], &json!({}));
    shelf.sizes(&["low", "top"], &[1, 1]);
    let came = || shelf.contents().images[0].came_packed;
    shelf.sources("low", &json!([{"Digest": digest(1), "HMAC": ""}]));
    assert_eq!(came(), Some(false));
    shelf.sources("top", &json!([{"Digest": digest(1), "HMAC": "5ea1"}]));
    assert_eq!(came(), Some(false), "it was made here and pushed");
    shelf.sources(
        "top",
        &json!([{"Digest": digest(1), "HMAC": "5ea1"}, {"Digest": digest(1)}]),
    );
    assert_eq!(came(), Some(true));
    shelf.sources("top", &json!({"Digest": 1}));
    assert_eq!(came(), None);
    assert_eq!(shelf.contents().problems.len(), 1);
}

#[test]
fn containers_are_counted_where_their_layers_are() {
    let shelf = Shelf::new();
    for container in 1..4 {
        shelf.scene.owner(container, 100 + container, None);
        shelf
            .scene
            .write(&format!("containers/{}/x", id(container)), "");
    }
    // What a build copies into has no container, and one of another driver no layer here.
    shelf.scene.owner(7, 107, None);
    shelf.scene.write(&format!("containers/{}/x", id(8)), "");
    let contents = shelf.contents();
    assert_eq!(contents.containers, Some(3));
}

#[test]
fn a_store_was_last_written_when_anything_of_it_was() {
    let shelf = Shelf::new();
    let image = shelf.image(&["low"], &json!({}));
    shelf.sizes(&["low"], &[1]);
    shelf.named(&json!({"a": {"a:1": image}}));
    shelf.note(&image, "lastUpdated", "2001-09-09T01:46:40Z");
    shelf.scene.owner(1, 2, None);
    let container = format!("containers/{}", id(1));
    shelf.scene.write(&format!("{container}/x"), "");
    let index = "image/overlay2";
    let places = [
        String::new(),
        format!("{index}/repositories.json"),
        format!("{index}/imagedb/content/sha256"),
        format!("{index}/imagedb/metadata/sha256"),
        format!("{index}/layerdb/sha256"),
        format!("{index}/layerdb/mounts"),
        "containers".to_owned(),
        container,
    ];
    let written = |place: &str, at: u64| {
        let file = fs::File::open(shelf.scene.path(place)).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(at))
            .unwrap();
    };
    for place in &places {
        written(place, 1_000_000_000);
    }
    assert_eq!(shelf.contents().written, Some(1_000_000_000));
    for (place, at) in places.iter().zip(1_100_000_000..) {
        written(place, at);
        assert_eq!(shelf.contents().written, Some(at), "{place}");
    }
}

#[test]
fn a_store_is_one_driver_of_a_data_root() {
    let shelf = Shelf::new();
    shelf
        .scene
        .write("image/btrfs/imagedb/content/sha256/x", "");
    shelf.scene.write("image/overlay/layerdb/x", "");
    shelf.scene.write("image/.tmp/imagedb/x", "");
    let root = shelf.root();
    let stores = stores(&root);
    let drivers: Vec<_> = stores.iter().map(|store| &*store.driver).collect();
    assert_eq!(drivers, ["btrfs", "overlay2"]);
    for store in &stores {
        assert_eq!(store.kind, StoreKind::Docker);
        assert_eq!((store.device, store.inode), root.identity().unwrap());
        assert_eq!(store.root, root.path);
        assert_eq!(store.namespace, None);
    }
    // One store, whichever way it was met.
    shelf.scene.owner(1, 2, None);
    let mut docker = super::super::Docker::default();
    let met = shelf.scene.merged(&mut docker, 2).unwrap().store;
    assert_eq!(met.as_ref(), stores.last());
}

#[test]
fn what_is_no_data_root_has_no_stores() {
    let shelf = Shelf::new();
    shelf.scene.write("elsewhere/image", "");
    for name in ["elsewhere", "image"] {
        let folder = shelf.root().folder(name).unwrap();
        assert_eq!(stores(&folder), [], "{name}");
    }
}

#[test]
fn every_change_of_the_index_makes_another_edition() {
    let shelf = Shelf::new();
    let mut seen = vec![shelf.edition()];
    assert_eq!(shelf.edition(), seen[0]);
    let mut is_new = |what: &str| {
        let now = shelf.edition();
        assert!(now.is_some() && !seen.contains(&now), "{what}");
        assert_eq!(shelf.edition(), now, "{what}");
        seen.push(now);
    };
    let image = shelf.image(&[], &json!({}));
    is_new("an image came");
    shelf.named(&json!({"a": {"a:1": image}}));
    is_new("it got a name");
    shelf.note(&image, "lastUpdated", "2001-09-09T01:46:40Z");
    is_new("its first note");
    shelf.named(&json!({"a": {"a:2": image}}));
    is_new("a name of the same length");
    shelf.remove(&format!("imagedb/content/sha256/{}", scene::hex(&image)));
    is_new("it is gone");
    shelf.remove("repositories.json");
    is_new("so are the names");
    shelf.remove("imagedb");
    assert_eq!(shelf.edition(), None);
}

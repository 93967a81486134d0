//! Stores that are damaged, huge, or made to lead elsewhere.

use std::fs;
use std::os::unix::fs::symlink;

use proptest::prelude::*;
use serde_json::json;

use super::super::super::scene::digest;
use super::scene::{Shelf, diff_id, hex};

/// A store with one good image, whose id is given, and something wrong beside it.
fn beside(wrong: impl FnOnce(&Shelf)) -> (Shelf, String) {
    let shelf = Shelf::new();
    let good = shelf.image(&["good"], &json!({}));
    shelf.sizes(&["good"], &[1]);
    shelf.named(&json!({"good": {"good:1": good}}));
    wrong(&shelf);
    (shelf, good)
}

/// The good image is still told, and one sentence that has these words.
fn told(wrong: impl FnOnce(&Shelf), words: &str) {
    let (shelf, good) = beside(wrong);
    let contents = shelf.contents();
    let found = contents.images.iter().find(|image| image.id == good);
    let found = found.unwrap_or_else(|| panic!("{contents:#?}"));
    assert_eq!(found.variants[0].layers.len(), 1);
    let [problem] = &contents.problems[..] else {
        panic!("{words}: {contents:#?}");
    };
    assert!(problem.contains(words), "{words}: {problem}");
    assert!(!problem.contains("hunter2"), "{problem}");
}

const CONTENT: &str = "imagedb/content/sha256";

#[test]
fn what_is_wrong_with_one_image_is_told_and_the_rest_is_listed() {
    let place = format!("image/overlay2/{CONTENT}/{}", hex(&digest(5)));
    told(
        |shelf| shelf.write(&format!("{CONTENT}/{}", hex(&digest(5))), "{}"),
        "does not hash to its name",
    );
    told(
        |shelf| drop(shelf.config(b"{\"rootfs\": \"hunter2\"}")),
        "is no image in line 1",
    );
    told(|shelf| drop(shelf.config(b"")), "is no image in line");
    told(
        |shelf| drop(shelf.image(&["good", "gone"], &json!({}))),
        "which is not there; the image is left out",
    );
    told(
        |shelf| drop(shelf.image(&["good"; 251], &json!({}))),
        "has 251 layers, more than are read",
    );
    told(
        |shelf| drop(shelf.config(&vec![b' '; (4 << 20) + 1])),
        "is larger than 4194304 bytes",
    );
    told(
        |shelf| fs::create_dir(shelf.scene.path(&place)).unwrap(),
        "is not what it should be",
    );
    told(
        |shelf| symlink("/etc/passwd", shelf.scene.path(&place)).unwrap(),
        "is not what it should be",
    );
    let deep = format!("{{\"x\":{}", "[".repeat(100_000));
    told(
        |shelf| drop(shelf.config(deep.as_bytes())),
        "is no image in line 1",
    );
}

#[test]
fn what_is_wrong_with_a_layer_is_told_once() {
    let two = |shelf: &Shelf| {
        for comment in ["a", "b"] {
            shelf.image(&["bad"], &json!({ "comment": comment }));
        }
    };
    let size = format!("layerdb/sha256/{}/size", hex(&diff_id("bad")));
    for bad in ["", "-1", "many", "99999999999999999999999"] {
        let wrong = |shelf: &Shelf| {
            two(shelf);
            shelf.write(&size, bad);
        };
        told(wrong, "is no number of bytes");
    }
    let (shelf, _) = beside(|shelf| {
        two(shelf);
        shelf.write(&size, "many");
    });
    let images = shelf.contents().images;
    let unpacked = |at: usize| images[at].variants[0].layers[0].unpacked;
    let unread = (0..3).filter(|at| unpacked(*at).is_none()).count();
    assert_eq!((images.len(), unread), (3, 2));
    let layer = size.trim_end_matches("/size");
    told(
        |shelf| {
            two(shelf);
            shelf.write(&format!("{layer}/diff"), "");
        },
        "/size is not there",
    );
    told(
        |shelf| {
            two(shelf);
            shelf.write(&size, " ".repeat(25));
        },
        "is larger than 24 bytes",
    );
}

#[test]
fn damaged_names_are_told_and_the_images_listed_without() {
    for bad in ["", "{", "null", "{\"Repositories\":{\"a\":{\"a:1\":7}}}"] {
        told(
            |shelf| shelf.write("repositories.json", bad),
            "repositories.json is damaged in line",
        );
    }
    told(
        |shelf| shelf.write("repositories.json", vec![b' '; (8 << 20) + 1]),
        "the images are listed without names",
    );
    told(
        |shelf| {
            shelf.remove("repositories.json");
            let link = shelf.scene.path("image/overlay2/repositories.json");
            symlink("/etc/passwd", link).unwrap();
        },
        "is not what it should be; the images are listed without names",
    );
}

#[test]
fn a_name_without_its_image_is_told() {
    let name = |shelf: &Shelf| shelf.named(&json!({"a": {"a:1": digest(9), "a!": 0.to_string()}}));
    told(name, "names docker.io/library/a:1, but its image sha256:00");
}

#[test]
fn notes_that_cannot_be_read_are_told() {
    let (shelf, good) = beside(|_| ());
    shelf.note(&good, "parent/x", "");
    shelf.note(&good, "lastUpdated", &" ".repeat(81));
    let contents = shelf.contents();
    assert_eq!(contents.problems.len(), 2, "{contents:#?}");
    assert_eq!(contents.images.len(), 1);
}

#[test]
fn a_store_that_is_gone_or_leads_elsewhere_is_told() {
    let (shelf, _) = beside(|_| ());
    let (root, store) = (shelf.root(), shelf.store());
    let outside = tempfile::tempdir().unwrap();
    let content = shelf.scene.path(&format!("image/overlay2/{CONTENT}"));
    fs::rename(&content, outside.path().join("it")).unwrap();
    symlink(outside.path().join("it"), &content).unwrap();
    let contents = super::contents(&root, &store);
    assert_eq!(contents.images, []);
    assert_eq!(contents.problems.len(), 1, "{contents:#?}");
    fs::remove_dir_all(shelf.scene.path("image")).unwrap();
    let contents = super::contents(&root, &store);
    assert_eq!(contents.images, []);
    assert!(contents.problems[0].ends_with("image/overlay2 is not there"));
    assert_eq!(super::edition(&root, &store), None);
    assert_eq!(super::stores(&root), []);
}

#[test]
fn rings_of_parents_hide_only_themselves() {
    let (shelf, _) = beside(|shelf| {
        let [one, other] = ["one", "other"].map(|it| shelf.image(&[], &json!({"comment": it})));
        shelf.note(&one, "parent", &other);
        shelf.note(&other, "parent", &one);
    });
    assert_eq!(shelf.ids().len(), 1);
}

#[test]
fn so_many_problems_are_counted() {
    let (shelf, good) = beside(|shelf| {
        for number in 0..100 {
            shelf.write(&format!("{CONTENT}/{number:064x}"), "{}");
        }
    });
    let contents = shelf.contents();
    assert_eq!(contents.images.len(), 1);
    assert_eq!(contents.images[0].id, good);
    assert_eq!(contents.problems.len(), 65);
    let last = contents.problems.last().unwrap();
    assert_eq!(last, "36 more like these are not told");
}

#[test]
fn files_being_written_are_no_images() {
    let (shelf, good) = beside(|shelf| {
        shelf
            .scene
            .write(&format!("image/overlay2/{CONTENT}/.tmp-123"), "{");
    });
    let contents = shelf.contents();
    assert_eq!(contents.problems, Vec::<String>::new());
    assert_eq!(contents.images[0].id, good);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is in any of the files, it is read to the end, and the good image is told unless
    /// its own files were hit.
    #[test]
    fn any_bytes_are_read(which in 0..6usize, bytes in any::<Vec<u8>>()) {
        let (shelf, good) = beside(|_| ());
        let good_hex = hex(&good).to_owned();
        let top = diff_id("good");
        let files = [
            "repositories.json".to_owned(),
            format!("imagedb/metadata/sha256/{good_hex}/parent"),
            format!("imagedb/metadata/sha256/{good_hex}/lastUpdated"),
            format!("layerdb/sha256/{}/size", hex(&top)),
            format!("distribution/v2metadata-by-diffid/sha256/{}", hex(&top)),
            format!("{CONTENT}/{good_hex}"),
        ];
        shelf.write(&files[which], &bytes);
        let contents = shelf.contents();
        let listed = contents.images.iter().any(|image| image.id == good);
        prop_assert_eq!(listed, which != 5, "{:#?}", contents);
        prop_assert_eq!(contents.problems.is_empty() && which == 5, false);
    }

    /// A configuration that is damaged anywhere is never taken for what it was.
    #[test]
    fn a_flipped_bit_is_noticed(at in 0..4_096usize, bit in 0..8u8) {
        let (shelf, good) = beside(|_| ());
        let name = format!("{CONTENT}/{}", hex(&good));
        let mut bytes = fs::read(shelf.scene.path(&format!("image/overlay2/{name}"))).unwrap();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        shelf.write(&name, &bytes);
        let contents = shelf.contents();
        prop_assert_eq!(&contents.images, &[]);
        prop_assert_eq!(contents.problems.len(), 1);
    }
}

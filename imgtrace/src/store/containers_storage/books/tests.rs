use std::fs;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::store::View;

/// A store with these books of images and layers.
fn store(images: &serde_json::Value, layers: &serde_json::Value) -> (TempDir, Folder) {
    let place = tempfile::tempdir().unwrap();
    for (book, content) in [("images", images), ("layers", layers)] {
        let folder = place.path().join(format!("overlay-{book}"));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join(format!("{book}.json")), content.to_string()).unwrap();
    }
    let view = View::of(std::process::id()).unwrap();
    let path = place.path().canonicalize().unwrap();
    let root = view.folder(path.to_str().unwrap()).unwrap();
    (place, root)
}

#[test]
fn the_layers_are_read_once_for_all_images() {
    const IMAGES: usize = 1_500;
    let layers = (0..8_000).map(|layer| json!({"id": format!("{layer:064x}"), "diff-size": 1, "diff-digest": format!("sha256:{layer:064x}")}));
    // Half of them lie on layers that the book does not have.
    let images = (0..IMAGES).map(|image| {
        let layer = if image % 2 == 0 { image } else { image + 8_000 };
        json!({"id": format!("{image:064x}"), "layer": format!("{layer:064x}")})
    });
    let (_place, root) = store(&images.collect(), &layers.collect());
    let begun = Instant::now();
    let (stored, is_cut) = Books::default().stored(&root).unwrap();
    assert!(!is_cut);
    // A reading for each image takes half a minute here.
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(stored.len(), IMAGES);
    let known = stored
        .iter()
        .filter(|image| image.variants[0].layers.len() == 1);
    assert_eq!(known.count(), IMAGES / 2);
}

#[test]
fn an_endless_id_is_not_remembered() {
    let id = "a".repeat(ID_MOST + 1);
    let (_place, root) = store(&json!([]), &json!([{"id": &id}, {"id": "b"}]));
    let mut books = Books::default();
    for top in [&id, "b"] {
        assert_eq!(books.extent(&root, top).unwrap().layers, 1);
    }
    assert_eq!(books.extents.keys().collect::<Vec<_>>(), ["b"]);
}

#[test]
fn why_the_list_of_images_cannot_be_read() {
    let (place, root) = store(&json!([]), &json!([]));
    let file = place.path().join("overlay-images/images.json");
    let obstacle = || Books::default().obstacle(&root);
    fs::write(&file, "[{").unwrap();
    assert!(obstacle().ends_with("/overlay-images/images.json is damaged"));
    let huge = fs::File::create(&file).unwrap();
    huge.set_len(BOOK_MOST + 1).unwrap();
    let larger = "/overlay-images/images.json is larger than 16777216 bytes";
    assert!(obstacle().ends_with(larger), "{}", obstacle());
}

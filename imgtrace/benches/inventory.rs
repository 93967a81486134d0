//! What it costs to list a store: a thousand images of eight layers each, every layer one of its own.
//!
//! `cargo bench -p imgtrace --bench inventory`. The store is made by hand below the temporary
//! folder and lies in the page cache. Configurations have 8 KB, as images of some twenty steps.
#![allow(missing_docs, reason = "criterion's macros make public functions")]

use std::{
    fmt::Write as _,
    fs,
    hint::black_box,
    path::{Path, PathBuf},
    time::Duration,
};

use criterion::{Criterion, criterion_group, criterion_main};
use imgtrace::store::{View, docker::inventory};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const IMAGES: usize = 1_000;
const LAYERS: usize = 8;
const CONFIG: usize = 8_192;

fn hex(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn write(path: PathBuf, content: &[u8]) -> std::io::Result<()> {
    if let Some(above) = path.parent() {
        fs::create_dir_all(above)?;
    }
    fs::write(path, content)
}

/// Puts one image into `image/overlay2`; its name and its id.
fn image(store: &Path, number: usize) -> std::io::Result<(String, String)> {
    let mut diff_ids = Vec::new();
    let mut chain = String::new();
    for layer in 0..LAYERS {
        let diff_id = format!("sha256:{}", hex(format!("{number}/{layer}").as_bytes()));
        chain = match &*chain {
            "" => diff_id.clone(),
            below => format!("sha256:{}", hex(format!("{below} {diff_id}").as_bytes())),
        };
        let folder = chain.replace("sha256:", "layerdb/sha256/");
        write(store.join(folder).join("size"), b"1234567")?;
        diff_ids.push(diff_id);
    }
    let config = json!({
        "architecture": "amd64",
        "created": "2024-05-01T12:00:00.123456789Z",
        "history": [{"created_by": "x".repeat(CONFIG - 128 * LAYERS)}],
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    });
    let config = config.to_string();
    let id = hex(config.as_bytes());
    let file = store.join("imagedb/content/sha256").join(&id);
    write(file, config.as_bytes())?;
    if let Some(top) = diff_ids.last() {
        let folder = "distribution/v2metadata-by-diffid/sha256/";
        let sources = json!([{"Digest": top, "SourceRepository": "a/b", "HMAC": ""}]);
        let file = store.join(top.replace("sha256:", folder));
        write(file, sources.to_string().as_bytes())?;
    }
    Ok((format!("r.io/team/image-{number}"), format!("sha256:{id}")))
}

fn data_root(root: &Path) -> std::io::Result<()> {
    let store = root.join("image/overlay2");
    let mut repositories = serde_json::Map::new();
    for number in 0..IMAGES {
        let (name, id) = image(&store, number)?;
        let tags = json!({ format!("{name}:1"): id, format!("{name}@{id}"): id });
        repositories.insert(name, tags);
    }
    fs::create_dir_all(store.join("imagedb/metadata/sha256"))?;
    let names = json!({ "Repositories": Value::Object(repositories) });
    write(
        store.join("repositories.json"),
        names.to_string().as_bytes(),
    )
}

fn list(criterion: &mut Criterion) {
    let place = tempfile::tempdir().ok();
    let Some(place) = place.filter(|place| data_root(place.path()).is_ok()) else {
        return;
    };
    let path = place.path().display().to_string();
    let root = View::of(std::process::id()).and_then(|view| view.folder(&path));
    let Some((root, store)) =
        root.and_then(|root| inventory::stores(&root).pop().map(|it| (root, it)))
    else {
        return;
    };
    let listed = inventory::contents(&root, &store);
    assert_eq!((listed.images.len(), listed.problems.len()), (IMAGES, 0));
    let mut group = criterion.benchmark_group("docker");
    group.sample_size(10);
    group.measurement_time(Duration::from_secs(5));
    group.bench_function("contents", |bencher| {
        bencher.iter(|| black_box(inventory::contents(&root, &store)));
    });
    group.bench_function("edition", |bencher| {
        bencher.iter(|| black_box(inventory::edition(&root, &store)));
    });
    group.finish();
}

criterion_group!(benches, list);
criterion_main!(benches);

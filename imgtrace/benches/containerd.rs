//! What it costs to list a store of containerd's: two thousand images of eight layers each, every
//! layer one of its own and unpacked.
//!
//! `cargo bench -p imgtrace --bench containerd`. The store is made by hand below the temporary
//! folder and lies in the page cache.
#![allow(
    missing_docs,
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::print_stdout,
    reason = "what tests and benches share; criterion's macros make public functions"
)]

#[path = "../src/store/containerd/inventory/tests/made.rs"]
mod made;
#[path = "../src/store/bolt/written.rs"]
mod written;

use std::{fs, hint::black_box, path::Path, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use imgtrace::store::{View, containerd::inventory};

const IMAGES: usize = 2_000;
const LAYERS: usize = 8;
const SPACE: &str = "k8s.io";

fn data_root(root: &Path) {
    let mut made = made::Made::new(root);
    for number in 0..IMAGES {
        let layers: Vec<_> = (0..LAYERS)
            .map(|layer| format!("{number}/{layer}"))
            .collect();
        let name = format!("r.io/team/image-{number}");
        let content = made.image(SPACE, &format!("{name}:1"), &layers);
        for other in [format!("{name}@{}", content.manifest), content.config] {
            made.name(SPACE, &other, &content.manifest, made::MANIFEST);
        }
    }
    made.write();
}

/// A line of `/proc/self/status`.
fn status(field: &str) -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.unwrap_or_default().trim().to_owned()
}

fn list(criterion: &mut Criterion) {
    let place = tempfile::tempdir().unwrap();
    // In a process of its own, so that its memory is not measured.
    if let Some(folder) = std::env::var_os("IMGTRACE_BENCH_MAKES") {
        return data_root(Path::new(&folder));
    }
    let itself = std::env::current_exe().unwrap();
    let mut make = std::process::Command::new(itself);
    make.env("IMGTRACE_BENCH_MAKES", place.path());
    assert!(make.arg("--bench").status().unwrap().success());
    let view = View::of(std::process::id()).unwrap();
    let root = view.folder(place.path().to_str().unwrap()).unwrap();
    let store = inventory::stores(&root).pop().unwrap();
    let before = status("VmRSS:");
    let listed = inventory::contents(&root, &store);
    assert_eq!((listed.images.len(), listed.problems.len()), (IMAGES, 0));
    let layers: u64 = listed
        .images
        .iter()
        .map(|image| image.variants[0].layers.len() as u64)
        .sum();
    assert_eq!(layers, (IMAGES * LAYERS) as u64);
    let (after, peak) = (status("VmRSS:"), status("VmHWM:"));
    println!("memory: {before} before, {after} with the list, {peak} at most");
    drop(listed);
    let mut group = criterion.benchmark_group("containerd");
    group.sample_size(10);
    group.measurement_time(Duration::from_secs(5));
    group.bench_function("contents", |bencher| {
        bencher.iter(|| black_box(inventory::contents(&root, &store)));
    });
    group.bench_function("edition", |bencher| {
        bencher.iter(|| black_box(inventory::edition(&root, &store)));
    });
    group.bench_function("stores", |bencher| {
        bencher.iter(|| black_box(inventory::stores(&root)));
    });
    group.finish();
}

criterion_group!(benches, list);
criterion_main!(benches);

use super::*;

/// The hash of a folder with one file.
fn hash(name: &str, content: &str) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("src").join(name), content).unwrap();
    let mut hasher = DefaultHasher::new();
    hash_tree(&mut hasher, folder.path(), Path::new("src")).unwrap();
    hasher.finish()
}

#[test]
fn the_key_is_of_the_sources_wherever_they_lie() {
    assert_eq!(hash("main.rs", "a"), hash("main.rs", "a"));
    assert_ne!(hash("main.rs", "a"), hash("main.rs", "b"));
    assert_ne!(hash("main.rs", "a"), hash("maps.rs", "a"));
    assert_ne!(hash("main.rs", "a"), hash("main.rsa", ""));
}

#[test]
fn an_object_with_the_same_bytes_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let built = folder.path().join("built");
    fs::write(&built, "object").unwrap();
    let object = Object {
        key: "0123".to_owned(),
        path: folder.path().join("imgtrace.bpf.o"),
        kept: folder.path().join("cache/0123.bpf.o"),
    };
    assert!(!object.is_in_place());
    object.store(&built).unwrap();
    assert!(object.is_in_place());
    let modified = || fs::metadata(&object.path).unwrap().modified().unwrap();
    let first = modified();
    object.store(&built).unwrap();
    assert_eq!(modified(), first);

    object.remove().unwrap();
    assert!(!object.is_in_place());
    assert!(object.restore().unwrap());
    assert_eq!(fs::read(&object.path).unwrap(), b"object");
}

#[test]
fn the_cache_keeps_a_bounded_number() {
    let folder = tempfile::tempdir().unwrap();
    for index in 0..KEPT + 3 {
        fs::write(folder.path().join(format!("{index:02}.bpf.o")), "").unwrap();
    }
    prune(folder.path()).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), KEPT);
}

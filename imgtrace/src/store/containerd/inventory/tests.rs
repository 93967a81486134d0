#[expect(unreachable_pub, reason = "a bench shares it")]
mod made;

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::symlink;

use proptest::prelude::*;
use serde_json::json;

use self::made::{CONFIG, Content, INDEX, MANIFEST, Made, descriptor};
use super::*;
use crate::store::View;
use crate::store::bolt::written;

/// Made by containerd 2.3: the namespaces `lab` and `k8s.io`.
const META: &[u8] = include_bytes!("../fixtures/meta-2.3.db.gz");
const METADATA: &[u8] = include_bytes!("../fixtures/metadata-2.3.db.gz");

fn unpack(packed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut reader = flate2::read::GzDecoder::new(packed);
    reader.read_to_end(&mut bytes).unwrap();
    bytes
}

/// containerd's root folder.
struct Scene(tempfile::TempDir);

impl Scene {
    fn new() -> Self {
        let scene = Self(tempfile::tempdir().unwrap());
        scene.write("io.containerd.metadata.v1.bolt/meta.db", &unpack(META));
        let snapshotter = "io.containerd.snapshotter.v1.overlayfs/metadata.db";
        scene.write(snapshotter, &unpack(METADATA));
        scene
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn root(&self) -> Folder {
        let view = View::of(std::process::id()).unwrap();
        view.folder(self.0.path().to_str().unwrap()).unwrap()
    }
}

#[test]
fn each_namespace_is_a_store_and_lists_its_images_though_their_blobs_are_gone() {
    let scene = Scene::new();
    let root = scene.root();
    let found = stores(&root);
    let namespaces: Vec<_> = found.iter().map(|it| it.namespace.as_deref()).collect();
    assert_eq!(namespaces, [Some("k8s.io"), Some("lab")]);
    for store in &found {
        assert_eq!((store.device, store.inode), root.identity().unwrap());
        assert_eq!(store.driver, "overlayfs");
        let listed = contents(&root, store);
        assert!(listed.problems[0].contains("blobs/sha256 is not there"));
        assert_eq!(edition(&root, store), edition(&root, store));
    }
    let lab = contents(&root, &found[1]);
    let names: Vec<_> = lab.images.iter().map(|it| it.names.join(" ")).collect();
    assert_eq!(
        names,
        [
            "docker.io/lab/five:1 docker.io/lab/five:2",
            "docker.io/lab/moved:1 docker.io/lab/one:1",
        ]
    );
    assert_eq!(lab.images[0].digest_kind, Some(DigestKind::Manifest));
    assert_eq!(
        (lab.containers, lab.written),
        (Some(4), Some(1_795_297_220))
    );
    assert_ne!(edition(&root, &found[0]), edition(&root, &found[1]));
}

const SPACE: &str = "k8s.io";

/// A containerd's root folder with what `fill` puts there.
fn scene<T>(fill: impl FnOnce(&mut Made) -> T) -> (Scene, Made, T) {
    let place = tempfile::tempdir().unwrap();
    let mut made = Made::new(place.path());
    let what = fill(&mut made);
    made.write();
    (Scene(place), made, what)
}

fn layers(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// What is listed of a namespace.
fn listed(scene: &Scene, namespace: &str) -> Contents {
    let root = scene.root();
    let mut found = stores(&root).into_iter().rev();
    let store = found.find(|it| it.namespace.as_deref() == Some(namespace));
    contents(&root, &store.unwrap())
}

/// One image, and nothing that could not be read.
fn only(scene: &Scene, namespace: &str) -> StoredImage {
    let mut listed = listed(scene, namespace);
    assert_eq!(listed.problems, [""; 0]);
    assert_eq!(listed.images.len(), 1, "{listed:#?}");
    listed.images.remove(0)
}

/// Adds an image of two layers under three names, as CRI does.
fn pulled(made: &mut Made) -> Content {
    let content = made.image(SPACE, "r.io/team/web:1", &layers(&["base", "web"]));
    let Content {
        manifest, config, ..
    } = &content;
    made.name(SPACE, config, manifest, MANIFEST);
    made.name(
        SPACE,
        &format!("r.io/team/web@{manifest}"),
        manifest,
        MANIFEST,
    );
    content
}

#[test]
fn an_image_is_told_with_all_that_there_is_of_it() {
    let (scene, _, content) = scene(pulled);
    let image = only(&scene, SPACE);
    let layer = |index: usize, packed| crate::model::StoredLayer {
        chain_id: content.chain_ids[index].clone(),
        blob: Some(content.blobs[index].clone()),
        packed: Some(packed),
        unpacked: Some(1000),
    };
    let expected = StoredImage {
        id: content.manifest.clone(),
        names: vec![
            "r.io/team/web:1".to_owned(),
            format!("r.io/team/web@{}", content.manifest),
        ],
        digest: Some(content.manifest.clone()),
        digest_kind: Some(DigestKind::Manifest),
        variants: vec![Variant {
            platform: Some("linux/amd64".to_owned()),
            manifest: Some(content.manifest.clone()),
            config: Some(content.config.clone()),
            layers: vec![layer(0, 4), layer(1, 3)],
        }],
        created: Some(1_714_564_800),
        stored: Some(1_795_305_600),
        came_packed: Some(true),
    };
    assert_eq!(image, expected);
    assert!(!format!("{image:?}").contains("hunter2"));
}

#[test]
fn a_namespace_has_only_what_its_books_have() {
    let (scene, ..) = scene(|made| {
        let content = pulled(made);
        // The names and the documents, and one of the blobs, of which nothing is unpacked.
        for digest in [&content.manifest, &content.config, &content.blobs[0]] {
            made.owns("moby", digest);
        }
        made.name("moby", "r.io/team/web:1", &content.manifest, MANIFEST);
    });
    let image = only(&scene, "moby");
    let layers = &image.variants[0].layers;
    assert_eq!((layers[0].packed, layers[1].packed), (Some(4), None));
    assert_eq!(layers[1].blob, None);
    assert!(layers.iter().all(|layer| layer.unpacked.is_none()));
}

#[test]
fn platforms_are_those_that_are_there() {
    let (scene, _, amd64) = scene(|made| {
        let amd64 = made.content(SPACE, "amd64", &layers(&["one"]));
        made.unpack(SPACE, &amd64.chain_ids);
        // Of one there are the documents, of one nothing, and one is no platform.
        let arm64 = made.content("elsewhere", "arm64", &layers(&["two"]));
        made.owns(SPACE, &arm64.manifest);
        made.owns(SPACE, &arm64.config);
        let s390x = made.content("elsewhere", "s390x", &layers(&["three"]));
        let proof = made.content(SPACE, "unknown", &layers(&["proof"]));
        let mut attestation = descriptor(MANIFEST, &proof.manifest);
        attestation["platform"] = json!({"os": "unknown", "architecture": "unknown"});
        let manifests = [&amd64, &arm64, &s390x].map(|it| descriptor(MANIFEST, &it.manifest));
        let all = [&manifests[..], &[attestation]].concat();
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": all});
        let index = made.blob(SPACE, index.to_string().as_bytes());
        made.name(SPACE, "r.io/multi:1", &index, INDEX);
        amd64
    });
    let image = only(&scene, SPACE);
    assert_eq!(image.digest_kind, Some(DigestKind::Index));
    let there: Vec<_> = image
        .variants
        .iter()
        .map(|it| it.manifest.clone())
        .collect();
    assert_eq!(there, [Some(amd64.manifest)], "{image:#?}");
}

#[test]
fn an_image_without_a_name_is_listed_without_one() {
    let (scene, ..) = scene(|made| {
        let content = made.content("moby", "amd64", &layers(&["one"]));
        let name = format!("moby-dangling@{}", content.manifest);
        made.name("moby", &name, &content.manifest, MANIFEST);
        for id in ["a".repeat(64), "b".repeat(64)] {
            made.put(&["v1", "moby", "snapshots", "overlayfs", &id, "name"], b"x");
        }
        made.put(&["v1", "moby", "containers", &"a".repeat(64), "image"], b"");
    });
    let listed = listed(&scene, "moby");
    assert_eq!(listed.images.len(), 1);
    assert_eq!(listed.images[0].names, [""; 0]);
    // One of dockerd's containers runs and one does not.
    assert_eq!(listed.containers, Some(2));
}

#[test]
fn an_image_is_in_the_snapshotter_that_it_is_unpacked_in() {
    let (scene, ..) = scene(|made| {
        made.image(SPACE, "r.io/team/one:1", &layers(&["one"]));
        let content = made.content(SPACE, "amd64", &layers(&["two"]));
        made.name(SPACE, "r.io/team/two:1", &content.manifest, MANIFEST);
        let there = [
            "v1",
            SPACE,
            "snapshots",
            "native",
            &content.chain_ids[0],
            "name",
        ];
        made.put(&there, b"x");
        let content = made.content(SPACE, "amd64", &layers(&["nowhere"]));
        made.name(SPACE, "r.io/team/nowhere:1", &content.manifest, MANIFEST);
    });
    let root = scene.root();
    let found = stores(&root);
    let of = |index: usize| {
        let mut names: Vec<_> = contents(&root, &found[index])
            .images
            .into_iter()
            .flat_map(|image| image.names)
            .collect();
        names.sort();
        (found[index].driver.clone(), names)
    };
    let named = |names: &[&str]| {
        names
            .iter()
            .map(|name| format!("r.io/team/{name}:1"))
            .collect()
    };
    assert_eq!(found.len(), 2);
    // Both have as many layers, so what is in neither is in the first.
    assert_eq!(of(0), ("native".to_owned(), named(&["nowhere", "two"])));
    assert_eq!(of(1), ("overlayfs".to_owned(), named(&["one"])));
}

/// An image whose manifest or configuration was tampered with goes without platforms, and the other
/// one is told all the same.
fn with_blob(break_it: impl FnOnce(&Made, &Content)) -> Contents {
    let (scene, ..) = scene(|made| {
        made.image(SPACE, "r.io/team/good:1", &layers(&["base", "good"]));
        let content = made.image(SPACE, "r.io/team/bad:1", &layers(&["base", "bad"]));
        break_it(made, &content);
    });
    let mut listed = listed(&scene, SPACE);
    listed
        .images
        .sort_by(|one, other| one.names.cmp(&other.names));
    assert_eq!(listed.images[1].variants.len(), 1, "{listed:#?}");
    assert_eq!(listed.images[0].names, ["r.io/team/bad:1"]);
    assert_eq!(listed.problems.len(), 1, "{listed:#?}");
    listed
}

#[test]
fn a_blob_that_is_not_what_its_name_says_is_not_believed() {
    for is_config in [true, false] {
        let listed = with_blob(|made, content| {
            let digest = if is_config {
                &content.config
            } else {
                &content.manifest
            };
            let path = made.blob_path(digest);
            let text = fs::read_to_string(&path).unwrap();
            fs::write(path, text.replace("sha256:", "sha256: ")).unwrap();
        });
        assert_eq!(listed.images[0].variants, []);
        assert!(listed.problems[0].ends_with("is not what its name says"));
    }
}

#[test]
fn blobs_that_are_gone_or_strange_are_said_with_their_path() {
    type Break = fn(&std::path::Path);
    let cases: [(Break, &str); 4] = [
        (|path| fs::remove_file(path).unwrap(), "is not there"),
        (
            |path| {
                fs::remove_file(path).unwrap();
                symlink("/etc/passwd", path).unwrap();
            },
            "is not what it should be",
        ),
        (
            |path| {
                fs::remove_file(path).unwrap();
                fs::create_dir(path).unwrap();
            },
            "is not what it should be",
        ),
        (
            |path| fs::File::create(path).unwrap().set_len(1 << 33).unwrap(),
            "is larger than 8388608 bytes",
        ),
    ];
    for (break_it, said) in cases {
        let mut path = String::new();
        let listed = with_blob(|made, content| {
            let blob = made.blob_path(&content.config);
            break_it(&blob);
            path = blob.display().to_string();
        });
        let problem = &listed.problems[0];
        assert!(
            problem.contains(&path) && problem.ends_with(said),
            "{problem}"
        );
    }
    // Of a layer that is gone the rest is known all the same.
    let listed = with_blob(|made, content| {
        fs::remove_file(made.blob_path(&content.blobs[1])).unwrap();
    });
    let layers = &listed.images[0].variants[0].layers;
    assert_eq!((layers[0].packed, layers[1].packed), (Some(4), None));
    assert_eq!(layers[1].unpacked, Some(1000));
}

#[test]
fn hostile_documents_cost_little() {
    let deep = format!("{}{}", "[".repeat(1 << 20), "]".repeat(1 << 20));
    let many = format!(
        r#"{{"manifests":[{}{{"digest":"x"}}]}}"#,
        r#"{"digest":"x"},"#.repeat(200_000)
    );
    let config = format!(
        r#"{{"os":"linux","architecture":"amd64","rootfs":{{"diff_ids":[{}"x"]}}}}"#,
        r#""sha256:00","#.repeat(300_000)
    );
    let (scene, ..) = scene(|made| {
        for (number, text) in [deep, many].iter().enumerate() {
            let digest = made.blob(SPACE, text.as_bytes());
            made.name(SPACE, &format!("r.io/hostile:{number}"), &digest, INDEX);
        }
        let config = made.blob(SPACE, config.as_bytes());
        let manifest = json!({"config": descriptor(CONFIG, &config), "layers": []});
        let manifest = made.blob(SPACE, manifest.to_string().as_bytes());
        made.name(SPACE, "r.io/hostile:3", &manifest, MANIFEST);
        made.image(SPACE, "r.io/good:1", &layers(&["good"]));
    });
    let listed = listed(&scene, SPACE);
    assert_eq!(listed.images.len(), 4);
    let there: usize = listed.images.iter().map(|image| image.variants.len()).sum();
    assert_eq!(there, 1);
    assert_eq!(listed.problems.len(), 2, "{:#?}", listed.problems);
}

#[test]
fn books_that_cannot_be_read_are_a_store_that_says_so() {
    let (scene, ..) = scene(pulled);
    scene.write("io.containerd.metadata.v1.bolt/meta.db", b"no bolt file");
    let root = scene.root();
    let found = stores(&root);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].namespace.clone(), edition(&root, &found[0])),
        (None, None)
    );
    let listed = contents(&root, &found[0]);
    assert!(listed.problems[0].ends_with("meta.db: no bolt file of version 2"));

    let meta = "io.containerd.metadata.v1.bolt/meta.db";
    fs::remove_file(scene.0.path().join(meta)).unwrap();
    assert_eq!(stores(&root), []);
    assert_eq!(contents(&root, &found[0]).problems.len(), 1);
}

#[test]
fn without_the_snapshotters_books_it_is_not_known_how_much_is_unpacked() {
    let (scene, ..) = scene(pulled);
    let books = "io.containerd.snapshotter.v1.overlayfs/metadata.db";
    fs::remove_file(scene.0.path().join(books)).unwrap();
    let listed = listed(&scene, SPACE);
    assert!(listed.problems[0].ends_with("metadata.db is not there"));
    let layer = &listed.images[0].variants[0].layers[0];
    assert_eq!((layer.packed, layer.unpacked), (Some(4), None));
}

#[test]
fn an_edition_is_another_when_images_blobs_or_layers_are() {
    let (scene, mut made, content) = scene(pulled);
    let root = scene.root();
    let store = stores(&root).remove(0);
    let mut last = edition(&root, &store).unwrap();
    let mut differs = |made: &Made, does: bool| {
        made.write();
        let next = edition(&root, &store).unwrap();
        assert_eq!(next != last, does);
        last = next;
    };
    differs(&made, false);
    made.put(&["v1", SPACE, "leases", "one", "createdat"], b"");
    made.put(&["v1", "other", "images", "r.io/x:1", "createdat"], b"");
    differs(&made, false);
    made.name(SPACE, "r.io/team/web:2", &content.manifest, MANIFEST);
    differs(&made, true);
    made.blob(SPACE, b"another");
    differs(&made, true);
    made.unpack(SPACE, &[made::sha256(b"another")]);
    differs(&made, true);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_damage_makes_it_panic(
        in_blobs in any::<bool>(),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..200),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let (scene, made, content) = scene(pulled);
        let meta = scene.0.path().join("io.containerd.metadata.v1.bolt/meta.db");
        let path = if in_blobs { made.blob_path(&content.config) } else { meta };
        let mut bytes = fs::read(&path).unwrap();
        // Behind the meta pages of a database: those have their own checksum.
        let first = if in_blobs { 0 } else { 2 * 4096 };
        for (at, byte) in &damage {
            let at = first + at.index(bytes.len() - first);
            bytes[at] = *byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        fs::write(path, bytes).unwrap();
        let root = scene.root();
        for store in stores(&root) {
            let listed = contents(&root, &store);
            let _ = edition(&root, &store);
            // What was made is told, or why it is not.
            let is_whole = |image: &StoredImage| image.variants.iter().any(|it| it.layers.len() == 2);
            if store.namespace.as_deref() == Some(SPACE) && in_blobs {
                prop_assert!(listed.images.iter().any(is_whole) || !listed.problems.is_empty());
            }
        }
    }
}

use std::fs;
use std::io::Read as _;

use super::*;
use crate::store::View;

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

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use super::*;
use crate::model::{DigestKind, Pod};

/// Made by containerd 2.3: in the namespace `lab` the containers web (snapshot 7), plain (8), large
/// (9) and moved (10) of an image of five layers, in `k8s.io` one of one layer (6).
const META: &[u8] = include_bytes!("fixtures/meta-2.3.db.gz");
const METADATA: &[u8] = include_bytes!("fixtures/metadata-2.3.db.gz");

/// What ctr says of those images.
const ONE: &str = "sha256:9af51d7338c2f4812271062fa7adf8e2617ca994d2bc2f510c69cd26576a8b88";
const FIVE: &str = "sha256:e7318ff89233183b9b917cf7948fc0bfe347a6bb82bc9a1f58c255a0c806760d";
const FIVE_MANIFEST: &str =
    "sha256:2e29b829db86732a23bf2055a8e59a5d0637f686aabedd30772bb54e0dec8789";
const FIVE_BYTES: u64 = 2_011_136 + 4 * 8192;

/// A containerd's folders.
struct Scene {
    place: tempfile::TempDir,
    containerd: Containerd,
}

impl Scene {
    fn new() -> Self {
        let scene = Self {
            place: tempfile::tempdir().unwrap(),
            containerd: Containerd::default(),
        };
        scene.unpack(META, "root/io.containerd.metadata.v1.bolt/meta.db");
        scene.unpack(
            METADATA,
            "root/io.containerd.snapshotter.v1.overlayfs/metadata.db",
        );
        scene
    }

    fn path(&self, path: &str) -> String {
        format!("{}/{path}", self.place.path().display())
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = PathBuf::from(self.path(path));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn unpack(&self, packed: &[u8], path: &str) {
        let mut bytes = Vec::new();
        let mut reader = flate2::read::GzDecoder::new(packed);
        reader.read_to_end(&mut bytes).unwrap();
        self.write(path, &bytes);
    }

    fn bundle(&self, namespace: &str, id: &str, config: &str) {
        let path = format!("state/io.containerd.runtime.v2.task/{namespace}/{id}/config.json");
        self.write(&path, config.as_bytes());
    }

    fn mount(&self, target: &str, upper: Option<u64>) -> Mount {
        let snapshots = "root/io.containerd.snapshotter.v1.overlayfs/snapshots";
        Mount {
            at: 0,
            id: 1,
            device: (0, 50),
            namespace: 1,
            mounter: None,
            kind: "overlay".to_owned(),
            source: "overlay".to_owned(),
            target: self.path(target),
            lower: vec!["5/fs".to_owned(), "4/fs".to_owned()],
            upper: upper.map(|number| self.path(&format!("{snapshots}/{number}/fs"))),
            already: false,
        }
    }

    fn task(&self, namespace: &str, id: &str, upper: Option<u64>) -> Mount {
        let target = format!("state/io.containerd.runtime.v2.task/{namespace}/{id}/rootfs");
        self.mount(&target, upper)
    }

    fn identify(&mut self, mount: &Mount) -> Option<Identified> {
        let view = View::of(std::process::id()).unwrap();
        self.containerd.identify(mount, &view)
    }
}

fn config(annotations: &str) -> String {
    format!(
        r#"{{"ociVersion":"1.0.2","process":{{"env":["TOKEN=hunter2"],"args":["sh"]}},
            "annotations":{{{annotations}}},"hooks":[{{"env":["TOKEN=hunter2"]}}]}}"#
    )
}

#[test]
fn a_container_of_ctr_is_known_with_image_layers_and_store() {
    let mut scene = Scene::new();
    scene.bundle("lab", "web", &config(""));
    let mount = scene.task("lab", "web", Some(7));
    let Identified { identity, store } = scene.identify(&mount).unwrap();
    let root = fs::metadata(scene.path("root")).unwrap();
    let expected = Store {
        kind: StoreKind::Containerd,
        root: scene.path("root"),
        device: root.dev(),
        inode: root.ino(),
        driver: "overlayfs".to_owned(),
        namespace: Some("lab".to_owned()),
    };
    assert_eq!(store, Some(expected));
    let mut known = RootfsIdentity::new(Runtime::Containerd, Role::Container, "overlayfs");
    known.container = Some("web".to_owned());
    known.namespace = Some("lab".to_owned());
    known.image = Some("docker.io/lab/five:1".to_owned());
    known.digest = Some(FIVE_MANIFEST.to_owned());
    known.digest_kind = Some(DigestKind::Manifest);
    known.chain_id = Some(FIVE.to_owned());
    known.layers = Some(5);
    known.bytes = Some(FIVE_BYTES);
    known.restart_policy = Some("on-failure:3".to_owned());
    known.restarts = Some(2);
    known.evidence.clone_from(&identity.evidence);
    assert_eq!(identity, known);
    assert_eq!(identity.evidence.len(), 2);
}

#[test]
fn a_pod_is_known_by_the_annotations_and_nothing_else_is_kept() {
    let mut scene = Scene::new();
    let annotations = r#""io.kubernetes.cri.container-type":"container",
        "io.kubernetes.cri.container-name":"main",
        "io.kubernetes.cri.image-name":"lab/one:1",
        "io.kubernetes.cri.sandbox-id":"aabb",
        "io.kubernetes.cri.sandbox-name":"web-0",
        "io.kubernetes.cri.sandbox-namespace":"shop",
        "io.kubernetes.cri.sandbox-uid":"0f-1",
        "example.com/password":"hunter2""#;
    scene.bundle("k8s.io", "ccdd", &config(annotations));
    let mount = scene.task("k8s.io", "ccdd", Some(6));
    let found = scene.identify(&mount).unwrap();
    let identity = &found.identity;
    let pod = Pod {
        namespace: Some("shop".to_owned()),
        name: Some("web-0".to_owned()),
        uid: Some("0f-1".to_owned()),
    };
    assert_eq!(identity.pod, Some(pod));
    assert_eq!(identity.role, Role::Container);
    assert_eq!(identity.sandbox.as_deref(), Some("aabb"));
    assert_eq!(identity.container_name.as_deref(), Some("main"));
    assert_eq!(identity.image.as_deref(), Some("docker.io/lab/one:1"));
    assert_eq!(identity.chain_id.as_deref(), Some(ONE));
    // meta.db has no such container: nobody knows which image the name stood for.
    assert_eq!(identity.digest, None);
    assert!(!format!("{found:?}").contains("hunter2"));

    let annotations =
        r#""io.kubernetes.cri.container-type":"sandbox","io.kubernetes.cri.sandbox-id":"aabb""#;
    scene.bundle("k8s.io", "aabb", &config(annotations));
    let sandbox = scene.identify(&scene.task("k8s.io", "aabb", Some(6)));
    assert_eq!(sandbox.unwrap().identity.role, Role::Sandbox);
}

#[test]
fn the_mount_is_believed_where_the_books_name_another_snapshot() {
    let mut scene = Scene::new();
    let mount = scene.task("lab", "web", Some(6));
    let identity = scene.identify(&mount).unwrap().identity;
    assert_eq!(identity.chain_id.as_deref(), Some(ONE));
    assert_eq!(identity.layers, Some(1));
}

#[test]
fn a_name_that_was_moved_since_gives_no_digest() {
    let mut scene = Scene::new();
    let mount = scene.task("lab", "moved", Some(10));
    let identity = scene.identify(&mount).unwrap().identity;
    assert_eq!(identity.image.as_deref(), Some("docker.io/lab/moved:1"));
    assert_eq!(identity.chain_id.as_deref(), Some(FIVE));
    assert_eq!((identity.digest, identity.digest_kind), (None, None));
    assert!(
        identity
            .evidence
            .iter()
            .any(|said| said.contains("was changed after"))
    );
}

#[test]
fn relative_layers_are_found_where_this_containerd_had_others() {
    let mut scene = Scene::new();
    let relative = scene.task("lab", "plain", None);
    let unknown = scene.identify(&relative).unwrap();
    assert_eq!((unknown.store, unknown.identity.layers), (None, None));

    let other = scene.task("lab", "web", Some(7));
    scene.identify(&other).unwrap();
    let known = scene.identify(&relative).unwrap();
    assert_eq!(known.identity.chain_id.as_deref(), Some(FIVE));
    assert_eq!(
        known.identity.image.as_deref(),
        Some("docker.io/lab/five:1")
    );
    assert_eq!(known.store.unwrap().root, scene.path("root"));

    // In another mount namespace the same path may be another folder.
    let elsewhere = Mount {
        namespace: 2,
        ..relative
    };
    assert_eq!(scene.identify(&elsewhere).unwrap().store, None);
}

#[test]
fn layers_are_told_of_a_mount_that_is_anybodys() {
    let mut scene = Scene::new();
    let mount = scene.mount("docker/rootfs/overlayfs/0123", Some(8));
    assert_eq!(scene.identify(&mount), None);
    let view = View::of(std::process::id()).unwrap();
    let layers = scene.containerd.layers(&mount, &view).unwrap();
    assert_eq!(layers.namespace.as_deref(), Some("lab"));
    assert_eq!(layers.chain_id.as_deref(), Some(FIVE));
    assert_eq!((layers.layers, layers.bytes), (Some(5), Some(FIVE_BYTES)));
    let store = layers.store.unwrap();
    assert_eq!(
        (store.root, store.driver),
        (scene.path("root"), "overlayfs".to_owned())
    );

    let mut foreign = mount;
    foreign.upper = Some("/home/user/upper".to_owned());
    assert_eq!(scene.containerd.layers(&foreign, &view), None);
}

#[test]
fn a_step_of_a_build_is_no_container() {
    let mut scene = Scene::new();
    scene.unpack(METADATA, "buildkit/runc-overlayfs/snapshots/metadata.db");
    let mut mount = scene.mount("buildkit/runc-overlayfs/executor/x1y2/rootfs", None);
    mount.upper = Some(scene.path("buildkit/runc-overlayfs/snapshots/snapshots/9/fs"));
    let step = scene.identify(&mount).unwrap();
    assert_eq!(step.identity.runtime, Runtime::BuildKit);
    assert_eq!(step.identity.role, Role::Build);
    assert_eq!(step.identity.driver, "overlayfs");
    assert_eq!(step.identity.chain_id.as_deref(), Some(FIVE));
    let store = step.store.unwrap();
    assert_eq!(
        (store.kind, store.root),
        (StoreKind::BuildKit, scene.path("buildkit"))
    );

    let docker = scene.mount("docker/buildkit/executor/x1y2/rootfs", Some(9));
    let step = scene.identify(&docker).unwrap();
    assert_eq!(step.identity.role, Role::Build);
    assert_eq!(step.store.unwrap().root, scene.path("root"));
    // With overlay2 the layers are Docker's own to tell.
    let mut classic = docker;
    classic.upper = Some(scene.path("docker/overlay2/abcd/diff"));
    assert_eq!(scene.identify(&classic), None);
}

#[test]
fn what_cannot_be_read_is_said_and_the_rest_still_told() {
    let mut scene = Scene::new();
    scene.bundle("lab", "web", "7");
    scene.write(
        "root/io.containerd.metadata.v1.bolt/meta.db",
        b"no bolt file",
    );
    fs::remove_file(scene.path("root/io.containerd.snapshotter.v1.overlayfs/metadata.db")).unwrap();
    let mount = scene.task("lab", "web", Some(7));
    let Identified { identity, store } = scene.identify(&mount).unwrap();
    assert_eq!(identity.container.as_deref(), Some("web"));
    assert_eq!((identity.image, identity.layers), (None, None));
    assert!(store.is_some());
    for part in [
        "not of the expected shape",
        "no bolt file",
        "metadata.db is not there",
    ] {
        let said = identity.evidence.iter().any(|said| said.contains(part));
        assert!(said, "{part}: {:?}", identity.evidence);
    }
}

#[test]
fn a_snapshotter_apart_still_tells_the_layers() {
    let mut scene = Scene::new();
    scene.unpack(METADATA, "stargz/snapshotter/metadata.db");
    let mut mount = scene.task("lab", "web", None);
    mount.upper = Some(scene.path("stargz/snapshotter/snapshots/7/fs"));
    let Identified { identity, store } = scene.identify(&mount).unwrap();
    assert_eq!(identity.chain_id.as_deref(), Some(FIVE));
    assert_eq!((identity.driver.as_str(), store), ("overlay", None));
}

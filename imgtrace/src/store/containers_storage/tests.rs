use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::model::DigestKind;

const IMAGE: &str = "79fbe08fee8a8faf84adf412f02cf294b7d47c1d039db79e1164b652511a6973";
const DIGEST: &str = "sha256:6e2e0ac38107bc35264e79e80312b8b24717db44c131f23edbb7747bd0f100db";

fn id(digit: char) -> String {
    digit.to_string().repeat(64)
}

/// A store by hand: an image of two layers, 'a' and 'b'.
struct Scene {
    place: TempDir,
    storage: ContainersStorage,
}

impl Scene {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let scene = Self {
            place,
            storage: ContainersStorage::new(),
        };
        let (a, b) = (id('a'), id('b'));
        scene.write(
            "overlay-layers/layers.json",
            &format!(
                r#"[{{"id":"{b}","parent":"{a}","diff-digest":"sha256:{b}","diff-size":20}},
                    {{"id":"{a}","diff-digest":"sha256:{a}","diff-size":300,"uidset":[0]}}]"#
            ),
        );
        scene.write(
            "overlay-images/images.json",
            &format!(
                r#"[{{"id":"{IMAGE}","digest":"{DIGEST}","names":["q.io/bb:1"],"layer":"{b}",
                     "big-data-digests":{{"manifest":"{DIGEST}"}}}}]"#
            ),
        );
        scene.write("overlay-containers/containers.json", "[]");
        scene
    }

    fn root(&self) -> &Path {
        self.place.path()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.root().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        // As the library does: readers see the old book or the new one.
        fs::write(path.with_extension("tmp"), text).unwrap();
        fs::rename(path.with_extension("tmp"), path).unwrap();
    }

    /// Lists one container with the layer 'c'.
    fn container(&self, book: &str, metadata: &str) {
        let text = serde_json::json!([{
            "id": id('1'), "names": ["web"], "image": IMAGE, "layer": id('c'),
            "metadata": metadata, "flags": {"MountLabel": ""},
        }]);
        self.write(&format!("overlay-containers/{book}"), &text.to_string());
    }

    fn identify(&mut self, layer: &str) -> Option<Identified> {
        let root = self.place.path().to_str().unwrap();
        let mount = Mount {
            at: 0,
            id: 1,
            device: (0, 40),
            namespace: 1,
            mounter: None,
            kind: "overlay".to_owned(),
            source: "overlay".to_owned(),
            target: format!("{root}/overlay/{layer}/merged"),
            lower: vec!["l/AB".to_owned()],
            upper: Some(format!("{root}/overlay/{layer}/diff")),
            already: false,
        };
        let view = View::of(std::process::id()).unwrap();
        self.storage.identify(&mount, &view)
    }
}

const PODMAN: &str = r#"{"image-name":"q.io/bb:1","image-id":"79fb","name":"web","created-at":1}"#;

#[test]
fn podmans_container_with_image_layers_and_store() {
    let mut scene = Scene::new();
    for book in ["containers.json", "volatile-containers.json"] {
        scene.container(book, PODMAN);
        let found = scene.identify(&id('c')).unwrap();
        let identity = found.identity;
        assert_eq!(
            (identity.runtime, identity.role),
            (Runtime::Podman, Role::Container)
        );
        assert_eq!(identity.container, Some(id('1')));
        assert_eq!(identity.container_name.as_deref(), Some("web"));
        assert_eq!(identity.image.as_deref(), Some("q.io/bb:1"));
        assert_eq!(identity.digest.as_deref(), Some(DIGEST));
        assert_eq!(identity.digest_kind, Some(DigestKind::Manifest));
        assert_eq!((identity.layers, identity.bytes), (Some(2), Some(320)));
        assert!(identity.chain_id.unwrap().starts_with("sha256:"));
        let store = found.store.unwrap();
        assert_eq!(store.kind, StoreKind::ContainersStorage);
        assert_eq!(store.root, scene.root().to_str().unwrap());
        assert_eq!(store.driver, "overlay");
        fs::remove_file(scene.root().join("overlay-containers").join(book)).unwrap();
        assert_eq!(scene.identify(&id('c')), None);
    }
}

#[test]
fn buildahs_is_told_by_its_own_file_and_never_guessed() {
    let mut scene = Scene::new();
    scene.container("containers.json", "");
    assert_eq!(scene.identify(&id('c')), None);
    let state = format!("overlay-containers/{}/userdata/buildah.json", id('1'));
    scene.write(&state, "{}");
    let identity = scene.identify(&id('c')).unwrap().identity;
    assert_eq!(
        (identity.runtime, identity.role),
        (Runtime::Buildah, Role::Working)
    );
    assert_eq!(identity.image.as_deref(), Some("q.io/bb:1"));
    scene.container("containers.json", r#"{"of":"somebody else"}"#);
    assert_eq!(scene.identify(&id('c')), None);
}

#[test]
fn cri_os_containers_have_the_pod_of_their_sandbox() {
    let mut scene = Scene::new();
    let sandbox = serde_json::json!({
        "pod-name": "made up", "pod-id": id('2'), "image-name": "q.io/pause:1", "name": "n",
        "metadata-name": "front", "namespace": "shop", "uid": "u-1", "pod": true,
    });
    let container = serde_json::json!({
        "pod-name": "made up", "pod-id": id('2'), "image-name": IMAGE, "name": "k8s_web_…",
        "metadata-name": "web",
    });
    let books = serde_json::json!([
        {"id": id('2'), "image": "", "layer": id('d'), "metadata": sandbox.to_string()},
        {"id": id('1'), "image": IMAGE, "layer": id('c'), "metadata": container.to_string()},
    ]);
    scene.write(
        "overlay-containers/volatile-containers.json",
        &books.to_string(),
    );
    let first = scene.identify(&id('d')).unwrap().identity;
    assert_eq!((first.runtime, first.role), (Runtime::CriO, Role::Sandbox));
    let pod = first.pod.unwrap();
    assert_eq!(pod.namespace.as_deref(), Some("shop"));
    let second = scene.identify(&id('c')).unwrap().identity;
    assert_eq!(second.role, Role::Container);
    assert_eq!(second.pod, Some(pod));
    assert_eq!(second.sandbox, Some(id('2')));
    assert_eq!(second.container_name.as_deref(), Some("web"));
    assert_eq!(
        second.image.as_deref(),
        Some("q.io/bb:1"),
        "an id has the books' name"
    );
}

#[test]
fn an_image_that_was_removed_leaves_its_layers() {
    let mut scene = Scene::new();
    scene.container("containers.json", PODMAN);
    scene.write("overlay-images/images.json", "[]");
    scene.write(
        "overlay-layers/volatile-layers.json",
        &format!(r#"[{{"id":"{}","parent":"{}"}}]"#, id('c'), id('b')),
    );
    let identity = scene.identify(&id('c')).unwrap().identity;
    assert_eq!(identity.image.as_deref(), Some("q.io/bb:1"));
    assert_eq!((identity.digest, identity.layers), (None, Some(2)));
}

#[test]
fn layers_of_another_store_are_said_to_be_missing() {
    let mut scene = Scene::new();
    scene.container("containers.json", PODMAN);
    scene.write("overlay-layers/layers.json", "[]");
    let identity = scene.identify(&id('c')).unwrap().identity;
    assert_eq!(identity.layers, None);
    assert!(
        identity
            .evidence
            .iter()
            .any(|it| it.contains("not all in the books"))
    );
}

#[test]
fn a_book_that_was_written_anew_is_read_anew() {
    let mut scene = Scene::new();
    scene.container("containers.json", r#"{"image-name":"","name":"web"}"#);
    let name = |scene: &mut Scene| scene.identify(&id('c')).unwrap().identity.image;
    assert_eq!(name(&mut scene).as_deref(), Some("q.io/bb:1"));
    let images = fs::read_to_string(scene.root().join("overlay-images/images.json")).unwrap();
    scene.write(
        "overlay-images/images.json",
        &images.replace("q.io/bb:1", "q.io/bb:2"),
    );
    assert_eq!(name(&mut scene).as_deref(), Some("q.io/bb:2"));
}

#[test]
fn damaged_books_and_links_tell_nothing() {
    let mut scene = Scene::new();
    for text in ["", "[", "{}", "[{}]", "[{\"id\":1}]", "\u{0}"] {
        scene.write("overlay-containers/containers.json", text);
        assert_eq!(scene.identify(&id('c')), None, "{text}");
    }
    let book = scene.root().join("overlay-containers/containers.json");
    scene.container("elsewhere.json", PODMAN);
    fs::remove_file(&book).unwrap();
    std::os::unix::fs::symlink("elsewhere.json", &book).unwrap();
    assert_eq!(scene.identify(&id('c')), None);
}

#[test]
fn other_layouts_in_the_same_form_are_none() {
    let mut scene = Scene::new();
    scene.container("containers.json", PODMAN);
    assert_eq!(
        scene.identify(&id('e')),
        None,
        "an image that is looked into"
    );
    fs::remove_dir_all(scene.root().join("overlay-containers")).unwrap();
    assert_eq!(
        scene.identify(&id('c')),
        None,
        "Docker's old overlay driver"
    );
}

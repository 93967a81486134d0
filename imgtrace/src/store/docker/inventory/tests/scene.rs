//! Lists of images, made by hand.

use std::fs;

use serde_json::{Value, json};

use super::super::super::scene::{Scene, view};
use super::super::{contents, edition, stores};
use crate::model::Store;
use crate::store::chain::{chain_id, digest};
use crate::store::{Contents, Edition, Folder};

/// A data root with `overlay2`.
pub(super) struct Shelf {
    pub(super) scene: Scene,
}

/// The diff id of a layer with this content.
pub(super) fn diff_id(content: &str) -> String {
    digest(content.as_bytes())
}

/// Without `sha256:`.
pub(super) fn hex(digest: &str) -> &str {
    digest.strip_prefix("sha256:").unwrap()
}

impl Shelf {
    pub(super) fn new() -> Self {
        let scene = Scene::new();
        for folder in ["content", "metadata"] {
            let folder = format!("image/overlay2/imagedb/{folder}/sha256");
            fs::create_dir_all(scene.path(&folder)).unwrap();
        }
        Self { scene }
    }

    pub(super) fn root(&self) -> Folder {
        view().folder(&self.scene.root()).unwrap()
    }

    pub(super) fn store(&self) -> Store {
        stores(&self.root()).pop().unwrap()
    }

    pub(super) fn contents(&self) -> Contents {
        contents(&self.root(), &self.store())
    }

    pub(super) fn edition(&self) -> Option<Edition> {
        let root = self.root();
        let store = super::super::graph::store(&root, "overlay2").unwrap();
        edition(&root, &store)
    }

    /// The ids of what is listed.
    pub(super) fn ids(&self) -> Vec<String> {
        let images = self.contents().images.into_iter();
        images.map(|image| image.id).collect()
    }

    /// A file below `image/overlay2`, put in the place of an older one as dockerd does.
    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let name = format!("image/overlay2/{name}");
        self.scene.write(&format!("{name}.tmp"), content);
        let [from, to] = [format!("{name}.tmp"), name].map(|name| self.scene.path(&name));
        fs::rename(from, to).unwrap();
    }

    pub(super) fn remove(&self, name: &str) {
        let path = self.scene.path(&format!("image/overlay2/{name}"));
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap();
        } else {
            fs::remove_file(path).unwrap();
        }
    }

    /// An image with layers of this content, and with what else its configuration says; its id.
    pub(super) fn image(&self, layers: &[&str], more: &Value) -> String {
        let diff_ids: Vec<_> = layers.iter().map(|content| diff_id(content)).collect();
        let mut config = json!({
            "architecture": "amd64",
            "config": {"Env": ["PASSWORD=hunter2"], "Labels": {"token": "hunter2"}},
            "created": "2024-05-01T12:00:00Z",
            "history": [{"created_by": "RUN hunter2"}],
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        });
        let more = more.as_object().unwrap().clone();
        config.as_object_mut().unwrap().extend(more);
        self.config(config.to_string().as_bytes())
    }

    /// An image with this configuration; its id.
    pub(super) fn config(&self, config: &[u8]) -> String {
        let id = digest(config);
        self.write(&format!("imagedb/content/sha256/{}", hex(&id)), config);
        id
    }

    /// The chain ids of layers of this content.
    pub(super) fn chain(layers: &[&str]) -> Vec<String> {
        let mut chain: Vec<String> = Vec::new();
        for content in layers {
            let below = chain.last().map(String::as_str);
            chain.push(chain_id(below, &diff_id(content)).unwrap());
        }
        chain
    }

    /// Layers of this content, each on the one before, with their sizes.
    pub(super) fn sizes(&self, layers: &[&str], sizes: &[u64]) {
        for (chain, size) in Self::chain(layers).iter().zip(sizes) {
            let name = format!("layerdb/sha256/{}/size", hex(chain));
            self.write(&name, size.to_string());
        }
    }

    /// What dockerd knows of a layer's archives.
    pub(super) fn sources(&self, content: &str, sources: &Value) {
        let diff_id = diff_id(content);
        let name = format!("distribution/v2metadata-by-diffid/sha256/{}", hex(&diff_id));
        self.write(&name, sources.to_string());
    }

    pub(super) fn note(&self, image: &str, name: &str, content: &str) {
        let name = format!("imagedb/metadata/sha256/{}/{name}", hex(image));
        self.write(&name, content);
    }

    pub(super) fn named(&self, repositories: &Value) {
        let file = json!({ "Repositories": repositories });
        self.write("repositories.json", file.to_string());
    }
}

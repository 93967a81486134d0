//! The books of one store, read when they are asked and remembered while they stay the same.

use std::collections::{HashMap, HashSet};
use std::fs::Metadata;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::chain::{self, Chains, Extent};
use super::config::Config;
use super::records::{Container, Image, Layer, parse};
use crate::model::StoredImage;
use crate::store::{Folder, ReadError};

/// Bytes of one book: some 5,000 images, or 30,000 layers.
const BOOK_MOST: u64 = 16 << 20;

/// Layers whose extent is remembered; beyond them all are forgotten.
const EXTENTS_MOST: usize = 4_096;

/// Bytes of a layer's id whose extent is remembered: the library's have 64.
const ID_MOST: usize = 128;

/// Where containers are listed. A container that need not survive a crash (`podman run --rm`,
/// CRI-O's) is in the first (containers/storage `containers.go`); before 1.46 there was only the
/// second.
const CONTAINERS: [&str; 2] = ["volatile-containers.json", "containers.json"];

/// The driver whose root file systems are mounts of their own.
const OVERLAY: &str = "overlay";

/// The books of layers; those of images are in the first (containers/storage `layers.go`).
const LAYERS: [&str; 2] = ["layers.json", "volatile-layers.json"];

/// What is known of one store.
#[derive(Debug)]
pub(super) struct Books {
    /// The graph driver, whose name the folders of the books begin with.
    driver: &'static str,
    images: Option<(Stamp, Vec<Image>)>,
    /// By the id of the topmost layer. A layer's content and what lies below it never change.
    extents: HashMap<String, Extent>,
    /// What the configurations of its images say, by their ids. They never change.
    configs: HashMap<String, Config>,
}

/// What changes when a book is written anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    size: u64,
    changed: (i64, i64),
}

impl Books {
    /// The books of a driver's images and layers.
    pub(super) fn of(driver: &'static str) -> Self {
        Self {
            driver,
            images: None,
            extents: HashMap::new(),
            configs: HashMap::new(),
        }
    }

    /// The folder that the list of images is in.
    pub(super) fn images_folder(&self) -> String {
        format!("{}-images", self.driver)
    }

    /// The image of that id.
    pub(super) fn image(&mut self, root: &Folder, id: &str) -> Option<Image> {
        let images = self.images(root)?;
        images.iter().find(|image| image.id == id).cloned()
    }

    /// How many containers have a root file system; none if that cannot be told.
    pub(super) fn containers(&self, root: &Folder) -> Option<u64> {
        let books = CONTAINERS.iter();
        let lists = books.map(|book| format!("{}-containers/{book}", self.driver));
        let lists = lists.map(|book| match root.read(&book, BOOK_MOST) {
            Ok(bytes) => parse::<IgnoredAny>(&bytes).map(|list| list.len()),
            Err(ReadError::Missing(_)) => Some(0),
            Err(_) => None,
        });
        let count: Option<usize> = lists.sum();
        count.and_then(|count| u64::try_from(count).ok())
    }

    /// When the index of images was last written, as it was last read: seconds since 1970.
    pub(super) fn written(&self) -> Option<u64> {
        let (stamp, _) = self.images.as_ref()?;
        u64::try_from(stamp.changed.0).ok()
    }

    /// All images; none if the book cannot be read. It is not there before the first image.
    pub(super) fn images(&mut self, root: &Folder) -> Option<&[Image]> {
        let file = match root.file(&format!("{}/images.json", self.images_folder())) {
            Err(ReadError::Missing(_)) => return Some(&[]),
            file => file.ok()?,
        };
        let stamp = Stamp::of(&file.metadata().ok()?);
        if self
            .images
            .as_ref()
            .is_none_or(|(known, _)| *known != stamp)
        {
            let mut bytes = Vec::new();
            file.take(BOOK_MOST).read_to_end(&mut bytes).ok()?;
            self.images = Some((stamp, parse(&bytes)?));
        }
        self.images.as_ref().map(|(_, images)| images.as_slice())
    }

    /// Why the list of images cannot be read, a sentence.
    pub(super) fn obstacle(&self, root: &Folder) -> String {
        let name = format!("{}/images.json", self.images_folder());
        match root.read(&name, BOOK_MOST) {
            Ok(_) => format!("{}/{name} is damaged", root.path),
            Err(error) => error.to_string(),
        }
    }

    /// All images, and what is below them; true if there were more layers than are told. The book of
    /// layers, which may have megabytes, is read once for all.
    pub(super) fn stored(&mut self, root: &Folder) -> Option<(Vec<StoredImage>, bool)> {
        let images = self.images(root)?.to_vec();
        if images.is_empty() {
            return Some((Vec::new(), false));
        }
        let layers = layers(root, self.driver);
        let mut chains = Chains::new(&layers);
        let folder = self.images_folder();
        let ids: HashSet<&str> = images.iter().map(|image| image.id.as_str()).collect();
        self.configs.retain(|id, _| ids.contains(id.as_str()));
        let stored = images.iter().map(|image| {
            let top = layers.get(&image.layer);
            let mut stored = image.stored(
                chains.stored(&image.layer),
                top.and_then(Layer::came_packed),
            );
            let known = self.configs.get(&image.id).cloned();
            let config = known.or_else(|| Config::read(root, &folder, &image.id));
            if let Some(config) = config {
                config.tell(&mut stored);
                self.configs.insert(image.id.clone(), config);
            }
            stored
        });
        let stored = stored.collect();
        Some((stored, chains.is_full()))
    }

    /// What lies at and below a layer; none if the books do not have all of it.
    pub(super) fn extent(&mut self, root: &Folder, top: &str) -> Option<Extent> {
        if let Some(known) = self.extents.get(top) {
            return Some(known.clone());
        }
        let extent = chain::extent(&layers(root, self.driver), top)?;
        if self.extents.len() >= EXTENTS_MOST {
            self.extents.clear();
        }
        if top.len() <= ID_MOST {
            self.extents.insert(top.to_owned(), extent.clone());
        }
        Some(extent)
    }
}

impl Default for Books {
    fn default() -> Self {
        Self::of(OVERLAY)
    }
}

impl Stamp {
    fn of(book: &Metadata) -> Self {
        Self {
            inode: book.ino(),
            size: book.size(),
            changed: (book.ctime(), book.ctime_nsec()),
        }
    }
}

/// The container whose own layer this is.
pub(super) fn container_of(root: &Folder, layer: &str) -> Option<Container> {
    find(root, |container| container.layer == layer)
}

/// The container of that id.
pub(super) fn container(root: &Folder, id: &str) -> Option<Container> {
    find(root, |container| container.id == id)
}

/// What lies below a container's own layer.
pub(super) fn extent_below(root: &Folder, layer: &str) -> Option<Extent> {
    let layers = layers(root, OVERLAY);
    let own = layers.get(layer)?;
    chain::extent(&layers, own.parent.as_deref().unwrap_or_default())
}

fn find(root: &Folder, is_it: impl Fn(&Container) -> bool) -> Option<Container> {
    let mut books = CONTAINERS.iter();
    books.find_map(|book| {
        let book = format!("{OVERLAY}-containers/{book}");
        read(root, &book)?.into_iter().find(&is_it)
    })
}

/// All layers by their ids.
fn layers(root: &Folder, driver: &str) -> HashMap<String, Layer> {
    let books = LAYERS.iter();
    let books = books.filter_map(|book| read(root, &format!("{driver}-layers/{book}")));
    let layers = books.flatten();
    layers
        .map(|layer: Layer| (layer.id.clone(), layer))
        .collect()
}

fn read<T: for<'de> Deserialize<'de>>(root: &Folder, book: &str) -> Option<Vec<T>> {
    parse(&root.read(book, BOOK_MOST).ok()?)
}

#[cfg(test)]
mod tests;

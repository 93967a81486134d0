//! The images of dockerd's own stores, as its files list them: `image/<driver>` of a data root with
//! graph drivers.
//!
//! It lists what `docker images` does: each image of `imagedb` with its names, and those without a
//! name too (`<none>`), but no step of a build that another image was made on; `docker images -a`
//! lists those as well. An image whose file does not hash to its id, or one of whose layers is not
//! there, is left out and told, as dockerd leaves it out.
//!
//! Such a store keeps no archive of a layer, so of none there are packed bytes; what is unpacked is
//! the sum of the files' sizes, which is dockerd's `Size`. It keeps no manifest either: what a
//! repository's digest names, an index or a manifest, is not told. The images of a daemon with
//! containerd's image store are in containerd's root.

mod books;
mod config;
mod images;
mod layers;

use super::graph;
use crate::model::Store;
use crate::store::{Contents, Edition, Folder};

/// The most drivers of one data root; Docker has ten.
const DRIVERS_MOST: usize = 32;

/// Bytes of a driver's name.
const DRIVER_MOST: usize = 32;

/// How often a store is read that changes meanwhile.
const ATTEMPTS: usize = 3;

/// The stores of a data root: one for each driver that it has a list of images of.
pub fn stores(root: &Folder) -> Vec<Store> {
    let mut drivers = Vec::new();
    let listed = root.folder("image").and_then(|image| {
        image.each_name(DRIVERS_MOST, |name| {
            drivers.extend(is_driver(name).then(|| name.to_owned()));
        })
    });
    if listed.is_err() {
        return Vec::new();
    }
    drivers.sort_unstable();
    drivers.retain(|driver| root.folder(&format!("image/{driver}/imagedb")).is_ok());
    let stores = drivers
        .iter()
        .filter_map(|driver| graph::store(root, driver));
    stores.collect()
}

/// The images of one of them. A store that changes while it is read is read again, so that no image
/// is told with half of its names.
pub fn contents(root: &Folder, store: &Store) -> Contents {
    let mut contents = Contents::default();
    for _ in 0..ATTEMPTS {
        let before = edition(root, store);
        contents = books::read(root, &store.driver);
        if edition(root, store) == before {
            break;
        }
    }
    contents
}

/// The state of one's index: every pull, build, tag, import, load and removal makes another. None
/// if it has no index that can be looked at.
pub fn edition(root: &Folder, store: &Store) -> Option<Edition> {
    books::edition(root, &store.driver)
}

fn is_driver(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=DRIVER_MOST).contains(&name.len()) && name.bytes().all(is_letter)
}

#[cfg(test)]
mod tests;

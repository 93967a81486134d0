//! What a store holds, as its files say: what each layout's reader returns.
//!
//! Each layout offers the same three functions in its `inventory` module, of a data root that is open:
//!
//! - `stores(root) -> Vec<Store>`: the stores below it, one for each driver or namespace that holds
//!   anything; none if it is no such data root.
//! - `contents(root, store) -> Contents`: the images of one of them.
//! - `edition(root, store) -> Option<Edition>`: something cheap that is another one when its index of
//!   images has changed; none if that could not be looked at.

use std::collections::HashSet;

use crate::model::{Listing, StoredImage};

/// The images of a store, and what could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Every image that the books list.
    pub images: Vec<StoredImage>,
    /// Containers that it has root file systems for; none where that was not told.
    pub containers: Option<u64>,
    /// When something was last written in it, as far as its books tell: seconds since 1970.
    pub written: Option<u64>,
    /// What could not be read or was left out, a sentence each, with the path.
    pub problems: Vec<String>,
}

impl Contents {
    /// What they are in all. A layer that several images have, and an archive, counts once.
    pub fn listing(&self) -> Listing {
        let images = self.images.iter();
        let layers = images
            .flat_map(|image| &image.variants)
            .flat_map(|variant| &variant.layers);
        let (mut chains, mut blobs) = (HashSet::new(), HashSet::new());
        let (mut unpacked, mut packed) = (0u64, 0u64);
        for layer in layers {
            if let Some(bytes) = layer.unpacked
                && chains.insert(layer.chain_id.as_str())
            {
                unpacked = unpacked.saturating_add(bytes);
            }
            let blob = layer.blob.as_ref().unwrap_or(&layer.chain_id);
            if let Some(bytes) = layer.packed
                && blobs.insert(blob.as_str())
            {
                packed = packed.saturating_add(bytes);
            }
        }
        Listing {
            images: u64::try_from(self.images.len()).unwrap_or(u64::MAX),
            containers: self.containers,
            unpacked,
            packed,
            written: self.written,
            problems: self.problems.clone(),
        }
    }
}

/// A state of a store's index. Equal ones list the same images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Edition(pub u64);

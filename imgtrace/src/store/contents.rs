//! What a store holds, as its files say: what each layout's reader returns.
//!
//! Each layout offers the same three functions in its `inventory` module, of a data root that is open:
//!
//! - `stores(root) -> Vec<Store>`: the stores below it, one for each driver or namespace that holds
//!   anything; none if it is no such data root.
//! - `contents(root, store) -> Contents`: the images of one of them.
//! - `edition(root, store) -> Option<Edition>`: something cheap that is another one when its index of
//!   images has changed; none if that could not be looked at.

use crate::model::StoredImage;

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

/// A state of a store's index. Equal ones list the same images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Edition(pub u64);

//! The names of an image: `image/<driver>/repositories.json`, as moby's
//! `daemon/internal/refstore/store.go` writes it.
//!
//! `{"Repositories": {"busybox": {"busybox:1": "sha256:<image id>", "busybox@sha256:…": …}}}`

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::model::Reference;
use crate::store::Folder;

/// Bytes of the file: some ten thousand names.
const FILE_MOST: u64 = 8 << 20;

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Repositories {
    repositories: BTreeMap<String, BTreeMap<String, String>>,
}

/// A name of the image with this id, normalised: the first one with a tag, else one with a digest.
/// `image` is the store's `image/<driver>`. None if it has none, or the file cannot be read.
pub(super) fn of(image: &Folder, id: &str) -> Option<String> {
    let bytes = image.read("repositories.json", FILE_MOST).ok()?;
    let file: Repositories = serde_json::from_slice(&bytes).ok()?;
    file.repositories
        .values()
        .flatten()
        .filter(|(_, named)| *named == id)
        .filter_map(|(name, _)| Reference::parse(name))
        .min_by_key(|name| name.digest().is_some())
        .map(|name| name.to_string())
}

#[cfg(test)]
mod tests;

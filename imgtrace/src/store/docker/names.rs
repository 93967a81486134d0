//! The names of images: `image/<driver>/repositories.json`, as moby's
//! `daemon/internal/refstore/store.go` writes it.
//!
//! `{"Repositories": {"busybox": {"busybox:1": "sha256:<image id>", "busybox@sha256:…": …}}}`

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use thiserror::Error;

use super::id::Id;
use crate::model::Reference;
use crate::store::{Folder, ReadError};

/// Where they are, below `image/<driver>`.
const FILE: &str = "repositories.json";

/// Bytes of the file: some ten thousand names.
const FILE_MOST: u64 = 8 << 20;

/// Names with a tag of one image that are told, and as many with a digest. Names are compared with
/// one another, and the file has room for ninety thousand of one image.
const NAMES_MOST: usize = 128;

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Repositories {
    repositories: BTreeMap<String, BTreeMap<String, String>>,
}

/// The names of a store's images, normalised.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<Id, Vec<Reference>>);

/// Why the names could not be read.
#[derive(Debug, Error)]
pub(super) enum NamesError {
    /// The file.
    #[error(transparent)]
    File(ReadError),
    /// What is in it.
    #[error("{path} is damaged in line {line}")]
    Damaged {
        /// Which file.
        path: String,
        /// Where, from 1.
        line: usize,
    },
}

impl Names {
    /// Those below `image`, the store's `image/<driver>`. None where dockerd has named nothing yet.
    ///
    /// # Errors
    /// The file cannot be read, or is not what dockerd writes.
    pub(super) fn read(image: &Folder) -> Result<Self, NamesError> {
        let bytes = match image.read(FILE, FILE_MOST) {
            Ok(bytes) => bytes,
            Err(ReadError::Missing(_)) => return Ok(Self::default()),
            Err(error) => return Err(NamesError::File(error)),
        };
        let file: Repositories =
            serde_json::from_slice(&bytes).map_err(|error| NamesError::Damaged {
                path: format!("{}/{FILE}", image.path),
                line: error.line(),
            })?;
        let mut names = HashMap::<_, Vec<_>>::new();
        for (name, id) in file.repositories.values().flatten() {
            let id = Id::parse_digest(id.as_bytes());
            if let Some((id, name)) = id.zip(Reference::parse(name)) {
                names.entry(id).or_default().push(name);
            }
        }
        // Tags first.
        for names in names.values_mut() {
            names.sort_by_cached_key(|name| (name.digest().is_some(), name.to_string()));
            let mut left = [NAMES_MOST; 2];
            names.retain(|name| {
                let [tags, digests] = &mut left;
                let left = if name.digest().is_some() {
                    digests
                } else {
                    tags
                };
                let is_kept = *left > 0;
                *left = left.saturating_sub(1);
                is_kept
            });
        }
        Ok(Self(names))
    }

    /// Those of one image, those with a tag first.
    pub(super) fn of(&self, id: Id) -> &[Reference] {
        self.0.get(&id).map_or(&[], Vec::as_slice)
    }

    /// The images that have names.
    pub(super) fn named(&self) -> impl Iterator<Item = (Id, &[Reference])> {
        self.0.iter().map(|(id, names)| (*id, names.as_slice()))
    }
}

#[cfg(test)]
mod tests;

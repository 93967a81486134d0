//! The content store: blobs by their digests, each in a file of its own.

use std::collections::{BTreeMap, HashSet};

use super::super::Error;
use crate::store::chain::digest;
use crate::store::{Folder, ReadError};

/// Where the blobs are below containerd's root (`plugins/content/local/store.go blobPath`).
const FOLDER: &str = "io.containerd.content.v1.content/blobs";
/// Bytes of a manifest, index or configuration. Registries refuse manifests above 4 MiB, containerd
/// itself above 8.
const DOCUMENT_MOST: u64 = 8 * 1024 * 1024;
/// Bytes of all of them that are read for one store. Two thousand images have about 30 MB.
const DOCUMENTS_MOST: u64 = 256 * 1024 * 1024;
/// Bytes that the smallest of them counts for: to open it takes as long.
const DOCUMENT_LEAST: u64 = 4096;

/// The blobs that a namespace has.
#[derive(Debug)]
pub(super) struct Blobs<'a> {
    root: &'a Folder,
    owned: HashSet<String>,
    /// By algorithm.
    folders: BTreeMap<String, Folder>,
    left: u64,
}

impl<'a> Blobs<'a> {
    /// The blobs in `owned` of the containerd whose root folder this is.
    pub(super) fn new(root: &'a Folder, owned: HashSet<String>) -> Self {
        Self {
            root,
            owned,
            folders: BTreeMap::new(),
            left: DOCUMENTS_MOST,
        }
    }

    /// True if the namespace has it.
    pub(super) fn has(&self, digest: &str) -> bool {
        self.owned.contains(digest)
    }

    /// What `parse` makes of a small one, whose name is proven.
    ///
    /// # Errors
    /// It cannot be read, is too large, is not what its name says, or `parse` makes nothing of it.
    pub(super) fn parsed<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Result<T, Error> {
        if self.left == 0 {
            return Err(Error::TooMuch(self.path(name)));
        }
        let (folder, hex) = self.folder(name)?;
        let bytes = folder.read(hex, DOCUMENT_MOST)?;
        let cost = u64::try_from(bytes.len()).map_or(u64::MAX, |read| read.max(DOCUMENT_LEAST));
        self.left = self.left.saturating_sub(cost);
        if digest(&bytes) != name {
            return Err(Error::Forged(self.path(name)));
        }
        parse(&bytes).ok_or_else(|| Error::Shape(self.path(name)))
    }

    /// Where a blob is.
    pub(super) fn path(&self, name: &str) -> String {
        let place = name.replacen(':', "/", 1);
        format!("{}/{FOLDER}/{place}", self.root.path)
    }

    /// Bytes of one; none if the namespace has it not.
    ///
    /// # Errors
    /// The namespace has it, but it cannot be looked at.
    pub(super) fn size(&mut self, name: &str) -> Result<Option<u64>, Error> {
        if !self.has(name) {
            return Ok(None);
        }
        let (folder, hex) = self.folder(name)?;
        Ok(Some(folder.version(hex)?.size))
    }

    /// The folder that a blob is in, and its name there.
    fn folder<'n>(&mut self, name: &'n str) -> Result<(&Folder, &'n str), Error> {
        let (algorithm, hex) = name.split_once(':').unwrap_or_default();
        if !self.folders.contains_key(algorithm) {
            let folder = self.root.folder(&format!("{FOLDER}/{algorithm}"))?;
            self.folders.insert(algorithm.to_owned(), folder);
        }
        let folder = self.folders.get(algorithm);
        let missing = || ReadError::Missing(format!("{}/{FOLDER}/{algorithm}", self.root.path));
        Ok((folder.ok_or_else(missing)?, hex))
    }
}

//! How much the layers of a namespace take in a snapshotter, by the snapshotter's own books.

use super::super::{Error, place, snapshots};
use crate::model::is_digest;
use crate::store::Folder;
use crate::store::bolt::{Database, Entry};

/// Hands the chain id of each layer of a namespace to `keep`, with the bytes that it takes unpacked.
///
/// # Errors
/// The books are not there, as where the snapshotter is a program of its own, or they are damaged.
pub(super) fn sizes(
    root: &Folder,
    snapshotter: &str,
    namespace: &str,
    mut keep: impl FnMut(String, u64),
) -> Result<(), Error> {
    let folder = root.folder(&place::plugin(snapshotter))?;
    let database = Database::new(folder.file(snapshots::FILE)?);
    let take = |key: &[u8], entry: &Entry<'_, '_, std::fs::File>| {
        let Some(chain_id) = chain_id(key, namespace) else {
            return Ok(None);
        };
        let size = match entry.bucket()? {
            Some(snapshot) => snapshot.get(b"size")?,
            None => None,
        };
        let size = size.and_then(|size| snapshots::signed(&size));
        Ok(size.map(|size| (chain_id.to_owned(), size)))
    };
    let path: [&[u8]; 2] = [b"v1", b"snapshots"];
    let ended = database.list(&path, take, |layer| {
        if let Some((chain_id, size)) = layer {
            keep(chain_id, size);
        }
    });
    ended.map_err(|source| Error::database(&folder, snapshots::FILE, source))
}

/// The chain id in the key of a layer: `NAMESPACE/NUMBER/CHAIN-ID`.
fn chain_id<'k>(key: &'k [u8], namespace: &str) -> Option<&'k str> {
    let mut parts = std::str::from_utf8(key).ok()?.splitn(3, '/');
    let here = parts.next()? == namespace;
    let name = parts.nth(1)?;
    (here && is_digest(name)).then_some(name)
}

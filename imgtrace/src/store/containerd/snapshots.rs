//! A snapshotter's `metadata.db`: which image layers are below a snapshot.
//!
//! Every snapshotter of containerd and `BuildKit` that keeps its books with containerd's
//! `core/snapshots/storage/bolt.go` (`snapshots/storage/` in 1.x) has this file: `v1/snapshots/KEY`
//! with id, kind, parent, size and inodes, and `v1/parents` with the key of each child. KEY is
//! `NAMESPACE/NUMBER/NAME` (`core/metadata/snapshot.go createKey`), where NAME is a layer's chain
//! id, or what the client called a snapshot of its own.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::{Error, place};
use crate::model::is_digest;
use crate::store::Folder;
use crate::store::bolt::{self, Bucket, Database, ReadAt, Tx};

pub(super) const FILE: &str = "metadata.db";
/// Snapshots that are followed downwards. An image has at most 127 layers in Docker, and the
/// kernel stacks 500.
const PARENTS_MOST: usize = 1024;
/// Image layers of which is remembered what is below; when they are more, all are forgotten.
const KNOWN_MOST: usize = 4096;

/// The longest key that is remembered: namespace, number and digest.
const KEY_MOST: usize = 256;

/// The image layers below a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layers {
    /// The chain id of the topmost one.
    pub(super) chain_id: String,
    /// How many; none if their chain does not end.
    pub(super) count: Option<u32>,
    /// Bytes that they take unpacked; none if that is not written of each.
    pub(super) bytes: Option<u64>,
}

/// A snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Snapshot {
    /// containerd's namespace.
    pub(super) namespace: Option<String>,
    /// The image layers below it, itself included if it is one.
    pub(super) layers: Option<Layers>,
}

/// Which snapshot is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    /// The key that meta.db gives.
    pub(super) key: Option<&'a str>,
    /// The number of its folder, or of its parent's.
    pub(super) number: Option<u64>,
}

/// What is remembered of image layers: a layer never changes.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// By device and inode of the snapshotter's folder, and key.
    layers: BTreeMap<(u64, u64, String), Layers>,
}

impl Known {
    /// Looks up a snapshot; none if there is no such one.
    ///
    /// # Errors
    /// The file is not there, or damaged.
    pub(super) fn snapshot(
        &mut self,
        folder: &Folder,
        wanted: Wanted<'_>,
    ) -> Result<Option<Snapshot>, Error> {
        let (device, inode) = folder.identity()?;
        let database = Database::new(folder.file(FILE)?);
        let found = database.read(|tx| {
            let Some(snapshots) = tx.bucket(&[b"v1", b"snapshots"])? else {
                return Ok(None);
            };
            let Some(key) = key(tx, &snapshots, wanted)? else {
                return Ok(None);
            };
            let known = |layer: &str| self.layers.get(&(device, inode, layer.to_owned())).cloned();
            Ok(Some((climb(&snapshots, &key, known)?, key)))
        });
        let found = found.map_err(|source| Error::database(folder, FILE, source))?;
        let Some((top, key)) = found else {
            return Ok(None);
        };
        if let Some((layer, layers)) = &top
            && layers.count.is_some()
            && layer.len() <= KEY_MOST
        {
            if self.layers.len() >= KNOWN_MOST {
                self.layers.clear();
            }
            self.layers
                .insert((device, inode, layer.clone()), layers.clone());
        }
        let namespace = key.split_once('/').map(|(namespace, _)| namespace);
        let namespace = namespace.filter(|namespace| place::is_identifier(namespace));
        Ok(Some(Snapshot {
            namespace: namespace.map(str::to_owned),
            layers: top.map(|(_, layers)| layers),
        }))
    }
}

/// The key of the snapshot that is meant. The number is the mount's and thus right: the key that
/// meta.db gives is only the short way to it.
fn key<S: ReadAt>(
    tx: &Tx<'_, S>,
    snapshots: &Bucket<'_, '_, S>,
    wanted: Wanted<'_>,
) -> Result<Option<String>, bolt::Error> {
    if let Some(key) = wanted.key
        && let Some(snapshot) = snapshots.bucket(key.as_bytes())?
    {
        let parent = match snapshot.get(b"parent")? {
            Some(parent) => snapshots.bucket(&parent)?,
            None => None,
        };
        let own = id(&snapshot)?;
        let parent = parent.map(|parent| id(&parent)).transpose()?.flatten();
        if wanted
            .number
            .is_none_or(|number| own == Some(number) || parent == Some(number))
        {
            return Ok(Some(key.to_owned()));
        }
    }
    match wanted.number {
        Some(number) => by_number(tx, snapshots, number),
        None => Ok(None),
    }
}

/// Every snapshot that has a parent is in one small bucket; the others are gone through.
fn by_number<S: ReadAt>(
    tx: &Tx<'_, S>,
    snapshots: &Bucket<'_, '_, S>,
    number: u64,
) -> Result<Option<String>, bolt::Error> {
    let mut found = None;
    if let Some(parents) = tx.bucket(&[b"v1", b"parents"])? {
        parents.each(|pair, entry| {
            if child(pair) != Some(number) {
                return Ok(ControlFlow::Continue(()));
            }
            found = Some(entry.value()?.into_owned());
            Ok(ControlFlow::Break(()))
        })?;
    }
    if found.is_none() {
        snapshots.each(|key, entry| {
            let Some(snapshot) = entry.bucket()? else {
                return Ok(ControlFlow::Continue(()));
            };
            if id(&snapshot)? != Some(number) {
                return Ok(ControlFlow::Continue(()));
            }
            found = Some(key.to_vec());
            Ok(ControlFlow::Break(()))
        })?;
    }
    Ok(found.and_then(|key| String::from_utf8(key).ok()))
}

/// The key of the topmost image layer at or below `key`, and what it stands on.
fn climb<S: ReadAt>(
    snapshots: &Bucket<'_, '_, S>,
    key: &str,
    known: impl Fn(&str) -> Option<Layers>,
) -> Result<Option<(String, Layers)>, bolt::Error> {
    let mut next = Some(key.to_owned());
    let mut top: Option<(String, String)> = None;
    let (mut count, mut bytes) = (0, Some(0_u64));
    for _ in 0..PARENTS_MOST {
        let Some(key) = next.take() else {
            break;
        };
        let Some(snapshot) = snapshots.bucket(key.as_bytes())? else {
            next = Some(key);
            break;
        };
        next = snapshot
            .get(b"parent")?
            .map(String::from_utf8)
            .and_then(Result::ok);
        if top.is_none() {
            let Some(chain_id) = chain_id(&key) else {
                continue;
            };
            if let Some(layers) = known(&key) {
                return Ok(Some((key, layers)));
            }
            top = Some((key, chain_id));
        }
        count += 1;
        let size = snapshot.get(b"size")?.and_then(|size| signed(&size));
        bytes = bytes.zip(size).map(|(sum, size)| sum.saturating_add(size));
    }
    let ends = next.is_none();
    Ok(top.map(|(key, chain_id)| {
        let layers = Layers {
            chain_id,
            count: ends.then_some(count),
            bytes: bytes.filter(|_| ends),
        };
        (key, layers)
    }))
}

/// The chain id that a layer's key ends in. A client may call its own snapshots what it likes.
fn chain_id(key: &str) -> Option<String> {
    let name = key.splitn(3, '/').nth(2)?;
    is_digest(name).then(|| name.to_owned())
}

fn id<S: ReadAt>(snapshot: &Bucket<'_, '_, S>) -> Result<Option<u64>, bolt::Error> {
    let id = snapshot.get(b"id")?;
    Ok(id.and_then(|id| unsigned(&id).map(|(id, _)| id)))
}

/// The child's number in a key of `v1/parents`: the parent's, a zero byte, the child's
/// (`parentKey`).
fn child(pair: &[u8]) -> Option<u64> {
    let (_, rest) = unsigned(pair)?;
    let (child, _) = unsigned(rest.strip_prefix(b"\0")?)?;
    Some(child)
}

/// A number in Go's `encoding/binary` varint form, as protobuf's, and what follows it.
fn unsigned(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut rest = bytes;
    let number = prost::encoding::decode_varint(&mut rest).ok()?;
    Some((number, rest))
}

/// A number of `binary.PutVarint` (zigzag) that is not negative.
pub(super) fn signed(bytes: &[u8]) -> Option<u64> {
    let (number, _) = unsigned(bytes)?;
    (number & 1 == 0).then_some(number >> 1)
}

#[cfg(test)]
mod tests;

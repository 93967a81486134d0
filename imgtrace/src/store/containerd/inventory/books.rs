//! What `meta.db` lists of a namespace: its images, blobs, snapshots and containers.
//!
//! The buckets are those that [`metadata`](super::super::metadata) names. The books are large, so
//! they are gone through in parts, while containerd goes on.

use std::collections::HashSet;
use std::fs::File;
use std::ops::ControlFlow;

use super::super::{Error, metadata};
use crate::model::{DigestKind, is_digest};
use crate::store::Folder;
use crate::store::bolt::{self, Bucket, Database, Entry, ReadAt};

/// Namespaces that are looked at.
const SPACES_MOST: usize = 1024;
/// The longest name of an image that is believed.
const NAME_MOST: usize = 1024;
/// What the labels begin with that tell from which registry a blob was fetched, or to which it was
/// pushed (`pkg/labels/labels.go LabelDistributionSource`).
const SOURCE: &[u8] = b"containerd.io/distribution.source.";
/// Hex digits of a container's id in CRI and dockerd.
const ID: usize = 64;
/// Seconds from the year 1, where Go's times begin, to 1970.
const YEAR_1_TO_1970: i64 = 62_135_596_800;

/// containerd's books, open.
#[derive(Debug)]
pub(super) struct Books {
    folder: Folder,
    database: Database<File>,
}

/// A namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Space {
    pub(super) name: String,
    pub(super) has_images: bool,
    /// In which it has snapshots.
    pub(super) snapshotters: Vec<String>,
}

/// A name and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) digest: String,
    pub(super) kind: DigestKind,
    /// When it was last written: seconds since 1970.
    pub(super) written: Option<u64>,
}

/// A blob that a namespace has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Blob {
    pub(super) digest: String,
    /// True if it is one of those that were asked for and bears the mark of a registry.
    pub(super) is_fetched: bool,
}

/// A snapshot, by its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Snapshot {
    /// An image's layer, by its chain id: it was committed under that.
    Layer(String),
    /// The root file system of a container with this id. CRI and dockerd name it so.
    Container(String),
}

impl Snapshot {
    /// What is neither is something under way, or what a client calls its own.
    fn named(name: String) -> Option<Self> {
        if is_digest(&name) {
            return Some(Self::Layer(name));
        }
        let is_id = name.len() == ID && name.bytes().all(|digit| digit.is_ascii_hexdigit());
        is_id.then_some(Self::Container(name))
    }
}

impl Books {
    /// Those of the containerd whose root folder this is.
    ///
    /// # Errors
    /// They are not there, or cannot be opened.
    pub(super) fn open(root: &Folder) -> Result<Self, Error> {
        let folder = root.folder(metadata::FOLDER)?;
        let database = Database::new(folder.file(metadata::FILE)?);
        Ok(Self { folder, database })
    }

    /// When they were last written: seconds since 1970.
    pub(super) fn written(&self) -> Option<u64> {
        self.folder.version(metadata::FILE).ok()?.written_at()
    }

    /// The namespaces.
    ///
    /// # Errors
    /// Damage.
    pub(super) fn spaces(&self) -> Result<Vec<Space>, Error> {
        let mut names = Vec::new();
        let take = |name: &[u8], entry: &Entry<'_, '_, File>| {
            let name = entry.is_bucket().then(|| text(name)).flatten();
            Ok(name.filter(|name| super::super::place::is_identifier(name)))
        };
        let ended = self.database.list(&[metadata::VERSION], take, |name| {
            names.extend(name.filter(|_| names.len() < SPACES_MOST));
        });
        self.sort_out(ended)?;
        names.iter().map(|name| self.space(name)).collect()
    }

    /// A namespace.
    ///
    /// # Errors
    /// Damage.
    pub(super) fn space(&self, name: &str) -> Result<Space, Error> {
        let read = self.database.read(|tx| {
            let images = tx.bucket(&[metadata::VERSION, name.as_bytes(), b"images"])?;
            let has_images = images.map_or(Ok(false), |images| has_any(&images))?;
            let mut snapshotters = Vec::new();
            if let Some(all) = tx.bucket(&[metadata::VERSION, name.as_bytes(), b"snapshots"])? {
                all.each(|snapshotter, entry| {
                    if let Some(snapshots) = entry.bucket()?
                        && has_any(&snapshots)?
                    {
                        snapshotters.extend(text(snapshotter));
                    }
                    Ok(ControlFlow::Continue(()))
                })?;
            }
            Ok((has_images, snapshotters))
        });
        let (has_images, snapshotters) = self.sort_out(read)?;
        Ok(Space {
            name: name.to_owned(),
            has_images,
            snapshotters,
        })
    }

    /// The images of a namespace by their names; what is damaged of one is its own error.
    ///
    /// # Errors
    /// The list of them is damaged.
    pub(super) fn images(
        &self,
        namespace: &str,
        keep: impl FnMut(Result<Named, String>),
    ) -> Result<(), Error> {
        let path = [metadata::VERSION, namespace.as_bytes(), b"images"];
        let take = |name: &[u8], entry: &Entry<'_, '_, File>| Ok(named(name, entry));
        let ended = self.database.list(&path, take, keep);
        self.sort_out(ended)
    }

    /// The blobs of a namespace. Whether one was fetched is asked of those in `wanted`.
    ///
    /// # Errors
    /// The list of them is damaged.
    pub(super) fn blobs(
        &self,
        namespace: &str,
        wanted: &HashSet<&str>,
        mut keep: impl FnMut(Blob),
    ) -> Result<(), Error> {
        let path = [metadata::VERSION, namespace.as_bytes(), b"content", b"blob"];
        let take = |digest: &[u8], entry: &Entry<'_, '_, File>| {
            let Some(digest) = text(digest).filter(|digest| is_digest(digest)) else {
                return Ok(None);
            };
            let is_fetched = wanted.contains(&*digest) && is_fetched(entry)?;
            Ok(Some(Blob { digest, is_fetched }))
        };
        let ended = self.database.list(&path, take, |blob| {
            blob.into_iter().for_each(&mut keep);
        });
        self.sort_out(ended)
    }

    /// The snapshots of a namespace in a snapshotter, by their names.
    ///
    /// # Errors
    /// The list of them is damaged.
    pub(super) fn snapshots(
        &self,
        namespace: &str,
        snapshotter: &str,
        mut keep: impl FnMut(Snapshot),
    ) -> Result<(), Error> {
        let (space, snapshotter) = (namespace.as_bytes(), snapshotter.as_bytes());
        let path = [metadata::VERSION, space, b"snapshots", snapshotter];
        let take = |name: &[u8], _: &Entry<'_, '_, File>| Ok(text(name).and_then(Snapshot::named));
        let ended = self.database.list(&path, take, |snapshot| {
            snapshot.into_iter().for_each(&mut keep);
        });
        self.sort_out(ended)
    }

    /// The containers of a namespace in a snapshotter, each with the time when it was last written:
    /// seconds since 1970.
    ///
    /// # Errors
    /// The list of them is damaged.
    pub(super) fn containers(
        &self,
        namespace: &str,
        snapshotter: &str,
        mut keep: impl FnMut(String, Option<u64>),
    ) -> Result<(), Error> {
        let path = [metadata::VERSION, namespace.as_bytes(), b"containers"];
        let take = |id: &[u8], entry: &Entry<'_, '_, File>| {
            let (Some(id), Some(container)) = (text(id), entry.bucket()?) else {
                return Ok(None);
            };
            let its = container.get(b"snapshotter")?;
            let is_here = its.is_none_or(|its| its == snapshotter.as_bytes());
            Ok(is_here.then_some((id, written(&container)?)))
        };
        let ended = self.database.list(&path, take, |container| {
            if let Some((id, written)) = container {
                keep(id, written);
            }
        });
        self.sort_out(ended)
    }

    fn sort_out<T>(&self, read: Result<T, bolt::Error>) -> Result<T, Error> {
        read.map_err(|source| Error::database(&self.folder, metadata::FILE, source))
    }
}

fn named<S: ReadAt>(name: &[u8], entry: &Entry<'_, '_, S>) -> Result<Named, String> {
    let name = text(name).ok_or_else(|| "an image's name is no text".to_owned())?;
    let damaged = |error: bolt::Error| format!("failed to read the image {name}: {error}");
    let image = entry.bucket().map_err(damaged)?;
    let image = image.ok_or_else(|| format!("the image {name} has no record"))?;
    let target = metadata::target(&image).map_err(damaged)?;
    let written = written(&image).map_err(damaged)?;
    let (digest, kind) = target.ok_or_else(|| format!("the image {name} has no digest"))?;
    Ok(Named {
        name,
        digest,
        kind,
        written,
    })
}

/// True if a blob bears the mark of a registry.
fn is_fetched<S: ReadAt>(blob: &Entry<'_, '_, S>) -> Result<bool, bolt::Error> {
    let mut found = false;
    if let Some(blob) = blob.bucket()?
        && let Some(labels) = blob.bucket(b"labels")?
    {
        labels.each(|label, _| {
            found = label.starts_with(SOURCE);
            Ok(if found {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        })?;
    }
    Ok(found)
}

/// When a record was made or last changed: seconds since 1970.
fn written<S: ReadAt>(record: &Bucket<'_, '_, S>) -> Result<Option<u64>, bolt::Error> {
    let time = metadata::time(record, b"updatedat")?;
    let time = time.or(metadata::time(record, b"createdat")?);
    Ok(time.and_then(|time| seconds(&time)))
}

/// Go's binary form of a time: a version, then the seconds since the year 1.
fn seconds(time: &[u8]) -> Option<u64> {
    let (seconds, _) = time.get(1..)?.split_first_chunk()?;
    let since = i64::from_be_bytes(*seconds).checked_sub(YEAR_1_TO_1970)?;
    u64::try_from(since).ok()
}

fn has_any<S: ReadAt>(bucket: &Bucket<'_, '_, S>) -> Result<bool, bolt::Error> {
    let mut has = false;
    bucket.each(|_, _| {
        has = true;
        Ok(ControlFlow::Break(()))
    })?;
    Ok(has)
}

fn text(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    super::super::is_text(text, NAME_MOST).then(|| text.to_owned())
}

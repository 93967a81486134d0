//! containerd's `meta.db`: its containers and images.
//!
//! The buckets are those of containerd's `core/metadata/buckets.go` (`metadata/` in 1.x):
//! `v1/NAMESPACE/containers/ID`, `v1/NAMESPACE/images/NAME`, and
//! `v1/NAMESPACE/snapshots/SNAPSHOTTER/KEY`, which leads to the snapshotter's own key.

use super::Error;
use crate::model::DigestKind;
use crate::store::Folder;
use crate::store::bolt::{self, Bucket, Database, ReadAt, Tx};

/// The folder of the plugin, below containerd's root.
pub(super) const FOLDER: &str = "io.containerd.metadata.v1.bolt";
/// The file in it.
pub(super) const FILE: &str = "meta.db";
/// The bucket that all namespaces are in (`schemaVersion` of `core/metadata/db.go`).
pub(super) const VERSION: &[u8] = b"v1";
/// Labels of containerd's restart monitor (`core/runtime/restart/restart.go`).
const RESTART_STATUS: &[u8] = b"containerd.io/restart.status";
const RESTART_POLICY: &[u8] = b"containerd.io/restart.policy";
const RESTART_COUNT: &[u8] = b"containerd.io/restart.count";
/// Where a time's zone begins in Go's binary form (`time.Time.MarshalBinary`): version, seconds,
/// nanoseconds, all big-endian, so that bytes compare as times do.
const TIME: usize = 13;
/// The longest text that is believed.
const TEXT_MOST: usize = 1024;

/// What is written of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    /// The image's name.
    pub(super) image: Option<String>,
    /// Of its snapshotter.
    pub(super) snapshotter: Option<String>,
    /// Its snapshot, as the snapshotter calls it.
    pub(super) snapshot: Option<String>,
    /// What that name stands for.
    pub(super) target: Option<(String, DigestKind)>,
    /// True if the name was changed after the container was made: then it may have stood for
    /// something else.
    pub(super) moved: bool,
    /// The policy of the restart monitor, if it is another than `no`.
    pub(super) restart_policy: Option<String>,
    /// How often the restart monitor has started it.
    pub(super) restarts: Option<u32>,
}

/// Looks up a container; none if there is no such one.
///
/// # Errors
/// The file is not there, or damaged.
pub(super) fn record(folder: &Folder, namespace: &str, id: &str) -> Result<Option<Record>, Error> {
    let database = Database::new(folder.file(FILE)?);
    let record = database.read(|tx| find(tx, namespace, id));
    record.map_err(|source| Error::database(folder, FILE, source))
}

fn find<S: ReadAt>(
    tx: &Tx<'_, S>,
    namespace: &str,
    id: &str,
) -> Result<Option<Record>, bolt::Error> {
    let space = namespace.as_bytes();
    let path: [&[u8]; 4] = [b"v1", space, b"containers", id.as_bytes()];
    let Some(container) = tx.bucket(&path)? else {
        return Ok(None);
    };
    let mut record = Record {
        image: text(&container, b"image")?,
        snapshotter: text(&container, b"snapshotter")?,
        ..Record::default()
    };
    if let Some(labels) = container.bucket(b"labels")? {
        record.restart_policy = policy(&labels)?;
        record.restarts = text(&labels, RESTART_COUNT)?
            .and_then(|count| count.parse().ok())
            .filter(|count| *count > 0);
    }
    if let (Some(snapshotter), Some(key)) = (&record.snapshotter, text(&container, b"snapshotKey")?)
    {
        let path: [&[u8]; 5] = [
            b"v1",
            space,
            b"snapshots",
            snapshotter.as_bytes(),
            key.as_bytes(),
        ];
        if let Some(snapshot) = tx.bucket(&path)? {
            record.snapshot = text(&snapshot, b"name")?;
        }
    }
    if let Some(name) = &record.image {
        let path: [&[u8]; 4] = [b"v1", space, b"images", name.as_bytes()];
        if let Some(image) = tx.bucket(&path)? {
            record.moved = time(&image, b"updatedat")? > time(&container, b"createdat")?;
            record.target = target(&image)?;
        }
    }
    Ok(Some(record))
}

/// A container whose desired status is written has the policy `always` if none is (`NewPolicy`).
fn policy<S: ReadAt>(labels: &Bucket<'_, '_, S>) -> Result<Option<String>, bolt::Error> {
    let policy = text(labels, RESTART_POLICY)?;
    let policy = match text(labels, RESTART_STATUS)?.as_deref() {
        Some("running") => policy.or_else(|| Some("always".to_owned())),
        _ => policy,
    };
    Ok(policy.filter(|policy| policy != "no"))
}

/// What an image's name stands for.
pub(super) fn target<S: ReadAt>(
    image: &Bucket<'_, '_, S>,
) -> Result<Option<(String, DigestKind)>, bolt::Error> {
    let Some(target) = image.bucket(b"target")? else {
        return Ok(None);
    };
    let kind = match text(&target, b"mediatype")?.as_deref() {
        Some(
            "application/vnd.oci.image.index.v1+json"
            | "application/vnd.docker.distribution.manifest.list.v2+json",
        ) => DigestKind::Index,
        Some(
            "application/vnd.oci.image.manifest.v1+json"
            | "application/vnd.docker.distribution.manifest.v2+json",
        ) => DigestKind::Manifest,
        _ => DigestKind::Unknown,
    };
    let digest = text(&target, b"digest")?.filter(|digest| crate::model::is_digest(digest));
    Ok(digest.map(|digest| (digest, kind)))
}

/// A time in Go's binary form, up to its zone.
pub(super) fn time<S: ReadAt>(
    bucket: &Bucket<'_, '_, S>,
    key: &[u8],
) -> Result<Option<Vec<u8>>, bolt::Error> {
    let time = bucket.get(key)?;
    Ok(time.and_then(|time| time.get(..TIME).map(<[u8]>::to_vec)))
}

fn text<S: ReadAt>(bucket: &Bucket<'_, '_, S>, key: &[u8]) -> Result<Option<String>, bolt::Error> {
    let text = bucket
        .get(key)?
        .and_then(|value| String::from_utf8(value).ok());
    Ok(text.filter(|text| super::is_text(text, TEXT_MOST)))
}

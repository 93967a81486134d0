//! A containerd's root folder, made by hand: for tests and benches.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::written::{Tree, file, put};

pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const DRIVER: &str = "overlayfs";
/// 2026-11-22 00:00:00 UTC as Go writes times: version, seconds since the year 1, nanoseconds, zone.
const TIME: [u8; 15] = [
    1, 0x00, 0x00, 0x00, 0x0e, 0xe2, 0x94, 0x27, 0x80, 0, 0, 0, 0, 0xff, 0xff,
];

/// The folder as it comes together.
#[derive(Debug)]
pub struct Made {
    folder: PathBuf,
    meta: Tree,
    metadata: Tree,
    snapshots: u64,
}

/// What an image has.
#[derive(Debug)]
pub struct Content {
    pub manifest: String,
    pub config: String,
    /// The lowest first.
    pub chain_ids: Vec<String>,
    pub blobs: Vec<String>,
}

pub fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().fold("sha256:".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Made {
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            meta: Tree::new(),
            metadata: Tree::new(),
            snapshots: 0,
        }
    }

    /// Where a blob is.
    pub fn blob_path(&self, digest: &str) -> PathBuf {
        let place = digest.replacen(':', "/", 1);
        let folder = self.folder.join("io.containerd.content.v1.content/blobs");
        folder.join(place)
    }

    /// A blob of a namespace.
    pub fn blob(&mut self, space: &str, bytes: &[u8]) -> String {
        let digest = sha256(bytes);
        self.owns(space, &digest);
        write(&self.blob_path(&digest), bytes);
        digest
    }

    /// Has a namespace have a blob, wherever that is.
    pub fn owns(&mut self, space: &str, digest: &str) {
        let record = ["v1", space, "content", "blob", digest];
        for (key, value) in [
            ("createdat", &TIME[..]),
            ("updatedat", &TIME),
            ("size", b"\x02"),
        ] {
            put(&mut self.meta, &[&record[..], &[key]].concat(), value);
        }
        let source = "containerd.io/distribution.source.r.io";
        put(
            &mut self.meta,
            &[&record[..], &["labels", source]].concat(),
            b"a/b",
        );
    }

    /// A name of an image.
    pub fn name(&mut self, space: &str, name: &str, digest: &str, kind: &str) {
        let record = ["v1", space, "images", name];
        put(
            &mut self.meta,
            &[&record[..], &["createdat"]].concat(),
            &TIME,
        );
        put(
            &mut self.meta,
            &[&record[..], &["updatedat"]].concat(),
            &TIME,
        );
        let target = [&record[..], &["target"]].concat();
        put(
            &mut self.meta,
            &[&target[..], &["digest"]].concat(),
            digest.as_bytes(),
        );
        put(
            &mut self.meta,
            &[&target[..], &["mediatype"]].concat(),
            kind.as_bytes(),
        );
        put(&mut self.meta, &[&target[..], &["size"]].concat(), b"\x02");
    }

    /// The blobs of an image with these layers, each of whose bytes are its diff id too.
    pub fn content(&mut self, space: &str, architecture: &str, layers: &[String]) -> Content {
        let mut blobs = Vec::new();
        let (mut diff_ids, mut chain_ids) = (Vec::new(), Vec::<String>::new());
        for layer in layers {
            blobs.push(self.blob(space, layer.as_bytes()));
            let diff_id = sha256(format!("unpacked {layer}").as_bytes());
            chain_ids.push(match chain_ids.last() {
                None => diff_id.clone(),
                Some(below) => sha256(format!("{below} {diff_id}").as_bytes()),
            });
            diff_ids.push(diff_id);
        }
        let config = json!({
            "architecture": architecture, "os": "linux", "created": "2024-05-01T12:00:00.5Z",
            "config": {"Env": ["TOKEN=hunter2"], "Labels": {"token": "hunter2"}},
            "history": [{"created_by": "x".repeat(4_000)}],
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        });
        let config = self.blob(space, config.to_string().as_bytes());
        let layers = blobs.iter().map(|digest| descriptor(LAYER, digest));
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": descriptor(CONFIG, &config),
            "layers": layers.collect::<Vec<_>>(),
        });
        let manifest = self.blob(space, manifest.to_string().as_bytes());
        Content {
            manifest,
            config,
            chain_ids,
            blobs,
        }
    }

    /// Has a namespace have layers unpacked, of 1,000 bytes each.
    pub fn unpack(&mut self, space: &str, chain_ids: &[String]) {
        let mut parent = None;
        for chain_id in chain_ids {
            self.snapshots += 1;
            let name = format!("{space}/{}/{chain_id}", self.snapshots);
            let record = ["v1", space, "snapshots", DRIVER, chain_id];
            put(
                &mut self.meta,
                &[&record[..], &["name"]].concat(),
                name.as_bytes(),
            );
            put(
                &mut self.meta,
                &[&record[..], &["createdat"]].concat(),
                &TIME,
            );
            put(
                &mut self.meta,
                &[&record[..], &["children", "x"]].concat(),
                b"",
            );
            let record = ["v1", "snapshots", &name];
            // Kind 3 is committed; the size is 1,000 in zigzag form.
            put(
                &mut self.metadata,
                &[&record[..], &["kind"]].concat(),
                b"\x03",
            );
            put(
                &mut self.metadata,
                &[&record[..], &["size"]].concat(),
                b"\xd0\x0f",
            );
            put(
                &mut self.metadata,
                &[&record[..], &["inodes"]].concat(),
                b"\x02",
            );
            put(
                &mut self.metadata,
                &[&record[..], &["createdat"]].concat(),
                &TIME,
            );
            if let Some(parent) = parent.replace(name.clone()) {
                put(
                    &mut self.metadata,
                    &[&record[..], &["parent"]].concat(),
                    parent.as_bytes(),
                );
            }
        }
    }

    /// An image that was pulled and unpacked.
    pub fn image(&mut self, space: &str, name: &str, layers: &[String]) -> Content {
        let content = self.content(space, "amd64", layers);
        self.unpack(space, &content.chain_ids);
        self.name(space, name, &content.manifest, MANIFEST);
        content
    }

    /// Any entry of `meta.db`.
    pub fn put(&mut self, path: &[&str], value: &[u8]) {
        put(&mut self.meta, path, value);
    }

    /// Writes the books.
    pub fn write(&self) {
        let meta = self.folder.join("io.containerd.metadata.v1.bolt/meta.db");
        write(&meta, &file(&self.meta));
        let snapshotter = format!("io.containerd.snapshotter.v1.{DRIVER}/metadata.db");
        write(&self.folder.join(snapshotter), &file(&self.metadata));
    }
}

/// A blob, as a document names it.
pub fn descriptor(kind: &str, digest: &str) -> Value {
    json!({"mediaType": kind, "digest": digest, "size": 1})
}

fn write(path: &Path, bytes: &[u8]) {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).unwrap();
    }
    fs::write(path, bytes).unwrap();
}

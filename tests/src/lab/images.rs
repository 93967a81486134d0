//! The lab's images, built from what is on the machine: nothing comes from the internet.
//!
//! Layers are packed by tar and gzip with fixed times and owners, so the same programs give the same digests.

mod layer;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::Peers;
pub(super) use layer::{Layer, chain_id};

/// Media types of Docker's image manifest, version 2, schema 2.
const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const CONFIG: &str = "application/vnd.docker.container.image.v1+json";
const LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
/// Media type of an OCI image index (image-spec 1.1).
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// Layers of [`Image::Tall`] above busybox.
const TALL: u32 = 100;

/// An image that the lab can build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Image {
    /// Debian's busybox-static: one layer of 1 MB.
    Busybox,
    /// The same with Debian's docker command and its shared libraries: for a container that drives a Docker.
    DockerCli,
    /// The same with the static docker command of [`Peers::Newest`].
    DockerCliNewest,
    /// The same with three more layers of 3, 5 and 7 MB of random bytes: for pulls that take a while.
    Layers,
    /// An index of two platforms: this machine's with [`Image::Busybox`] and another one with a text file.
    Multi,
    /// [`Image::Busybox`] with another command: it waits until it is told to end. For the sandbox of a pod.
    Pause,
    /// Only the links and mount points that make the host's /usr a root file system, when it is mounted there: for a
    /// container that runs the host's daemons (DinD).
    Host,
    /// [`Image::Busybox`] below a hundred layers of one small file each: more than one page of mount options.
    Tall,
    /// [`Image::Busybox`] with one more layer, another for each number.
    Numbered(u8),
    /// [`Image::Busybox`] with 2 MB that no other lab has: for what is said of the same content in several stores of the
    /// machine, where labs beside this one have the others.
    Own,
}

impl Image {
    /// Repository without the registry, such as `imgtrace-lab/busybox`.
    pub fn repository(self) -> &'static str {
        match self {
            Self::Busybox => "imgtrace-lab/busybox",
            Self::DockerCli | Self::DockerCliNewest => "imgtrace-lab/docker-cli",
            Self::Layers => "imgtrace-lab/layers",
            Self::Multi => "imgtrace-lab/multi",
            Self::Pause => "imgtrace-lab/pause",
            Self::Host => "imgtrace-lab/host",
            Self::Tall => "imgtrace-lab/tall",
            Self::Numbered(_) => "imgtrace-lab/numbered",
            Self::Own => "imgtrace-lab/own",
        }
    }

    /// Its tag.
    pub fn tag(self) -> String {
        match self {
            Self::DockerCli => "debian".to_owned(),
            Self::DockerCliNewest => "newest".to_owned(),
            Self::Numbered(number) => number.to_string(),
            _ => "1".to_owned(),
        }
    }

    /// Builds it, with its layers as files in `folder`.
    pub(super) fn build(self, folder: &Path) -> Result<Built> {
        if self == Self::Multi {
            return index(folder);
        }
        let layers = self.layers(folder)?;
        image(folder, architecture(), self.command(), &layers)
    }

    /// What a container of it runs that was told nothing else.
    fn command(self) -> &'static [&'static str] {
        match self {
            // A first process has no default reaction to SIGTERM.
            Self::Pause => &[
                "sh",
                "-c",
                "trap 'exit 0' TERM INT; sleep 2147483647 & wait",
            ],
            _ => &["sh"],
        }
    }

    fn layers(self, folder: &Path) -> Result<Vec<Layer>> {
        let busybox = Layer::busybox(folder)?;
        Ok(match self {
            Self::Busybox | Self::Multi | Self::Pause => vec![busybox],
            Self::DockerCli => vec![
                busybox,
                Layer::program(folder, Path::new("/usr/bin/docker"))?,
            ],
            Self::DockerCliNewest => {
                vec![
                    busybox,
                    Layer::program(folder, &Peers::Newest.require()?.join("docker"))?,
                ]
            }
            Self::Layers => {
                let random = [3, 5, 7].map(|megabytes| Layer::random(folder, megabytes));
                std::iter::once(Ok(busybox))
                    .chain(random)
                    .collect::<Result<_>>()?
            }
            Self::Host => vec![Layer::host_links(folder)?],
            Self::Tall => {
                let more =
                    (1..=TALL).map(|number| Layer::text(folder, &format!("storey {number}\n")));
                std::iter::once(Ok(busybox))
                    .chain(more)
                    .collect::<Result<_>>()?
            }
            Self::Numbered(number) => {
                vec![busybox, Layer::text(folder, &format!("number {number}\n"))?]
            }
            Self::Own => vec![busybox, Layer::own(folder)?],
        })
    }
}

/// What a registry stores of one image.
#[derive(Debug)]
pub(super) struct Built {
    /// The digests of its unpacked layers, the lowest first; none of an index.
    pub(super) diff_ids: Vec<String>,
    /// Layers and configurations.
    pub(super) blobs: Vec<Blob>,
    /// The manifests that an index names.
    pub(super) children: Vec<Blob>,
    /// The manifest or index that the tag names.
    pub(super) top: Blob,
}

/// Bytes with their digest.
#[derive(Debug)]
pub(super) struct Blob {
    pub(super) digest: String,
    pub(super) media_type: &'static str,
    pub(super) size: u64,
    file: PathBuf,
}

impl Blob {
    fn of_file(media_type: &'static str, file: PathBuf) -> Result<Self> {
        let size = file
            .metadata()
            .with_context(|| format!("failed to read {}", file.display()))?
            .len();
        Ok(Self {
            digest: layer::digest(&file)?,
            media_type,
            size,
            file,
        })
    }

    fn of_json(media_type: &'static str, folder: &Path, name: &str, value: &Value) -> Result<Self> {
        let file = folder.join(name);
        super::write(&file, value.to_string())?;
        Self::of_file(media_type, file)
    }

    pub(super) fn read(&self) -> Result<Vec<u8>> {
        std::fs::read(&self.file).with_context(|| format!("failed to read {}", self.file.display()))
    }

    /// A content descriptor (image-spec 1.1, descriptor.md).
    fn descriptor(&self) -> Value {
        json!({ "mediaType": self.media_type, "size": self.size, "digest": self.digest })
    }
}

fn image(folder: &Path, architecture: &str, command: &[&str], layers: &[Layer]) -> Result<Built> {
    let diff_ids: Vec<String> = layers.iter().map(|layer| layer.diff_id.clone()).collect();
    let config = json!({
        "architecture": architecture,
        "os": "linux",
        "created": "2026-01-01T00:00:00Z",
        "config": { "Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], "Cmd": command },
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
        "history": layers.iter().map(|_| json!({ "created_by": "imgtrace lab" })).collect::<Vec<_>>(),
    });
    let config = Blob::of_json(
        CONFIG,
        folder,
        &format!("config-{architecture}.json"),
        &config,
    )?;
    let layers = layers
        .iter()
        .map(|layer| Blob::of_file(LAYER, layer.file.clone()))
        .collect::<Result<Vec<_>>>()?;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config.descriptor(),
        "layers": layers.iter().map(Blob::descriptor).collect::<Vec<_>>(),
    });
    let top = Blob::of_json(
        MANIFEST,
        folder,
        &format!("manifest-{architecture}.json"),
        &manifest,
    )?;
    Ok(Built {
        diff_ids,
        blobs: layers.into_iter().chain([config]).collect(),
        children: Vec::new(),
        top,
    })
}

fn index(folder: &Path) -> Result<Built> {
    let other = if architecture() == "arm64" {
        "amd64"
    } else {
        "arm64"
    };
    let here = image(
        folder,
        architecture(),
        Image::Multi.command(),
        &[Layer::busybox(folder)?],
    )?;
    let there = image(
        folder,
        other,
        Image::Multi.command(),
        &[Layer::text(folder, "this platform has no programs\n")?],
    )?;
    let entry = |built: &Built, architecture: &str| {
        let mut entry = built.top.descriptor();
        if let Some(fields) = entry.as_object_mut() {
            fields.insert(
                "platform".to_owned(),
                json!({ "os": "linux", "architecture": architecture }),
            );
        }
        entry
    };
    let value = json!({
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": [entry(&here, architecture()), entry(&there, other)],
    });
    let top = Blob::of_json(INDEX, folder, "index.json", &value)?;
    Ok(Built {
        diff_ids: Vec::new(),
        blobs: here.blobs.into_iter().chain(there.blobs).collect(),
        children: vec![here.top, there.top],
        top,
    })
}

/// This machine's architecture, by Go's name for it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

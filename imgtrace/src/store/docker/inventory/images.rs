//! The list of images: `imagedb/content/sha256/<id>` is the configuration of each, and
//! `imagedb/metadata/sha256/<id>/{parent,lastUpdated}` what dockerd notes of some (moby's
//! `daemon/internal/image/{fs,store}.go`).

use std::collections::HashSet;

use super::config::{Config, seconds};
use super::layers::Layers;
use crate::model::{DigestKind, Reference, StoredImage, Variant};
use crate::store::docker::id::Id;
use crate::store::docker::names::Names;
use crate::store::problems::Problems;
use crate::store::{Folder, ReadError};

/// The most images of one store that are listed, steps of builds among them.
const IMAGES_MOST: usize = 16_384;

/// Bytes of one configuration: environment, labels and history are as long as a client makes them.
const CONFIG_MOST: u64 = 4 << 20;

/// Bytes of all configurations of a store. Usual ones have 2 to 20 thousand.
const CONFIGS_MOST: u64 = 256 << 20;

/// The layers of one image: twice what Docker allows (`maxLayerDepth`, 125).
const DEPTH_MOST: usize = 250;

/// The layers of all images of a store.
const LAYERS_MOST: usize = 262_144;

/// Bytes of a `parent`, 71, or of a `lastUpdated`, 35 at most, and some for a line end.
const NOTE_MOST: u64 = 80;

/// What of a store is read, and how much of it may still be.
struct Reader<'a> {
    /// `image/<driver>/imagedb/content/sha256`.
    content: Folder,
    /// `image/<driver>/imagedb/metadata/sha256`; none where dockerd has noted nothing.
    notes: Option<Folder>,
    layers: Layers<'a>,
    bytes_left: u64,
    layers_left: usize,
    problems: &'a mut Problems,
}

/// An image of the list.
struct Entry {
    id: Id,
    image: StoredImage,
    /// The image that the step of a build was made on.
    parent: Option<Id>,
}

/// The images below `image/<driver>`, by their ids, as `docker images` lists them.
pub(super) fn read(image: &Folder, problems: &mut Problems) -> Vec<StoredImage> {
    // dockerd adds an image before its names and takes it away after them, so that one whose name
    // was read is there.
    let names = Names::read(image);
    let content = match image.folder("imagedb/content/sha256") {
        Ok(content) => content,
        Err(error) => {
            problems.say(error);
            return Vec::new();
        }
    };
    let ids = ids(&content, problems);
    let mut reader = Reader {
        content,
        notes: image.folder("imagedb/metadata/sha256").ok(),
        layers: Layers::of(image),
        bytes_left: CONFIGS_MOST,
        layers_left: LAYERS_MOST,
        problems,
    };
    let mut entries = reader.entries(&ids);
    match names {
        Ok(names) => {
            name(&mut entries, &names, &ids, problems);
            hide_steps(&mut entries);
        }
        // Which of them are only steps of builds can then not be told.
        Err(error) => problems.say(format_args!("{error}; the images are listed without names")),
    }
    entries.into_iter().map(|entry| entry.image).collect()
}

/// What the folder lists, in order.
fn ids(content: &Folder, problems: &mut Problems) -> Vec<Id> {
    let mut ids = Vec::new();
    // Other names are of files that are being written.
    match content.each_name(IMAGES_MOST, |name| ids.extend(Id::parse(name))) {
        Ok(false) => {}
        Ok(true) => problems.say(format_args!(
            "{} has more than {IMAGES_MOST} entries; the rest is not listed",
            content.path
        )),
        Err(error) => problems.say(error),
    }
    ids.sort_unstable();
    ids
}

/// Gives the images their names.
fn name(entries: &mut [Entry], names: &Names, ids: &[Id], problems: &mut Problems) {
    for entry in entries {
        let its = names.of(entry.id);
        entry.image.names = its.iter().map(Reference::to_string).collect();
        entry.image.digest = digest(&entry.image.names);
        entry.image.digest_kind = entry.image.digest.as_ref().map(|_| DigestKind::Unknown);
    }
    let mut lost: Vec<_> = names
        .named()
        .filter(|(id, _)| ids.len() < IMAGES_MOST && ids.binary_search(id).is_err())
        .filter_map(|(id, names)| Some((names.first()?, id)))
        .collect();
    lost.sort_unstable();
    for (name, id) in lost {
        problems.say(format_args!(
            "repositories.json names {name}, but its image sha256:{id} is not there"
        ));
    }
}

/// The digest that an image came with: that of the repository of its first name, else the first.
fn digest(names: &[String]) -> Option<String> {
    let tagged = names.first().filter(|name| !name.contains('@'));
    let repository = tagged.and_then(|name| name.rsplit_once(':')).map(|it| it.0);
    let digests = || names.iter().filter_map(|name| name.split_once('@'));
    let its = digests().find(|(name, _)| Some(*name) == repository);
    its.or_else(|| digests().next())
        .map(|(_, digest)| digest.to_owned())
}

/// Takes out what has no name and was only a step on the way to another.
fn hide_steps(entries: &mut Vec<Entry>) {
    let parents: HashSet<_> = entries.iter().filter_map(|entry| entry.parent).collect();
    entries.retain(|entry| !entry.image.names.is_empty() || !parents.contains(&entry.id));
}

impl Reader<'_> {
    fn entries(&mut self, ids: &[Id]) -> Vec<Entry> {
        let mut entries = Vec::with_capacity(ids.len());
        for (at, id) in ids.iter().enumerate() {
            if self.bytes_left == 0 || self.layers_left == 0 {
                let (left, path) = (ids.len() - at, &self.content.path);
                self.problems.say(format_args!(
                    "{path} is larger than what is read of it; {left} images are not listed"
                ));
                break;
            }
            entries.extend(self.entry(*id));
        }
        entries
    }

    /// An image; none if it is gone, or none that dockerd would take.
    fn entry(&mut self, id: Id) -> Option<Entry> {
        let file = id.to_string();
        let bytes = match self.content.read(&file, CONFIG_MOST) {
            Ok(bytes) => bytes,
            // Removed since the folder was listed.
            Err(ReadError::Missing(_)) => return None,
            Err(error) => {
                if let ReadError::TooLarge { most, .. } = &error {
                    self.bytes_left = self.bytes_left.saturating_sub(*most);
                }
                self.problems.say(error);
                return None;
            }
        };
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.bytes_left = self.bytes_left.saturating_sub(length);
        let image = self.image(id, &file, &bytes).map_err(|reason| {
            let path = &self.content.path;
            self.problems.say(format_args!(
                "{path}/{file} {reason}; the image is left out"
            ));
        });
        Some(Entry {
            id,
            image: image.ok()?,
            parent: self.parent(&file),
        })
    }

    /// What an image's configuration says.
    ///
    /// # Errors
    /// Why dockerd would not take it.
    fn image(&mut self, id: Id, file: &str, bytes: &[u8]) -> Result<StoredImage, String> {
        if Id::of(bytes) != id {
            return Err("does not hash to its name".to_owned());
        }
        let config: Config<'_> = serde_json::from_slice(bytes)
            .map_err(|error| format!("is no image in line {}", error.line()))?;
        let depth = config.diff_ids().len();
        if depth > DEPTH_MOST.min(self.layers_left) {
            return Err(format!("has {depth} layers, more than are read"));
        }
        self.layers_left -= depth;
        let stored = self.layers.stored(config.diff_ids(), self.problems);
        let layers = stored.map_err(|path| format!("needs {path}, which is not there"))?;
        let top = config.diff_ids().last();
        let came_packed = top.and_then(|top| self.layers.came_packed(top, self.problems));
        let id = format!("sha256:{id}");
        Ok(StoredImage {
            variants: vec![Variant {
                platform: config.platform(),
                config: Some(id.clone()),
                layers,
                ..Variant::default()
            }],
            id,
            created: config.created(),
            stored: self.stored(file),
            came_packed,
            ..StoredImage::default()
        })
    }

    /// When it came, which is when dockerd last wrote its configuration, or was last named.
    fn stored(&mut self, file: &str) -> Option<u64> {
        let came = self.content.version(file).ok();
        let came = came.and_then(|version| version.written_at());
        let named = self.note(file, "lastUpdated");
        came.max(named.as_deref().and_then(seconds))
    }

    /// The image that a build made it on, here.
    fn parent(&mut self, file: &str) -> Option<Id> {
        let note = self.note(file, "parent")?;
        Id::parse_digest(note.as_bytes())
    }

    /// A note on an image.
    fn note(&mut self, file: &str, name: &str) -> Option<String> {
        match self
            .notes
            .as_ref()?
            .read(&format!("{file}/{name}"), NOTE_MOST)
        {
            Ok(bytes) => String::from_utf8(bytes).ok(),
            Err(ReadError::Missing(_)) => None,
            Err(error) => {
                self.problems.say(error);
                None
            }
        }
    }
}

//! The layers of images: `layerdb/sha256/<chain>/size` (moby's
//! `daemon/internal/layer/filestore.go`), and how they came: `distribution/v2metadata-by-diffid`
//! (`daemon/internal/distribution/metadata/v2_metadata_service.go`).

use std::borrow::Cow;
use std::collections::HashMap;

use serde::{Deserialize, Deserializer};

use crate::model::StoredLayer;
use crate::store::chain::chain_id;
use crate::store::problems::Problems;
use crate::store::{Folder, ReadError};

/// Bytes of a `size`: an `int64` in decimal, and some for a line end.
const SIZE_MOST: u64 = 24;

/// Bytes of what is known of a layer's archives: dockerd keeps 50 of them (`maxMetadata`), each with
/// two digests and a repository's name.
const SOURCES_MOST: u64 = 64 << 10;

/// The layers of one store, each read once.
#[derive(Debug)]
pub(super) struct Layers<'a> {
    /// `image/<driver>`.
    image: &'a Folder,
    sizes: HashMap<String, Size>,
}

/// What a layer's `size` says.
#[derive(Clone, Copy, Debug)]
enum Size {
    Bytes(u64),
    /// The layer is there, but its size could not be read.
    Unread,
    /// There is no such layer.
    Gone,
}

/// Where one of a layer's archives came from, or went.
#[derive(Debug, Deserialize)]
struct Source {
    /// dockerd puts a seal of the one who pushed on what it pushed (`push_v2.go`), and none on what
    /// it pulled (`pull_v2.go`).
    #[serde(default, rename = "HMAC", deserialize_with = "is_some")]
    is_pushed: bool,
}

impl<'a> Layers<'a> {
    /// Those below `image/<driver>`.
    pub(super) fn of(image: &'a Folder) -> Self {
        Self {
            image,
            sizes: HashMap::new(),
        }
    }

    /// The layers with these diff ids, the lowest first.
    ///
    /// # Errors
    /// The path of the lowest that is not there.
    pub(super) fn stored<'d>(
        &mut self,
        diff_ids: impl Iterator<Item = &'d str>,
        problems: &mut Problems,
    ) -> Result<Vec<StoredLayer>, String> {
        let mut stored: Vec<StoredLayer> = Vec::new();
        for diff_id in diff_ids {
            let below = stored.last().map(|below| below.chain_id.as_str());
            let chain_id = chain_id(below, diff_id).unwrap_or_default();
            let unpacked = match self.size(&chain_id, problems) {
                Size::Bytes(bytes) => Some(bytes),
                Size::Unread => None,
                Size::Gone => return Err(format!("{}/{}", self.image.path, folder(&chain_id))),
            };
            stored.push(StoredLayer {
                chain_id,
                unpacked,
                ..StoredLayer::default()
            });
        }
        Ok(stored)
    }

    fn size(&mut self, chain_id: &str, problems: &mut Problems) -> Size {
        if let Some(known) = self.sizes.get(chain_id) {
            return *known;
        }
        let size = self.read_size(chain_id, problems);
        self.sizes.insert(chain_id.to_owned(), size);
        size
    }

    fn read_size(&self, chain_id: &str, problems: &mut Problems) -> Size {
        let layer = folder(chain_id);
        let name = format!("{layer}/size");
        match self.image.read(&name, SIZE_MOST) {
            Ok(bytes) => {
                let text = std::str::from_utf8(&bytes).unwrap_or_default();
                let Ok(bytes) = text.trim().parse() else {
                    let path = &self.image.path;
                    problems.say(format_args!("{path}/{name} is no number of bytes"));
                    return Size::Unread;
                };
                Size::Bytes(bytes)
            }
            Err(ReadError::Missing(path)) => {
                if self.image.version(&layer).is_err() {
                    return Size::Gone;
                }
                problems.say(format_args!("{path} is not there"));
                Size::Unread
            }
            Err(error) => {
                problems.say(error);
                Size::Unread
            }
        }
    }

    /// Whether the archive of a layer with this diff id was pulled, as compressed as registries send
    /// it; false if it was made, loaded or imported here. None if that could not be read.
    pub(super) fn came_packed(&self, diff_id: &str, problems: &mut Problems) -> Option<bool> {
        let hex = diff_id.strip_prefix("sha256:")?;
        let name = format!("distribution/v2metadata-by-diffid/sha256/{hex}");
        let bytes = match self.image.read(&name, SOURCES_MOST) {
            Ok(bytes) => bytes,
            Err(ReadError::Missing(_)) => return Some(false),
            Err(error) => {
                problems.say(error);
                return None;
            }
        };
        let Ok(sources) = serde_json::from_slice::<Option<Vec<Source>>>(&bytes) else {
            problems.say(format_args!("{}/{name} is damaged", self.image.path));
            return None;
        };
        let sources = sources.unwrap_or_default();
        Some(sources.iter().any(|source| !source.is_pushed))
    }
}

/// A layer's own folder below `image/<driver>`.
fn folder(chain_id: &str) -> String {
    let hex = chain_id.strip_prefix("sha256:").unwrap_or(chain_id);
    format!("layerdb/sha256/{hex}")
}

fn is_some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let text = Option::<Cow<'de, str>>::deserialize(deserializer)?;
    Ok(text.is_some_and(|text| !text.is_empty()))
}

//! What an image's configuration says of it: `<driver>-images/<id>/` has it among the image's own
//! data, under its digest (containers/storage `images.go`, `makeBigDataBaseName` of `storage.go`).
//!
//! It holds environment, commands, labels and history, in which secrets are left lying. Only what
//! has a field here is read; the parser steps over the rest.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Deserialize;

use crate::model::{StoredImage, image_id};
use crate::store::Folder;
use crate::store::platform::platform;

/// Bytes of one configuration: environment, labels and history are as long as its maker likes.
const CONFIG_MOST: u64 = 4 << 20;

/// The characters of base64 (RFC 4648, section 4).
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What is known of an image besides what the books say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Config {
    platform: Option<String>,
    created: Option<u64>,
    /// When its folder was last written in.
    stored: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Document<'a> {
    #[serde(borrow, default)]
    os: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    architecture: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    variant: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    created: Option<Cow<'a, str>>,
}

impl Config {
    /// Reads that of the image `id` in the folder of images; none if it is not there yet, or damaged.
    pub(super) fn read(root: &Folder, folder: &str, id: &str) -> Option<Self> {
        let digest = image_id(id).filter(|_| !id.contains('/'))?;
        let own = format!("{folder}/{id}");
        let stored = root.version(&own).ok();
        let stored = stored.and_then(|version| u64::try_from(version.written.0).ok());
        let name = format!("{own}/={}", base64(digest.as_bytes()));
        let bytes = root.read(&name, CONFIG_MOST).ok()?;
        let document: Document<'_> = serde_json::from_slice(&bytes).ok()?;
        Some(Self {
            platform: document.platform(),
            created: document.created(),
            stored,
        })
    }

    /// Adds it to what the books say.
    pub(super) fn tell(&self, image: &mut StoredImage) {
        image.created = self.created;
        image.stored = self.stored;
        for variant in &mut image.variants {
            variant.platform.clone_from(&self.platform);
        }
    }
}

impl Document<'_> {
    fn platform(&self) -> Option<String> {
        platform(
            self.os.as_deref().unwrap_or_default(),
            self.architecture.as_deref().unwrap_or_default(),
            self.variant.as_deref().unwrap_or_default(),
        )
    }

    fn created(&self) -> Option<u64> {
        let time: Timestamp = self.created.as_deref()?.trim().parse().ok()?;
        u64::try_from(time.as_second()).ok()
    }
}

/// Bytes in base64 with padding.
fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let at = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for sextet in 0..4 {
            let index = usize::try_from(bits >> (18 - 6 * sextet) & 63).unwrap_or(0);
            let is_there = usize::try_from(sextet).is_ok_and(|sextet| sextet <= group.len());
            let letter = BASE64.get(index).filter(|_| is_there);
            text.push(char::from(*letter.unwrap_or(&b'=')));
        }
    }
    text
}

#[cfg(test)]
mod tests;

//! An image's configuration: `imagedb/content/sha256/<id>`, the JSON of moby's
//! `daemon/internal/image/image.go` (OCI image specification, `config.md`).
//!
//! It holds environment, commands, labels and history, in which secrets are left lying. Only what
//! has a field here is read; the parser steps over the rest.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Deserialize;

use crate::model::image_id;
use crate::store::platform::platform;

/// What is read of it.
#[derive(Debug, Deserialize)]
pub(super) struct Config<'a> {
    #[serde(borrow, default)]
    os: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    architecture: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    variant: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    created: Option<Cow<'a, str>>,
    /// dockerd takes no configuration without it.
    rootfs: Rootfs,
}

#[derive(Debug, Deserialize)]
struct Rootfs {
    #[serde(default)]
    diff_ids: Option<Vec<DiffId>>,
}

/// `sha256:…` of a layer's archive, unpacked.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Cow<'_, str>")]
struct DiffId(String);

impl TryFrom<Cow<'_, str>> for DiffId {
    type Error = &'static str;

    fn try_from(text: Cow<'_, str>) -> Result<Self, Self::Error> {
        let whole = image_id(&text).filter(|_| text.starts_with("sha256:"));
        whole.map(Self).ok_or("no diff id")
    }
}

impl Config<'_> {
    /// `linux/amd64`; none where it does not say.
    pub(super) fn platform(&self) -> Option<String> {
        let word = |word: &Option<Cow<'_, str>>| word.as_deref().unwrap_or_default().to_owned();
        platform(
            &word(&self.os),
            &word(&self.architecture),
            &word(&self.variant),
        )
    }

    /// Seconds since 1970; none before that, as images have it that say nothing of when.
    pub(super) fn created(&self) -> Option<u64> {
        seconds(self.created.as_deref()?)
    }

    /// `sha256:…` of its layers, the lowest first.
    pub(super) fn diff_ids(&self) -> impl ExactSizeIterator<Item = &str> {
        let diff_ids = self.rootfs.diff_ids.as_deref().unwrap_or_default();
        diff_ids.iter().map(|DiffId(id)| id.as_str())
    }
}

/// A time as Go writes it (RFC 3339), in seconds since 1970; none before that.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let time: Timestamp = text.trim().parse().ok()?;
    u64::try_from(time.as_second()).ok()
}

#[cfg(test)]
mod tests;

//! The images that were read lately: what a new name stands for, and all names of a digest.

use std::collections::VecDeque;

use super::image::DANGLING;
use super::message::Image;
use crate::decode::api::named;
use crate::model::{Stamp, image_id};
use crate::observation::Fact;

/// Images that are remembered.
const MAX_IMAGES: usize = 1024;
/// Longest name that is remembered.
const MAX_NAME: usize = 1024;
/// How long an image was "just read", in nanoseconds.
const JUST: u64 = 10 * 1_000_000_000;

/// What answers have told.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The latest last.
    images: VecDeque<Read>,
}

#[derive(Debug)]
struct Read {
    namespace: Option<String>,
    name: String,
    digest: String,
    at: Stamp,
}

impl Seen {
    /// An answer has told of an image.
    pub(super) fn read(&mut self, namespace: Option<&str>, image: &Image, at: Stamp) {
        let target = image.target.as_ref();
        let Some(digest) = target.and_then(|target| image_id(&target.digest)) else {
            return;
        };
        if image.name.len() > MAX_NAME || image.name.starts_with(DANGLING) {
            return;
        }
        self.forget(namespace, &image.name);
        if self.images.len() >= MAX_IMAGES {
            self.images.pop_front();
        }
        self.images.push_back(Read {
            namespace: namespace.map(str::to_owned),
            name: image.name.clone(),
            digest,
            at,
        });
    }

    /// A name that stands for another image from now on, or for none.
    pub(super) fn forget(&mut self, namespace: Option<&str>, name: &str) {
        let is_other = |read: &Read| read.name != name || read.namespace.as_deref() != namespace;
        self.images.retain(is_other);
    }

    /// Another name that was just read and stands for this digest.
    pub(super) fn other_name(
        &self,
        namespace: Option<&str>,
        digest: &str,
        name: &str,
        at: Stamp,
    ) -> Option<&str> {
        let fits = |read: &&Read| {
            read.digest == digest
                && read.name != name
                && read.namespace.as_deref() == namespace
                && at.mono.saturating_sub(read.at.mono) < JUST
        };
        self.images.iter().rev().find(fits).map(|read| &*read.name)
    }

    /// The names of the image that has this digest; null if it has none but ids.
    pub(super) fn fact(&self, digest: &str) -> Option<Fact> {
        let digest = image_id(digest)?;
        let mut names: Vec<_> = self
            .images
            .iter()
            .filter(|read| read.digest == digest)
            .filter_map(|read| named::name(&read.name))
            .collect();
        names.sort();
        names.dedup();
        (!names.is_empty()).then_some(Fact::Image { id: digest, names })
    }
}

//! What is known of one store's images, and what is worth telling of a newer reading of its books.
//!
//! Pure. Books are not written once for an image: the library of containers/storage puts the image
//! there without name or digest, adds these one by one, and renames a new index into place each
//! time, seven times for a pull; dockerd writes the image first and names it later. So an image is told when it has got a name and rested for a moment, or when the process
//! that wrote it has ended. Steps of a build are images too and never get a name: of the unnamed
//! images of one process only the last is told, when that process has ended, and only if no image
//! of its came after it.

use std::collections::BTreeMap;

use crate::model::StoredImage;

/// Images of one store that are known; what comes on top is not seen.
const IMAGES_MOST: usize = 16_384;

/// How long an image that has a name rests before it is told, ns.
const REST: u64 = 300_000_000;

/// How long an image without a name rests if nobody knows who wrote it, ns.
const LONG_REST: u64 = 5_000_000_000;

/// What has happened to an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is new in the books.
    Appeared(StoredImage),
    /// It was there and has got these names.
    Named(StoredImage),
    /// It was there, and they say something else of it: it has lost names, or more of it has come.
    Renewed(StoredImage),
    /// It is gone from the books; this is what they said of it last.
    Vanished(StoredImage),
}

/// The images of one store.
#[derive(Debug, Default)]
pub struct Shelf {
    images: BTreeMap<String, Known>,
    /// Counts images as they come.
    count: u64,
}

#[derive(Debug)]
struct Known {
    image: StoredImage,
    /// When the index last said something new of it; none once that is settled.
    waits_since: Option<u64>,
    /// True once it was told; a step of a build never is.
    is_told: bool,
    writer: Option<u32>,
    /// Its place in the order in which images came.
    number: u64,
}

/// A change that is to be told.
#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    pub(crate) change: Change,
    /// The process that made it.
    pub(crate) writer: Option<u32>,
    /// When the reading was taken that had it, ns of the monotonic clock.
    pub(crate) at: u64,
}

impl Shelf {
    /// All that is there is known and nothing of it is told.
    pub(crate) fn holding(images: Vec<StoredImage>) -> Self {
        let mut shelf = Self::default();
        shelf.update(images, None, 0);
        for known in shelf.images.values_mut() {
            known.waits_since = None;
            known.is_told = true;
        }
        shelf
    }

    /// Takes in a newer reading, written by this process; returns what is to be told at once.
    pub(crate) fn update(
        &mut self,
        images: Vec<StoredImage>,
        writer: Option<u32>,
        now: u64,
    ) -> Vec<Told> {
        let mut told = Vec::new();
        let mut before = std::mem::take(&mut self.images);
        for image in images.into_iter().take(IMAGES_MOST) {
            let known = before.remove(&image.id);
            let known = match known {
                Some(known) => known.renewed(image, writer, now, &mut told),
                None => self.new_known(image, writer, now),
            };
            self.images.insert(known.image.id.clone(), known);
        }
        let gone = before.into_values().filter(|known| known.is_told);
        told.extend(gone.map(|known| Told {
            change: Change::Vanished(known.image),
            writer,
            at: now,
        }));
        told
    }

    /// What is to be told by now; `has_ended` says it of a process.
    pub(crate) fn ripe(&mut self, now: u64, has_ended: impl Fn(u32) -> bool) -> Vec<Told> {
        let mut last: BTreeMap<u32, u64> = BTreeMap::new();
        for known in self.images.values() {
            if let Some(writer) = known.writer {
                let latest = last.entry(writer).or_default();
                *latest = known.number.max(*latest);
            }
        }
        let mut ripe = Vec::new();
        for known in self.images.values_mut() {
            let Some(since) = known.waits_since else {
                continue;
            };
            let ended = known.writer.is_some_and(&has_ended);
            if !ended && known.due(since).is_none_or(|due| due > now) {
                continue;
            }
            known.waits_since = None;
            let is_last = known
                .writer
                .is_none_or(|writer| last.get(&writer) == Some(&known.number));
            if is_last || !known.image.names.is_empty() {
                known.is_told = true;
                let told = Told {
                    change: Change::Appeared(known.image.clone()),
                    writer: known.writer,
                    at: since,
                };
                ripe.push((known.number, told));
            }
        }
        ripe.sort_by_key(|(number, _)| *number);
        ripe.into_iter().map(|(_, told)| told).collect()
    }

    /// When (ns of the monotonic clock) something is to be told, if no process ends before.
    pub(crate) fn due(&self) -> Option<u64> {
        let waiting = self.images.values();
        waiting
            .filter_map(|known| known.due(known.waits_since?))
            .min()
    }

    /// The processes whose end will let something be told.
    pub(crate) fn writers(&self) -> impl Iterator<Item = u32> {
        let waiting = self.images.values().filter(|it| it.waits_since.is_some());
        waiting.filter_map(|known| known.writer)
    }

    const fn new_known(&mut self, image: StoredImage, writer: Option<u32>, now: u64) -> Known {
        self.count += 1;
        Known {
            image,
            waits_since: Some(now),
            is_told: false,
            writer,
            number: self.count,
        }
    }
}

impl Known {
    /// When it is to be told, if its writer does not end before; none if only that will do.
    const fn due(&self, since: u64) -> Option<u64> {
        if !self.image.names.is_empty() {
            Some(since.saturating_add(REST))
        } else if self.writer.is_none() {
            Some(since.saturating_add(LONG_REST))
        } else {
            None
        }
    }

    /// With what a newer reading says of it.
    fn renewed(
        mut self,
        image: StoredImage,
        writer: Option<u32>,
        now: u64,
        told: &mut Vec<Told>,
    ) -> Self {
        if image == self.image {
            return self;
        }
        if self.waits_since.is_some() {
            self.waits_since = Some(now);
            self.writer = writer.or(self.writer);
        } else {
            let gained = image
                .names
                .iter()
                .filter(|name| !self.image.names.contains(name));
            let names: Vec<_> = gained.cloned().collect();
            let mut tell = |change| {
                told.push(Told {
                    change,
                    writer,
                    at: now,
                });
            };
            if self.is_told && names.len() + self.image.names.len() != image.names.len() {
                tell(Change::Renewed(StoredImage {
                    names: image
                        .names
                        .iter()
                        .filter(|name| !names.contains(name))
                        .cloned()
                        .collect(),
                    ..image.clone()
                }));
            } else if self.is_told && names.is_empty() {
                tell(Change::Renewed(image.clone()));
            }
            if !names.is_empty() {
                self.is_told = true;
                tell(Change::Named(StoredImage {
                    names,
                    ..image.clone()
                }));
            }
        }
        self.image = image;
        self
    }
}

#[cfg(test)]
mod tests;

//! How many bytes a stream of progress has moved, layer by layer.

use std::collections::BTreeMap;

use crate::model::{Stamp, Subject};

/// Layers of one stream that are counted; overlay2 stops at 128 an image.
const MAX_LAYERS: usize = 512;
/// Bytes of a layer's id that tell it apart.
const MAX_ID: usize = 128;

/// Progress is told at most this often, in nanoseconds: a stream may have thousands of lines.
pub(super) const PROGRESS_EVERY: u64 = 500_000_000;

/// The layers that a stream has spoken of.
#[derive(Debug, Default)]
pub(super) struct Layers {
    layers: BTreeMap<String, Layer>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Layer {
    moved: u64,
    total: u64,
}

impl Layers {
    /// A line says how far a layer is; a total of 0 is not known.
    pub(super) fn moved(&mut self, id: &str, moved: u64, total: u64) {
        if id.len() > MAX_ID || (self.layers.len() >= MAX_LAYERS && !self.layers.contains_key(id)) {
            return;
        }
        let layer = self.layers.entry(id.to_owned()).or_default();
        layer.moved = layer.moved.max(moved);
        layer.total = layer.total.max(total);
    }

    /// A line says that a layer is there. One that was never under way moved nothing.
    pub(super) fn done(&mut self, id: &str) {
        if let Some(layer) = self.layers.get_mut(id) {
            layer.moved = layer.moved.max(layer.total);
        }
    }

    /// A line says that a layer was there before.
    pub(super) fn present(&mut self, id: &str) {
        self.layers.remove(id);
    }

    /// Bytes moved, and bytes to move in all, of the layers that told; null if none did.
    pub(super) fn sums(&self) -> Option<(u64, u64)> {
        let sum =
            |part: fn(&Layer) -> u64| self.layers.values().map(part).fold(0, u64::saturating_add);
        (!self.layers.is_empty()).then(|| {
            (
                sum(|layer| layer.moved),
                sum(|layer| layer.total.max(layer.moved)),
            )
        })
    }
}

/// When progress was last told, and what.
#[derive(Debug)]
pub(super) struct Pace {
    at: Stamp,
    told: Option<(u64, u64)>,
}

impl Pace {
    /// Of something that has begun at this time.
    pub(super) const fn new(at: Stamp) -> Self {
        Self { at, told: None }
    }

    /// What is to be told now of these [`Layers::sums`]; null if nothing is new or it is too early.
    pub(super) fn due(&mut self, sums: Option<(u64, u64)>, at: Stamp) -> Option<Subject> {
        if sums == self.told || at.mono.saturating_sub(self.at.mono) < PROGRESS_EVERY {
            return None;
        }
        (self.at, self.told) = (at, sums);
        Some(Subject {
            bytes: sums.map(|(moved, _)| moved),
            bytes_total: sums.map(|(_, total)| total),
            ..Subject::default()
        })
    }
}

//! How many bytes a stream of progress lines has moved, layer by layer.

use std::collections::BTreeMap;

/// Layers of one stream that are counted; overlay2 stops at 128 an image.
const MAX_LAYERS: usize = 512;
/// Bytes of a layer's id that tell it apart.
const MAX_ID: usize = 80;

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

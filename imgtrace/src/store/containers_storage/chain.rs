//! From a layer down to the lowest: how many there are, how large, and the chain id.

use std::collections::HashMap;

use super::records::Layer;
use crate::model::StoredLayer;
use crate::store::chain;

/// The most layers below one another: twice what the driver allows (`drivers/overlay/overlay.go`,
/// `maxDepth`).
const DEPTH_MOST: usize = 1_000;

/// The layers of all images of a store.
const LAYERS_MOST: usize = 262_144;

/// What lies at and below a layer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    /// Layers.
    pub(super) layers: u32,
    /// Bytes unpacked; none where one of the layers does not say.
    pub(super) bytes: Option<u64>,
    /// `sha256:…`; none where one of the layers has no diff id.
    pub(super) chain_id: Option<String>,
    /// True if the topmost came packed; none where it does not say.
    pub(super) came_packed: Option<bool>,
}

/// Walks down from `top` in the layers by their ids; none if one is missing, or there are too many.
pub(super) fn extent(layers: &HashMap<String, Layer>, top: &str) -> Option<Extent> {
    let mut chain = Vec::new();
    let mut next = Some(top);
    while let Some(id) = next.filter(|id| !id.is_empty()) {
        if chain.len() == DEPTH_MOST {
            return None;
        }
        let layer = layers.get(id)?;
        chain.push(layer);
        next = layer.parent.as_deref();
    }
    let mut sizes = chain.iter().map(|layer| layer.size);
    let bytes = sizes.try_fold(0u64, |sum, size| sum.checked_add(size?));
    Some(Extent {
        layers: u32::try_from(chain.len()).ok()?,
        bytes,
        chain_id: chain_id(chain.iter().rev().map(|layer| layer.diff_id.as_deref())),
        came_packed: chain.first().and_then(|layer| layer.came_packed()),
    })
}

/// The layers of a store's images. What lies below a layer that several images stand on is named
/// once.
pub(super) struct Chains<'a> {
    layers: &'a HashMap<String, Layer>,
    /// By the layer's id; none where one of those at and below it has no diff id.
    named: HashMap<&'a str, Option<String>>,
    /// Layers that may still be told, in all images.
    left: usize,
}

impl<'a> Chains<'a> {
    pub(super) fn new(layers: &'a HashMap<String, Layer>) -> Self {
        Self {
            layers,
            named: HashMap::new(),
            left: LAYERS_MOST,
        }
    }

    /// True if there were more layers than are told.
    pub(super) const fn is_full(&self) -> bool {
        self.left == 0
    }

    /// The layers from `top` down, the lowest first, as an image is told to have them; none if one
    /// is missing or has no diff id, or there are too many.
    pub(super) fn stored(&mut self, top: &str) -> Option<Vec<StoredLayer>> {
        let mut chain = Vec::new();
        let mut next = Some(top);
        while let Some(id) = next.filter(|id| !id.is_empty()) {
            if chain.len() == DEPTH_MOST || self.is_full() {
                return None;
            }
            self.left -= 1;
            let (id, layer) = self.layers.get_key_value(id)?;
            chain.push((id.as_str(), layer));
            next = layer.parent.as_deref();
        }
        let mut below: Option<String> = None;
        let stored = chain.into_iter().rev().map(|(id, layer)| {
            let named = self
                .named
                .entry(id)
                .or_insert_with(|| chain::chain_id(below.as_deref(), layer.diff_id.as_deref()?));
            let chain_id = named.clone()?;
            below = Some(chain_id.clone());
            Some(StoredLayer {
                chain_id,
                unpacked: layer.size,
                ..StoredLayer::default()
            })
        });
        stored.collect()
    }
}

/// The chain id of layers, the lowest first; none if one of them has no diff id.
fn chain_id<'a>(mut diff_ids: impl Iterator<Item = Option<&'a str>>) -> Option<String> {
    let lowest = chain::chain_id(None, diff_ids.next()??)?;
    diff_ids.try_fold(lowest, |below, diff_id| {
        chain::chain_id(Some(&below), diff_id?)
    })
}

#[cfg(test)]
mod tests;

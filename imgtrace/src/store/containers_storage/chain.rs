//! From a layer down to the lowest: how many there are, how large, and the chain id.

use std::collections::HashMap;

use super::records::Layer;
use crate::model::StoredLayer;
use crate::store::chain;

/// The most layers below one another: twice what the driver allows (`drivers/overlay/overlay.go`,
/// `maxDepth`).
const DEPTH_MOST: usize = 1_000;

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

/// The layers from `top` down, the lowest first, as an image is told to have them; none if one is
/// missing or has no diff id, or there are too many.
pub(super) fn stored(layers: &HashMap<String, Layer>, top: &str) -> Option<Vec<StoredLayer>> {
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
    let mut below: Option<String> = None;
    let stored = chain.iter().rev().map(|layer| {
        let chain_id = chain::chain_id(below.as_deref(), layer.diff_id.as_deref()?)?;
        below = Some(chain_id.clone());
        Some(StoredLayer {
            chain_id,
            unpacked: layer.size,
            ..StoredLayer::default()
        })
    });
    stored.collect()
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

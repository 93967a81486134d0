//! How many layers lie below a chain id, and how large they are:
//! `layerdb/sha256/<chain>/{parent,size}`, as moby's `daemon/internal/layer/filestore.go` writes
//! them: a chain id and a decimal number; the lowest layer has no parent.

use std::collections::HashMap;

use super::id::Id;
use crate::store::{Folder, ReadError};

/// The most layers below one another: twice what Docker allows (`maxLayerDepth`, 125).
const DEPTH_MOST: usize = 250;

/// The most chain ids that are remembered of one store; beyond them it is begun anew.
const CHAINS_MOST: usize = 16_384;

/// Bytes of a `parent`: 71, and some for a line end.
const PARENT_MOST: u64 = 80;

/// Bytes of a `size`: an `int64` in decimal, and some for a line end.
const SIZE_MOST: u64 = 24;

/// What lies at and below a chain id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    /// Layers.
    pub(super) layers: u32,
    /// Bytes unpacked; none where one of the layers does not say.
    pub(super) bytes: Option<u64>,
}

/// A layer's chain id and its own bytes.
type Layer = (Id, Option<u64>);

/// The chains of one store, as far as they were walked. A chain id names its content, so what was
/// found stays true.
#[derive(Debug, Default)]
pub(super) struct Chains(HashMap<Id, Extent>);

impl Chains {
    /// What lies at and below `top` in `layers`, the store's `layerdb/sha256`; none if a layer is
    /// missing, or there are too many.
    pub(super) fn extent(&mut self, layers: &Folder, top: Id) -> Option<Extent> {
        let (walked, below) = self.walk(layers, top)?;
        if self.0.len() + walked.len() > CHAINS_MOST {
            self.0.clear();
        }
        let extent = walked
            .into_iter()
            .rev()
            .fold(below, |below, (chain, size)| {
                let extent = Extent {
                    layers: below.layers.saturating_add(1),
                    bytes: below
                        .bytes
                        .zip(size)
                        .and_then(|(below, size)| below.checked_add(size)),
                };
                self.0.insert(chain, extent);
                extent
            });
        Some(extent)
    }

    /// The layers from `top` down that are not known yet, each with its size, and what lies below.
    fn walk(&self, layers: &Folder, top: Id) -> Option<(Vec<Layer>, Extent)> {
        let nothing = Extent {
            layers: 0,
            bytes: Some(0),
        };
        let mut walked = Vec::new();
        let mut next = Some(top);
        while let Some(chain) = next {
            if let Some(known) = self.0.get(&chain) {
                return Some((walked, *known));
            }
            if walked.len() == DEPTH_MOST {
                return None;
            }
            let layer = layers.folder(&chain.to_string()).ok()?;
            walked.push((chain, size(&layer)));
            next = match layer.read("parent", PARENT_MOST) {
                Ok(parent) => Some(Id::parse_digest(&parent)?),
                Err(ReadError::Missing(_)) => None,
                Err(_) => return None,
            };
        }
        Some((walked, nothing))
    }
}

fn size(layer: &Folder) -> Option<u64> {
    let bytes = layer.read("size", SIZE_MOST).ok()?;
    std::str::from_utf8(&bytes).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests;

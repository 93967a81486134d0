//! The overlays among the lines of a mountinfo. Pure.

use std::collections::HashMap;

use super::super::options::{self, Layers};
use super::super::{is_overlay, known::Device};
use crate::mountinfo::{self, unescape};

/// An overlay in a mountinfo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) device: Device,
    pub(super) kind: String,
    pub(super) source: String,
    pub(super) target: String,
    pub(super) layers: Layers,
}

impl Line {
    /// Whether it can be the same mount as another line with its id: an id and a device number are
    /// given out again at once.
    pub(super) fn is_of(&self, other: &Self) -> bool {
        (self.device, &self.layers) == (other.device, &other.layers)
    }
}

/// The overlays of a mountinfo by their ids.
pub(super) fn overlays(text: &[u8]) -> HashMap<u64, Line> {
    mountinfo::Line::all(text).filter_map(overlay).collect()
}

fn overlay(line: mountinfo::Line<'_>) -> Option<(u64, Line)> {
    // Most lines end here.
    if line.kind != b"overlay" && !line.kind.starts_with(b"fuse") {
        return None;
    }
    let (kind, source) = (unescape(line.kind), unescape(line.source));
    is_overlay(&kind, &source, &unescape(line.root)).then(|| {
        let overlay = Line {
            device: line.device,
            kind,
            source,
            target: unescape(line.target),
            layers: options::layers(line.options),
        };
        (line.id, overlay)
    })
}

#[cfg(test)]
mod tests;

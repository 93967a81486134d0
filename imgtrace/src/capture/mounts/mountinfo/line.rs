//! One line of mountinfo (`proc_pid_mountinfo(5)`, the kernel's `show_mountinfo`). Pure.

use std::collections::HashMap;

use super::super::options::{self, Layers};
use super::super::{is_overlay, known::Device};

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

/// The overlays of a mountinfo by their ids; what is no line is skipped.
pub(super) fn overlays(text: &[u8]) -> HashMap<u64, Line> {
    let lines = text.split(|byte| *byte == b'\n');
    lines.filter_map(overlay).collect()
}

/// `36 35 0:98 / /mnt rw,noatime master:1 - overlay overlay rw,lowerdir=/a:/b`.
fn overlay(line: &[u8]) -> Option<(u64, Line)> {
    let dash = line.windows(3).position(|three| three == b" - ")?;
    let (before, after) = line.split_at_checked(dash)?;
    let mut after = after.get(3..)?.splitn(3, |byte| *byte == b' ');
    let kind = after.next()?;
    // Most lines end here.
    if kind != b"overlay" && !kind.starts_with(b"fuse") {
        return None;
    }
    let (kind, source) = (options::field(kind), options::field(after.next()?));
    let layers = options::layers(after.next()?);
    let mut before = before.split(|byte| *byte == b' ');
    let id = std::str::from_utf8(before.next()?).ok()?.parse().ok()?;
    let (major, minor) = std::str::from_utf8(before.nth(1)?).ok()?.split_once(':')?;
    let device = (major.parse().ok()?, minor.parse().ok()?);
    let root = options::field(before.next()?);
    let target = options::field(before.next()?);
    is_overlay(&kind, &source, &root).then_some((
        id,
        Line {
            device,
            kind,
            source,
            target,
            layers,
        },
    ))
}

#[cfg(test)]
mod tests;

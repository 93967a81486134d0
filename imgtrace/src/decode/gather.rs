//! A message that comes in parts: as much of it as is kept.
//!
//! It knows lengths, bounds and gaps, and nothing of what the bytes mean. Nothing is kept behind a
//! gap, so that what is kept is a message's beginning.

#[cfg(test)]
mod tests;

use bytes::Bytes;

use super::flow::Piece;

/// Most bytes of a message that are kept; the rest is counted. A request of the runtimes' APIs has
/// a few KiB, the lists that kubelet asks for every few seconds up to some hundred.
pub(super) const MESSAGE_LIMIT: usize = 65_536;

/// What has come of a message.
pub(super) struct Gather {
    left: u64,
    kept: Vec<u8>,
    /// True while nothing is missing.
    whole: bool,
}

/// A message, or its beginning.
pub(super) struct Gathered {
    pub(super) bytes: Bytes,
    /// True if nothing of it is missing.
    pub(super) whole: bool,
}

impl Gather {
    /// A message of that many bytes, of which none has come.
    pub(super) fn new(len: u64) -> Self {
        Self {
            left: len,
            kept: Vec::new(),
            whole: true,
        }
    }

    /// How many bytes are kept so far.
    pub(super) fn kept(&self) -> usize {
        self.kept.len()
    }

    /// Takes from `input` what belongs to the message, keeping at most `room` bytes more, and gives
    /// it when that was its last. One that comes in one part is not copied.
    pub(super) fn take(&mut self, input: &mut Piece, room: usize) -> Option<Gathered> {
        let part = input.take(self.left);
        self.left -= part.len();
        let room = room.min(MESSAGE_LIMIT - self.kept.len());
        match part {
            Piece::Bytes(bytes) if self.left == 0 && self.whole && self.kept.is_empty() => {
                let whole = bytes.len() <= MESSAGE_LIMIT;
                let bytes = bytes.slice(..bytes.len().min(MESSAGE_LIMIT));
                return Some(Gathered { bytes, whole });
            }
            Piece::Bytes(bytes) if self.whole => {
                let kept = bytes.get(..bytes.len().min(room)).unwrap_or_default();
                self.kept.extend_from_slice(kept);
                self.whole = kept.len() == bytes.len();
            }
            Piece::Bytes(_) => {}
            Piece::Gap(len) => self.whole &= len == 0,
        }
        (self.left == 0).then(|| self.finish())
    }

    /// What has come of a message whose rest never will.
    pub(super) fn finish(&mut self) -> Gathered {
        Gathered {
            bytes: Bytes::from(std::mem::take(&mut self.kept)),
            whole: self.whole && self.left == 0,
        }
    }
}

//! One direction of a connection, put together again: bytes, and gaps of known length.
//!
//! It knows offsets and lengths, and nothing of what the bytes mean. The kernel side says for each
//! record how much was sent before it and how much it had, so everything that was lost (a record
//! that never came) or cut (bulk that was counted and not copied) has a place and a length.

#[cfg(test)]
pub(super) mod hearing;
#[cfg(test)]
mod tests;

use bytes::Bytes;

use super::Segment;
use crate::observation::Anomaly;

/// Part of a byte stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Bytes.
    Bytes(Bytes),
    /// That many bytes were sent and not captured (or not kept).
    Gap(u64),
}

impl Piece {
    /// Nothing.
    pub const EMPTY: Self = Self::Gap(0);

    /// How many bytes were sent.
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Gap(len) => *len,
        }
    }

    /// True if it stands for no byte at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes at most `most` bytes from the front.
    pub(super) fn take(&mut self, most: u64) -> Self {
        match self {
            Self::Bytes(bytes) => {
                let most = usize::try_from(most).unwrap_or(usize::MAX);
                Self::Bytes(bytes.split_to(most.min(bytes.len())))
            }
            Self::Gap(len) => {
                let taken = most.min(*len);
                *len -= taken;
                Self::Gap(taken)
            }
        }
    }
}

/// Where one direction of a connection stands.
#[derive(Debug, Default)]
pub(super) struct Flow {
    /// Offset of the first byte that has not been passed on.
    next: u64,
}

impl Flow {
    /// The stream from where it stood to the end of `segment`: what was lost before it, what it
    /// has, what was cut from it. Each may be empty.
    ///
    /// # Errors
    ///
    /// [`Anomaly::OutOfOrder`] for a segment that begins before the stream's place. It is dropped
    /// as a whole: what it repeats was told already, and what is new in it becomes part of the gap
    /// that the next segment shows.
    pub(super) fn follow(&mut self, segment: Segment) -> Result<[Piece; 3], Anomaly> {
        let lost = segment
            .offset
            .checked_sub(self.next)
            .ok_or(Anomaly::OutOfOrder)?;
        let len = u64::from(segment.len);
        let mut sent = Piece::Bytes(segment.bytes);
        let bytes = sent.take(len);
        let cut = len - bytes.len();
        self.next = segment.offset.saturating_add(len);
        Ok([Piece::Gap(lost), bytes, Piece::Gap(cut)])
    }
}

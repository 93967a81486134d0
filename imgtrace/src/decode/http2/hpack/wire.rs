//! Integers and strings of a header block (RFC 7541 section 5).

use bytes::Bytes;

use super::super::event::Text;
use super::{TEXT_LIMIT, huffman};

/// Why a block cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It ends too early.
    Cut,
    /// An integer beyond what any table or block can have.
    Malformed,
}

/// What is left of a block.
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

/// A string as it was read.
pub(super) struct Read {
    /// What it says; [`Text::Omitted`] if it is longer than [`TEXT_LIMIT`] or its code is none.
    pub(super) text: Text,
    /// Its length in bytes without Huffman coding; null if its code is none.
    pub(super) len: Option<u32>,
}

impl Cursor<'_> {
    pub(super) fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    /// The integer that begins in the lowest `prefix` bits of `first` (section 5.1); beyond 32 bits
    /// it is malformed, as is one with more than five further bytes.
    pub(super) fn integer(&mut self, first: u8, prefix: u32) -> Result<u32, Fault> {
        let most = (1_u64 << prefix) - 1;
        let mut value = u64::from(first) & most;
        if value == most {
            for shift in [0, 7, 14, 21, 28, 35] {
                let byte = self.byte().ok_or(Fault::Cut)?;
                value += u64::from(byte & 0x7f) << shift;
                if byte & 0x80 == 0 {
                    return u32::try_from(value).map_err(|_| Fault::Malformed);
                }
            }
            return Err(Fault::Malformed);
        }
        u32::try_from(value).map_err(|_| Fault::Malformed)
    }

    /// The string that comes next (section 5.2).
    pub(super) fn string(&mut self) -> Result<Read, Fault> {
        let first = self.byte().ok_or(Fault::Cut)?;
        let len = self.integer(first, 7)?;
        let (coded, rest) = usize::try_from(len)
            .ok()
            .and_then(|len| self.0.split_at_checked(len))
            .ok_or(Fault::Cut)?;
        self.0 = rest;
        if first & 0x80 == 0 {
            let text = keep(coded.len(), || Bytes::copy_from_slice(coded));
            return Ok(Read {
                text,
                len: Some(len),
            });
        }
        let Some(plain) = huffman::decode(coded) else {
            return Ok(Read {
                text: Text::Omitted,
                len: None,
            });
        };
        let len = u32::try_from(plain.len()).ok();
        let text = keep(plain.len(), || Bytes::from(plain.into_boxed_slice()));
        Ok(Read { text, len })
    }
}

/// A text of that length, if it is kept.
fn keep(len: usize, text: impl FnOnce() -> Bytes) -> Text {
    if len > TEXT_LIMIT {
        Text::Omitted
    } else {
        Text::Known(text())
    }
}

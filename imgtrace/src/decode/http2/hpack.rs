//! HPACK (RFC 7541) for a listener that may have come late.
//!
//! It knows header blocks and the dynamic table of one direction, and nothing of frames or streams.
//! What makes it different from the decoders of clients and servers:
//!
//! - An index beyond what was seen is no error: the field is [`Text::Unknown`], with the number of
//!   its entry, and the block goes on. A literal whose name stands in such an entry takes its own.
//! - Entries are found by counting from the newest, so whatever was inserted since the listener
//!   came resolves exactly, whatever stood there before. Eviction only frees memory: no lookup
//!   depends on it.
//! - A block never fails as a whole. What cannot be read on (an integer that overflows, a string
//!   that is longer than the block) leaves the fields before it and an unknown table, because the
//!   rest may have inserted any number of entries.

mod fixed;
mod huffman;
mod table;
#[cfg(test)]
mod tests;
mod wire;

use super::event::{Field, Text};
use table::{Entry, Found, Table};
use wire::{Cursor, Fault};

/// Longest name or value that is kept; a longer one still takes its slot, as [`Text::Omitted`].
pub(super) const TEXT_LIMIT: usize = 4_096;
/// Most fields of a block that are told; the rest only does its work in the table.
pub(super) const FIELD_LIMIT: usize = 512;

/// About how many fields a request of gRPC has.
const FIELDS_USUAL: usize = 12;

/// The decoder of one direction's header blocks.
pub(super) struct Decoder {
    table: Table,
}

/// What a header block says.
pub(super) struct Block {
    /// Its fields in the order of the wire, as far as it could be read, at most [`FIELD_LIMIT`].
    pub(super) fields: Vec<Field>,
    /// True if something in it is not allowed, or goes beyond a bound.
    pub(super) malformed: bool,
    /// True if it could not be read to its end, so that the table is unknown from here on and its
    /// slots are numbered anew.
    pub(super) lost: bool,
}

impl Decoder {
    /// A decoder that follows the table from its beginning, or one that is `joined` in mid-stream.
    pub(super) fn new(joined: bool) -> Self {
        Self {
            table: if joined {
                Table::unseen()
            } else {
                Table::empty()
            },
        }
    }

    /// Forgets the table: any number of blocks were missed.
    pub(super) fn forget(&mut self) {
        self.table = Table::unseen();
    }

    /// Reads a header block, or what there is of one that is not `whole`.
    pub(super) fn decode(&mut self, block: &[u8], whole: bool) -> Block {
        let mut read = Block {
            fields: Vec::with_capacity(block.len().min(FIELDS_USUAL)),
            malformed: false,
            lost: false,
        };
        let mut rest = Cursor(block);
        while let Some(first) = rest.byte() {
            if let Err(fault) = self.step(first, &mut rest, &mut read) {
                read.malformed |= whole || fault == Fault::Malformed;
                read.lost = true;
                break;
            }
        }
        if read.lost || !whole {
            read.lost = true;
            self.forget();
        }
        read
    }

    /// Reads one representation, whose first byte was taken (RFC 7541 section 6).
    fn step(&mut self, first: u8, rest: &mut Cursor<'_>, read: &mut Block) -> Result<(), Fault> {
        match first.leading_zeros() {
            0 => {
                let index = rest.integer(first, 7)?;
                let entry = self.find(index, read);
                read.tell(entry);
            }
            1 => {
                let literal = self.literal(first, 6, rest, read)?;
                let slot = self.table.insert(literal.clone());
                read.tell(Found {
                    slot: Some(slot),
                    entry: literal,
                });
            }
            2 => {
                let size = rest.integer(first, 5)?;
                // Section 4.2: only at the beginning of a block.
                read.malformed |= !read.fields.is_empty();
                self.table.resize(size);
            }
            // Without indexing, or never indexed: the difference concerns proxies.
            _ => {
                let entry = self.literal(first, 4, rest, read)?;
                read.tell(Found { slot: None, entry });
            }
        }
        Ok(())
    }

    /// Reads a literal field, whose name stands in the table or behind the first byte.
    fn literal(
        &self,
        first: u8,
        prefix: u32,
        rest: &mut Cursor<'_>,
        read: &mut Block,
    ) -> Result<Entry, Fault> {
        let (name, name_len) = match rest.integer(first, prefix)? {
            0 => read.string(rest)?,
            index => {
                let named = self.find(index, read).entry;
                (named.name, named.name_len)
            }
        };
        let (value, value_len) = read.string(rest)?;
        Ok(Entry {
            name,
            name_len,
            value,
            value_len,
        })
    }

    /// What stands at an index, static entries first (section 2.3.3).
    fn find(&self, index: u32, read: &mut Block) -> Found {
        let found = match index.checked_sub(fixed::LEN) {
            None | Some(0) => fixed::find(index),
            Some(place) => self.table.find(place),
        };
        found.unwrap_or_else(|| {
            read.malformed = true;
            Found::NOTHING
        })
    }
}

impl Block {
    /// Reads a string; its Huffman code may be none, which harms nothing else.
    fn string(&mut self, rest: &mut Cursor<'_>) -> Result<(Text, u32), Fault> {
        let string = rest.string()?;
        self.malformed |= string.len.is_none();
        Ok((string.text, string.len.unwrap_or(0)))
    }

    fn tell(&mut self, found: Found) {
        if self.fields.len() == FIELD_LIMIT {
            self.malformed = true;
            return;
        }
        self.fields.push(Field {
            name: found.entry.name,
            value: found.entry.value,
            slot: found.slot,
        });
    }
}

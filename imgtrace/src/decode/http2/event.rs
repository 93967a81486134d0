//! What the HTTP/2 parser tells those who know what is said on a stream.

use bytes::Bytes;

use crate::decode::Direction;
use crate::decode::flow::Piece;
use crate::model::Stamp;
use crate::observation::Anomaly;

/// An entry of a dynamic table (RFC 7541 section 2.3.2), numbered by insertion since the table is
/// followed: the first that was seen to be inserted is 0, those from before are negative.
///
/// Indices count from the newest entry, so an entry keeps its number while indices move, also one
/// that was never seen: what is learnt of it once holds as long as it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub i64);

/// A name or a value in a header block.
///
/// It may be a secret (`authorization`), so this type has no `Debug` that shows it.
#[derive(Clone, PartialEq, Eq)]
pub enum Text {
    /// As it was sent, Huffman coding removed.
    Known(Bytes),
    /// It stands in an entry of the table that was never seen, or is not kept any more.
    Unknown(Slot),
    /// It was sent and is not kept: it is longer than 4 KiB, or could not be read.
    Omitted,
}

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Known(bytes) => write!(f, "({} bytes)", bytes.len()),
            Self::Unknown(slot) => write!(f, "{slot:?}"),
            Self::Omitted => write!(f, "(omitted)"),
        }
    }
}

/// A field of a header block, in the order of the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: Text,
    /// Its value.
    pub value: Text,
    /// The entry that it stands in, or was just given; null for one that stands in none (a
    /// literal without indexing, an entry of the static table).
    pub slot: Option<Slot>,
}

/// What happened on a connection.
///
/// A stream is known by its number; on a connection whose beginning was not seen its first event
/// may be any of these. After `Interrupted` the slots of that direction begin anew: a [`Slot`]
/// from before means nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A whole header block: a request's or an answer's head, or trailers.
    Headers {
        /// The stream.
        stream: u32,
        /// Who sent it.
        direction: Direction,
        /// Its fields.
        fields: Vec<Field>,
        /// True if the sender says no more on this stream.
        end: bool,
        /// When its last byte was read.
        at: Stamp,
    },
    /// Part of a stream's data, padding removed.
    Data {
        /// The stream.
        stream: u32,
        /// Who sent it.
        direction: Direction,
        /// The bytes or the gap; empty where only `end` is said.
        piece: Piece,
        /// True if the sender says no more on this stream.
        end: bool,
        /// When it was read.
        at: Stamp,
    },
    /// A stream was given up (`RST_STREAM`, RFC 9113 section 6.4).
    Reset {
        /// The stream.
        stream: u32,
        /// Who gave it up.
        direction: Direction,
        /// The error code (RFC 9113 section 7).
        code: u32,
        /// When.
        at: Stamp,
    },
    /// The place in one direction was lost: any number of frames of any stream in it were missed,
    /// until something is told of it again. Or only a header block was missed in part or cannot be
    /// read on, and with it what the table holds.
    Interrupted {
        /// The direction.
        direction: Direction,
        /// When.
        at: Stamp,
    },
    /// Something that the protocol does not allow or that cannot be followed.
    Anomaly(Anomaly),
}

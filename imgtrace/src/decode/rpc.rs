//! Remote procedure calls, by gRPC or by ttrpc: what the readers of the APIs are told.
//!
//! It knows calls, their messages and how they end; not what carries them, and not what they mean.

use bytes::Bytes;

use super::{Direction, Exchange};
use crate::model::{Basis, Correlation, Stamp};
use crate::observation::Anomaly;

/// Calls of one connection that are followed at once. Of more the oldest is given up.
///
/// grpc-go's servers take as many as come, containerd and dockerd among them; clients that are
/// known have a few dozen.
pub(super) const CALLS_MAX: usize = 16_384;

/// One message of a call.
///
/// It may hold secrets (credentials, environments), so this type has no `Debug` that shows it, and
/// readers take the fields that they know and nothing else.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// The message, decompressed, as far as it is known: cut at a budget or at a gap. A Protobuf
    /// message that is cut yields the fields before the cut.
    pub bytes: Bytes,
    /// True if it is whole.
    pub complete: bool,
    /// Its length as it was sent, in bytes (compressed where it was).
    pub len: u64,
}

impl Message {
    /// One of no bytes, where a message must be and none was sent.
    pub(super) fn empty(complete: bool) -> Self {
        Self {
            bytes: Bytes::new(),
            complete,
            len: 0,
        }
    }
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (known, len) = (self.bytes.len(), self.len);
        write!(f, "Message({known} of {len} bytes)")
    }
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The server answered with this status (gRPC `doc/statuscodes.md`; 0 is ok) and message, which
    /// may quote anything: readers clean it.
    Status {
        /// The code; null where the trailers had one that could not be read.
        code: Option<u32>,
        /// `grpc-message` with its percent-encoding removed, or ttrpc's status message.
        message: String,
    },
    /// The client gave it up (`RST_STREAM` with CANCEL), or the server did without a status.
    Cancelled,
    /// Its end was not seen: the connection is gone, or the end fell into a gap.
    Unseen,
}

/// What happened on a connection.
///
/// For each exchange: one `Called`, any number of `Message` in either direction, one `Ended`.
/// `Withdrawn` takes back a `Called` whose method was guessed and turned out to be another; it may
/// come after `Ended`, and a new `Called` of the same exchange may follow if it had not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A call whose method is known, seen or concluded.
    Called {
        /// Its number.
        exchange: Exchange,
        /// `/package.Service/Method`.
        path: String,
        /// How the path is known.
        basis: Basis,
        /// `containerd-namespace` or `containerd-namespace-ttrpc`; null where there is none or it is
        /// not known.
        namespace: Option<String>,
        /// What tells which other request it was made for.
        correlation: Correlation,
        /// When its head was complete.
        at: Stamp,
    },
    /// A message.
    Message {
        /// The call.
        exchange: Exchange,
        /// Who sent it.
        direction: Direction,
        /// The message.
        message: Message,
        /// When its last byte was read.
        at: Stamp,
    },
    /// The call has ended.
    Ended {
        /// The call.
        exchange: Exchange,
        /// How.
        end: End,
        /// When.
        at: Stamp,
    },
    /// A `Called` was a wrong guess.
    Withdrawn {
        /// The call.
        exchange: Exchange,
    },
    /// Something that cannot be followed.
    Anomaly(Anomaly),
}

//! What the HTTP/1 parser tells the API readers.

use crate::decode::flow::Piece;
use crate::decode::{Direction, Exchange};
use crate::model::Stamp;
use crate::observation::Anomaly;

/// Request methods that the APIs use (RFC 9110 section 9.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the methods' own names")]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Delete,
    Options,
    Other,
}

/// The parts of a request's head that the API readers may know.
///
/// No other header is ever kept, so credentials in headers cannot leave the parser. The target can
/// hold secrets (build arguments, Podman's `password=`): readers take the keys that they know and
/// nothing else, and this type has no `Debug` that shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestHead {
    /// The method.
    pub method: Method,
    /// The path, percent-encoded as sent, without the query.
    pub path: String,
    /// The query, without the question mark; empty where there is none.
    pub query: String,
    /// `Content-Type`'s media type in lower case, without parameters; empty where there is none.
    pub content_type: String,
    /// When the head was complete.
    pub at: Stamp,
}

impl std::fmt::Debug for RequestHead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestHead")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("query", &format_args!("({} bytes)", self.query.len()))
            .finish_non_exhaustive()
    }
}

/// The parts of an answer's head that the API readers may know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseHead {
    /// The status code; never 1xx except 101.
    pub status: u16,
    /// `Content-Type`'s media type in lower case, without parameters; empty where there is none.
    pub content_type: String,
    /// The `Server` header, such as `Docker/28.5.2 (linux)`; empty where there is none.
    pub server: String,
    /// `Api-Version`, which dockerd and Podman add to every answer: the newest version of Docker's
    /// API that they speak. Empty where there is none.
    pub api_version: String,
    /// When the head was complete.
    pub at: Stamp,
}

/// What happened on a connection.
///
/// For each exchange: `Request`, any number of `Body` and one `End` in direction `ToServer`, and
/// `Response`, `Body` and `End` in direction `ToClient`; the two directions may interleave, and an
/// answer may end before its request does. `Upgraded` takes the place of the answer's `End`.
/// `Abandoned` ends whatever had not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A request's head.
    Request {
        /// Its number, counting from 0 on the connection.
        exchange: Exchange,
        /// The head.
        head: RequestHead,
    },
    /// An answer's final head (interim answers are left out).
    Response {
        /// The exchange that it answers.
        exchange: Exchange,
        /// The head.
        head: ResponseHead,
    },
    /// Part of a body.
    Body {
        /// The exchange.
        exchange: Exchange,
        /// `ToServer` for a request's body.
        direction: Direction,
        /// The bytes or the gap, transfer coding removed. A gap of 0 is one of unknown length: all that follows in
        /// this body.
        piece: Piece,
        /// When it was read.
        at: Stamp,
    },
    /// A message is complete in one direction.
    End {
        /// The exchange.
        exchange: Exchange,
        /// `ToServer` for the request.
        direction: Direction,
        /// When its last byte was read.
        at: Stamp,
    },
    /// The answer was 101, or the exchange took over the connection otherwise: what follows is not
    /// HTTP/1. The exchange lasts as long as the connection, whose end is its `Abandoned`.
    Upgraded {
        /// The exchange.
        exchange: Exchange,
        /// The `Upgrade` header of the answer in lower case (`h2c`, `tcp`); empty where there is
        /// none.
        protocol: String,
        /// When.
        at: Stamp,
    },
    /// The rest of an exchange will never be seen: the connection is gone or its framing is lost.
    Abandoned {
        /// The exchange.
        exchange: Exchange,
        /// When.
        at: Stamp,
    },
    /// Something that the protocol does not allow or that cannot be followed.
    Anomaly(Anomaly),
}

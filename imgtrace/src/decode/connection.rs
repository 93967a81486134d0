//! One connection from its bytes to its events.
//!
//! It knows which parts a connection is made of: a stream for each direction, the protocol that is
//! spoken, and the reader of the API that is spoken over it. It knows none of them from inside.

#[cfg(test)]
mod tests;

use bytes::Bytes;

use super::api::docker::Reader;
use super::flow::{Flow, Piece};
use super::http1::{self, Parser};
use super::{Direction, Event, Segment};
use crate::model::Stamp;
use crate::observation::Anomaly;

/// What an HTTP/2 client sends first (RFC 9113 section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The decoder of one connection.
pub struct Connection {
    to_server: Flow,
    to_client: Flow,
    protocol: Protocol,
}

/// What is spoken.
enum Protocol {
    /// The client has said no more than this beginning of [`PREFACE`].
    Undecided(Vec<u8>),
    /// HTTP/1.1, or a connection joined in mid-stream that may turn out to be.
    Http1(Box<Http1>),
    /// Something else; complained of once, and dropped.
    Unknown,
}

/// A connection that speaks HTTP/1.1.
struct Http1 {
    parser: Parser,
    reader: Reader,
}

impl Connection {
    /// A connection from its first byte, or one that was there already (`joined`).
    pub fn new(joined: bool) -> Self {
        Self {
            to_server: Flow::default(),
            to_client: Flow::default(),
            protocol: if joined {
                Protocol::Http1(Box::new(Http1::new(true)))
            } else {
                Protocol::Undecided(Vec::new())
            },
        }
    }

    /// Takes the next segment, in the order in which the receivers read them, and tells what it
    /// means. What cannot be decoded is an [`Event::Anomaly`].
    pub fn push(&mut self, segment: Segment, out: &mut Vec<Event>) {
        let (at, direction) = (segment.at, segment.direction);
        let flow = match direction {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        };
        match flow.follow(segment) {
            Ok(pieces) => {
                for piece in pieces.into_iter().filter(|piece| !piece.is_empty()) {
                    self.protocol.push(direction, piece, at, out);
                }
            }
            Err(anomaly) => out.push(Event::Anomaly(anomaly)),
        }
    }

    /// The connection is gone; what has not ended ends here.
    pub fn close(&mut self, at: Stamp, out: &mut Vec<Event>) {
        if let Protocol::Http1(http1) = &mut self.protocol {
            http1.close(at, out);
        }
        self.protocol = Protocol::Unknown;
    }
}

impl Protocol {
    fn push(&mut self, direction: Direction, piece: Piece, at: Stamp, out: &mut Vec<Event>) {
        match self {
            Self::Undecided(begun) => match sniff(begun, direction, &piece) {
                Sniffed::Unsure => {}
                Sniffed::Http2 => {
                    *self = Self::Unknown;
                    out.push(Event::Anomaly(Anomaly::UnknownProtocol));
                }
                Sniffed::Http1 => {
                    let mut http1 = Http1::new(false);
                    let begun = Piece::Bytes(Bytes::from(std::mem::take(begun)));
                    http1.push(Direction::ToServer, begun, at, out);
                    http1.push(direction, piece, at, out);
                    *self = Self::Http1(Box::new(http1));
                }
            },
            Self::Http1(http1) => http1.push(direction, piece, at, out),
            Self::Unknown => {}
        }
    }
}

/// What a connection's first bytes say of its protocol.
enum Sniffed {
    Unsure,
    Http1,
    Http2,
}

/// Looks at the next piece behind `begun`, which takes it in while it says nothing yet.
fn sniff(begun: &mut Vec<u8>, direction: Direction, piece: &Piece) -> Sniffed {
    let (Direction::ToServer, Piece::Bytes(bytes)) = (direction, piece) else {
        return Sniffed::Http1;
    };
    let rest = PREFACE.get(begun.len()..).unwrap_or_default();
    if bytes.starts_with(rest) {
        Sniffed::Http2
    } else if rest.starts_with(bytes) {
        begun.extend_from_slice(bytes);
        Sniffed::Unsure
    } else {
        Sniffed::Http1
    }
}

impl Http1 {
    fn new(joined: bool) -> Self {
        Self {
            parser: Parser::new(joined),
            reader: Reader::new(),
        }
    }

    fn push(&mut self, direction: Direction, piece: Piece, at: Stamp, out: &mut Vec<Event>) {
        let mut told = Vec::new();
        self.parser.push(direction, piece, at, &mut told);
        self.read(told, out);
    }

    fn close(&mut self, at: Stamp, out: &mut Vec<Event>) {
        let mut told = Vec::new();
        self.parser.close(at, &mut told);
        self.read(told, out);
    }

    fn read(&mut self, told: Vec<http1::Event>, out: &mut Vec<Event>) {
        for event in told {
            self.reader.read(event, out);
        }
    }
}

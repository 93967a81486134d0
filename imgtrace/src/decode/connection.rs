//! One connection from its bytes to its events.
//!
//! It knows which parts a connection is made of: a stream for each direction, the protocol that is
//! spoken, and the readers of the APIs that are spoken over it. It knows none of them from inside.
//! The parts: `sniff` tells the protocol by a connection's first bytes, `joined` by what bears
//! itself out in mid-stream; `over_http1`, `over_http2` and `over_ttrpc` are what follows, and
//! `upgraded` what follows an HTTP/1 exchange that took the connection over.

mod joined;
mod over_http1;
mod over_http2;
mod over_ttrpc;
mod plain;
mod sniff;
#[cfg(test)]
mod tests;
mod upgraded;

use joined::Joined;
use over_http1::Http1;
use over_http2::Http2;
use over_ttrpc::Ttrpc;
use sniff::{Sniffed, Sniffer};

use super::flow::{Flow, Piece};
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
    /// Too little was said to tell.
    Undecided(Sniffer),
    /// It was there already, and nothing has borne itself out.
    Joined(Box<Joined>),
    Http1(Box<Http1>),
    Http2(Box<Http2>),
    Ttrpc(Box<Ttrpc>),
    /// Something else; complained of once, and dropped.
    Unknown,
}

impl Connection {
    /// A connection from its first byte, or one that was there already (`joined`).
    pub fn new(joined: bool) -> Self {
        Self {
            to_server: Flow::default(),
            to_client: Flow::default(),
            protocol: if joined {
                Protocol::Joined(Box::new(Joined::new()))
            } else {
                Protocol::Undecided(Sniffer::default())
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
        match &mut self.protocol {
            Protocol::Http1(http1) => http1.close(at, out),
            Protocol::Http2(http2) => http2.close(at, out),
            Protocol::Ttrpc(ttrpc) => ttrpc.close(at, out),
            Protocol::Undecided(_) | Protocol::Joined(_) | Protocol::Unknown => {}
        }
        self.protocol = Protocol::Unknown;
    }
}

impl Protocol {
    fn push(&mut self, direction: Direction, piece: Piece, at: Stamp, out: &mut Vec<Event>) {
        match self {
            Self::Undecided(sniffer) => {
                if let Some(sniffed) = sniffer.hear(direction, piece, at) {
                    let heard = sniffer.take();
                    *self = Self::of(sniffed, out);
                    for (direction, piece, at) in heard {
                        self.push(direction, piece, at, out);
                    }
                }
            }
            Self::Joined(joined) => {
                if let Some(found) = joined.push(direction, piece, at, out) {
                    *self = found;
                }
            }
            Self::Http1(http1) => http1.push(direction, piece, at, out),
            Self::Http2(http2) => {
                http2.push(direction, piece, at, out);
                if http2.is_over() {
                    *self = Self::Unknown;
                }
            }
            Self::Ttrpc(ttrpc) => ttrpc.push(direction, piece, at, out),
            Self::Unknown => {}
        }
    }

    /// A connection whose first bytes are those of that protocol.
    fn of(sniffed: Sniffed, out: &mut Vec<Event>) -> Self {
        match sniffed {
            Sniffed::Http1 => Self::Http1(Box::new(Http1::new(false))),
            Sniffed::Http2 => Self::Http2(Box::new(Http2::new(false))),
            Sniffed::Ttrpc => Self::Ttrpc(Box::new(Ttrpc::new(false))),
            Sniffed::Nothing => Self::Joined(Box::new(Joined::new())),
            Sniffed::Other => {
                out.push(Event::Anomaly(Anomaly::UnknownProtocol));
                Self::Unknown
            }
        }
    }
}

//! What follows an answer of 101 with `Upgrade: h2c`: HTTP/2, whose client is whoever sends the
//! preface.
//!
//! On /grpc that is the client of the connection, and BuildKit's API is spoken. On /session it is
//! the daemon (moby `daemon/server/router/session`): the build's own channel, by which BuildKit asks
//! for files and credentials. Nothing of that is an operation, and nothing of it is kept.

use super::PREFACE;
use super::over_http2::Http2;
use crate::decode::flow::Piece;
use crate::decode::{Direction, Event};
use crate::model::Stamp;

/// Most bytes that are held until a preface is complete.
const HELD_MAX: u64 = 16_384;

/// What is spoken there.
pub(super) enum Upgraded {
    /// Who is the client has not shown.
    Waiting(Waiting),
    /// gRPC, by the client of the connection.
    Http2(Box<Http2>),
    /// A channel of no interest.
    Ignored,
}

/// What was heard so far.
pub(super) struct Waiting {
    /// As much of [`PREFACE`] as each side has said, the client's first; null for a side that
    /// has said something else.
    prefaces: [Option<usize>; 2],
    heard: Vec<(Direction, Piece, Stamp)>,
    len: u64,
}

impl Default for Upgraded {
    fn default() -> Self {
        Self::Waiting(Waiting {
            prefaces: [Some(0); 2],
            heard: Vec::new(),
            len: 0,
        })
    }
}

impl Upgraded {
    pub(super) fn push(
        &mut self,
        direction: Direction,
        piece: Piece,
        at: Stamp,
        out: &mut Vec<Event>,
    ) {
        match self {
            Self::Waiting(_) if piece.is_empty() => {}
            Self::Waiting(waiting) => {
                if let Some(shown) = waiting.hear(direction, piece, at) {
                    let heard = std::mem::take(&mut waiting.heard);
                    *self = shown;
                    for (direction, piece, at) in heard {
                        self.push(direction, piece, at, out);
                    }
                }
            }
            Self::Http2(http2) => {
                http2.push(direction, piece, at, out);
                if http2.is_over() {
                    *self = Self::Ignored;
                }
            }
            Self::Ignored => {}
        }
    }

    pub(super) fn close(&mut self, at: Stamp, out: &mut Vec<Event>) {
        if let Self::Http2(http2) = self {
            http2.close(at, out);
        }
    }
}

impl Waiting {
    /// Takes in what comes next; what is spoken, when that shows or cannot show any more.
    fn hear(&mut self, direction: Direction, piece: Piece, at: Stamp) -> Option<Upgraded> {
        let [client, server] = &mut self.prefaces;
        let preface = match direction {
            Direction::ToServer => client,
            Direction::ToClient => server,
        };
        *preface = preface.and_then(|said| follow(said, &piece));
        let is_complete = preface.is_some_and(|said| said == PREFACE.len());
        self.len += piece.len();
        self.heard.push((direction, piece, at));
        if is_complete && direction == Direction::ToServer {
            return Some(Upgraded::Http2(Box::new(Http2::new(false))));
        }
        let is_hopeless = self.prefaces == [None; 2] || self.len > HELD_MAX;
        (is_complete || is_hopeless).then_some(Upgraded::Ignored)
    }
}

/// How much of [`PREFACE`] a side has said that had said so much; null if it says something else.
fn follow(said: usize, piece: &Piece) -> Option<usize> {
    let Piece::Bytes(bytes) = piece else {
        return None;
    };
    let rest = PREFACE.get(said..)?;
    let (shorter, longer) = if bytes.len() < rest.len() {
        (&bytes[..], rest)
    } else {
        (rest, &bytes[..])
    };
    longer.starts_with(shorter).then(|| said + shorter.len())
}

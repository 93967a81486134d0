//! Both directions of a connection, followed together.

#[cfg(test)]
mod tests;

use super::event::Event;
use super::report::Report;
use super::side::Side;
use crate::decode::Direction;
use crate::decode::flow::Piece;
use crate::model::Stamp;

/// A passive parser of one connection's HTTP/2.
///
/// It keeps a header block that is not complete (at most 64 KiB a direction) and the two dynamic
/// tables (4 KiB each unless their encoders say more, at most 64 KiB, in the measure of RFC 7541
/// section 4.1). It keeps nothing of streams, so any number of them costs nothing, and nothing of
/// their data.
pub struct Parser {
    to_server: Side,
    to_client: Side,
}

/// How sure a parser is that a connection is HTTP/2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Footing {
    /// It is, and at least one direction is followed.
    Certain,
    /// Nothing says yet that it is, or that it is not.
    Unsure,
    /// It is not; nothing more is told.
    NotThis,
}

impl Parser {
    /// A parser for a connection from its first byte, or `joined` in mid-stream. `client` is the
    /// direction in which the HTTP/2 client sends, which is [`Direction::ToClient`] where the roles
    /// were reversed (Docker's `/session`).
    pub fn new(client: Direction, joined: bool) -> Self {
        let side = |direction| {
            if joined {
                Side::joined()
            } else {
                Side::from_beginning(direction == client)
            }
        };
        Self {
            to_server: side(Direction::ToServer),
            to_client: side(Direction::ToClient),
        }
    }

    /// Takes the next piece of a direction and tells what it means. Never fails; what cannot be
    /// followed is an [`Event::Anomaly`].
    pub fn push(&mut self, direction: Direction, piece: Piece, at: Stamp, out: &mut Vec<Event>) {
        if self.footing() == Footing::NotThis {
            return;
        }
        let (side, other) = match direction {
            Direction::ToServer => (&mut self.to_server, &self.to_client),
            Direction::ToClient => (&mut self.to_client, &self.to_server),
        };
        let mut report = Report { direction, at, out };
        side.push(piece, other.takes(), &mut report);
    }

    /// How sure it is that this is HTTP/2 at all.
    pub fn footing(&self) -> Footing {
        let sides = [&self.to_server, &self.to_client];
        if sides.iter().any(|side| side.is_foreign()) {
            Footing::NotThis
        } else if sides.iter().all(|side| side.is_lost()) {
            Footing::Unsure
        } else {
            Footing::Certain
        }
    }
}

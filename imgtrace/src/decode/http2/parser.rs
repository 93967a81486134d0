//! Both directions of a connection, followed together.

#[cfg(test)]
mod tests;

use super::event::Event;
use super::frame::DEFAULT_MAX_LEN;
use super::report::Report;
use super::search::Search;
use super::side::Side;
use crate::decode::Direction;
use crate::decode::flow::Piece;
use crate::model::Stamp;

/// A passive parser of one connection's HTTP/2.
///
/// It keeps a header block that is not complete (at most 64 KiB a direction) and the two dynamic
/// tables (4 KiB each unless their encoders say more, at most 64 KiB, in the measure of RFC 7541
/// section 4.1). It keeps nothing of streams but the last numbers, so any number of them costs
/// nothing, and nothing of their data, except while the place in a direction is searched: then at
/// most 64 KiB and a frame of that direction.
pub struct Parser {
    /// The direction in which the client sends.
    asking: Direction,
    client: Side,
    server: Side,
    /// True once it is known to be HTTP/2.
    certain: bool,
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
        let side = if joined {
            Side::joined
        } else {
            Side::from_beginning
        };
        Self {
            asking: client,
            client: side(true),
            server: side(false),
            certain: !joined,
        }
    }

    /// Takes the next piece of a direction and tells what it means. Never fails; what cannot be
    /// followed is an [`Event::Anomaly`].
    pub fn push(
        &mut self,
        direction: Direction,
        mut piece: Piece,
        at: Stamp,
        out: &mut Vec<Event>,
    ) {
        if piece.is_empty() || self.footing() == Footing::NotThis {
            return;
        }
        loop {
            let told = out.len();
            let (side, other) = self.sides(direction);
            let mut report = Report { direction, at, out };
            let more = side.step(&mut piece, other.takes(), &mut report);
            self.find_places(told, out);
            if !more {
                break;
            }
        }
    }

    /// How sure it is that this is HTTP/2 at all. For a connection that is not joined this is
    /// [`Footing::Certain`] until the first bytes say otherwise. A joined one is never
    /// [`Footing::NotThis`]: a long frame may hold anything.
    pub fn footing(&self) -> Footing {
        if self.client.is_foreign() || self.server.is_foreign() {
            Footing::NotThis
        } else if self.certain {
            Footing::Certain
        } else {
            Footing::Unsure
        }
    }

    /// The side that sends in that direction, and the other.
    fn sides(&mut self, direction: Direction) -> (&mut Side, &Side) {
        if direction == self.asking {
            (&mut self.client, &self.server)
        } else {
            (&mut self.server, &self.client)
        }
    }

    /// Believes the places that the other side bears out (see [`search`](super::search)). What was
    /// heard from there on is told now, in the order in which it was heard, before what the last
    /// step told (`out` from `told` on).
    fn find_places(&mut self, told: usize, out: &mut Vec<Event>) {
        let (client, server) = (&self.client, &self.server);
        if client.search().is_none() && server.search().is_none() {
            return;
        }
        let begun = |side: &Side| side.search().is_none_or(Search::is_begun);
        let both = begun(client) && begun(server);
        let answered = both && client.trail().is_answered_by(server.trail());
        let met = both && client.trail().meets(server.trail());
        let is_found = |side: &Side, other: &Side| {
            let most = other.takes().unwrap_or_default().max(DEFAULT_MAX_LEN);
            let search = side.search();
            search.is_some_and(|search| answered || met && search.is_long(most))
        };
        let found = [is_found(client, server), is_found(server, client)];
        if found == [false, false] {
            return;
        }
        self.certain = true;
        let last = out.split_off(told);
        self.hear_again(found, out);
        out.extend(last);
    }

    /// Tells what was held of the sides (client, server) whose place was `found`.
    fn hear_again(&mut self, found: [bool; 2], out: &mut Vec<Event>) {
        let answering = match self.asking {
            Direction::ToServer => Direction::ToClient,
            Direction::ToClient => Direction::ToServer,
        };
        let sides = [
            (self.asking, &mut self.client),
            (answering, &mut self.server),
        ];
        let mut heard = Vec::new();
        for ((direction, side), found) in sides.into_iter().zip(found) {
            if found && let Some(held) = side.believe() {
                let pieces = held.into_pieces().into_iter();
                heard.extend(pieces.map(|(at, piece)| (at, direction, piece)));
            }
        }
        heard.sort_by_key(|(at, ..)| at.mono);
        for (at, direction, piece) in heard {
            self.push(direction, piece, at, out);
        }
    }
}

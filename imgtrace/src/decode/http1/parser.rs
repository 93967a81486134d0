//! Both directions of a connection, followed together.

mod answers;
mod requests;
#[cfg(test)]
mod tests;

use answers::Answers;
use requests::Requests;

use super::event::Event;
use super::exchange::Exchanges;
use super::turn::Turns;
use crate::decode::Direction;
use crate::decode::flow::Piece;
use crate::model::Stamp;
use crate::observation::Anomaly;

/// A passive parser of one connection's HTTP/1.
///
/// It keeps a head that is not complete (at most 64 KiB a direction), what it must know of the
/// exchanges that have not ended, and, only while it has no footing, one request that is not
/// believed yet (at most 256 KiB of its body). Of a body that goes by it keeps nothing.
///
/// An answer must be read after its request's head was. A server that answers the first of two
/// pipelined requests before it has read the end of a buffer that holds both is taken for one
/// that answers without a request.
pub struct Parser {
    requests: Requests,
    answers: Answers,
    exchanges: Exchanges,
    turns: Turns,
    /// True once an answer's head was seen.
    answered: bool,
    /// True if the server said of the answer that it sends that it is its last.
    closing: bool,
    /// True when whatever follows is not HTTP/1.
    over: bool,
}

impl Parser {
    /// A parser for a connection from its first byte, or `joined` in mid-stream.
    pub fn new(joined: bool) -> Self {
        let (requests, answers) = if joined {
            (Requests::Lost, Answers::Lost)
        } else {
            (Requests::follow(), Answers::follow())
        };
        Self {
            requests,
            answers,
            exchanges: Exchanges::default(),
            turns: Turns::default(),
            answered: false,
            closing: false,
            over: false,
        }
    }

    /// Takes the next piece of a direction and tells what it means. Never fails; what cannot be
    /// followed is an [`Event::Anomaly`], told once for each time that the footing is lost. Gives
    /// back what comes behind an answer that took over the connection.
    pub fn push(
        &mut self,
        direction: Direction,
        piece: Piece,
        at: Stamp,
        out: &mut Vec<Event>,
    ) -> Piece {
        if piece.is_empty() || self.over {
            return piece;
        }
        let turn = self.turns.begins(direction, &piece);
        match direction {
            Direction::ToServer => {
                self.settle_unframed(at, out);
                self.hear_client(piece, turn, at, out);
                Piece::EMPTY
            }
            Direction::ToClient => self.hear_server(piece, at, out),
        }
    }

    /// The connection is gone. Ends an answer that was to end with it, and gives up the rest; the
    /// exchange of an [`Event::Upgraded`] too.
    pub fn close(&mut self, at: Stamp, out: &mut Vec<Event>) {
        if self.answers.end_with_connection() {
            self.exchanges.end_answer(at, out);
        }
        self.settle_unframed(at, out);
        self.exchanges.abandon_except(None, at, out);
        self.stop();
    }

    /// The first words of a side are none of HTTP/1.
    fn leave_http(&mut self, at: Stamp, out: &mut Vec<Event>) {
        out.push(Event::Anomaly(Anomaly::UnknownProtocol));
        self.exchanges.abandon_except(None, at, out);
        self.stop();
    }

    /// Stops listening until the connection is gone.
    fn stop(&mut self) {
        self.over = true;
        self.requests = Requests::Lost;
        self.answers = Answers::Lost;
    }
}

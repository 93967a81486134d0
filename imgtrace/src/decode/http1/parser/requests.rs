//! The client's direction: following it, and finding it again.

use super::Parser;
use super::answers::Answers;
use crate::decode::Direction;
use crate::decode::flow::Piece;
use crate::decode::http1::event::Event;
use crate::decode::http1::head::{self, Kind};
use crate::decode::http1::message::{Messages, Token};
use crate::decode::http1::tentative::Tentative;
use crate::model::Stamp;
use crate::observation::Anomaly;

/// What is known of the client's direction.
pub(super) enum Requests {
    Followed(Messages),
    /// No footing and nothing that may be a request; then the answers are not followed either,
    /// unless one is still to come for a request that was lost in its middle.
    Lost,
    /// No footing, but something that may be a request; the answers are not followed either.
    Tentative(Box<Tentative>),
}

impl Requests {
    /// From the beginning of a request.
    pub(super) fn follow() -> Self {
        Self::Followed(Messages::new(Kind::Request))
    }
}

impl Parser {
    pub(super) fn hear_client(
        &mut self,
        piece: Piece,
        turn: bool,
        at: Stamp,
        out: &mut Vec<Event>,
    ) {
        let believable = match &mut self.requests {
            Requests::Followed(_) => return self.follow_requests(piece, at, out),
            Requests::Tentative(tentative) => tentative.hear_client(piece.clone(), at),
            Requests::Lost => false,
        };
        if !believable {
            self.requests = self.guess(piece, turn, at);
        }
    }

    /// Looks for a request in a client's words that have no footing.
    fn guess(&self, piece: Piece, turn: bool, at: Stamp) -> Requests {
        if turn && matches!(self.answers, Answers::Lost) {
            let mut tentative = Tentative::new();
            if tentative.hear_client(piece, at) {
                return Requests::Tentative(Box::new(tentative));
            }
        }
        Requests::Lost
    }

    fn follow_requests(&mut self, mut input: Piece, at: Stamp, out: &mut Vec<Event>) {
        while let Requests::Followed(messages) = &mut self.requests
            && let Some(token) = messages.next(&mut input)
        {
            match token {
                Token::Head(bytes) => {
                    let Some(request) = head::parse_request(&bytes, at) else {
                        return self.lose_requests(Anomaly::MalformedHead, at, out);
                    };
                    let Some(exchange) = self.exchanges.begin(request.head.method) else {
                        self.exchanges.abandon_except(None, at, out);
                        return self.lose_requests(Anomaly::TooManyPending, at, out);
                    };
                    messages.expect(request.body);
                    let head = request.head;
                    out.push(Event::Request { exchange, head });
                }
                Token::Data(piece) => {
                    let sending = self.exchanges.sending();
                    out.extend(sending.map(|exchange| Event::Body {
                        exchange,
                        direction: Direction::ToServer,
                        piece,
                        at,
                    }));
                }
                Token::End => self.exchanges.end_request(at, out),
                Token::Broken(Anomaly::MalformedHead) if self.exchanges.none_began() => {
                    self.leave_http(at, out);
                }
                Token::Broken(anomaly) => self.lose_requests(anomaly, at, out),
            }
        }
    }

    fn lose_requests(&mut self, anomaly: Anomaly, at: Stamp, out: &mut Vec<Event>) {
        out.push(Event::Anomaly(anomaly));
        self.exchanges.lose_request(at, out);
        self.requests = Requests::Lost;
        self.settle_footing(at, out);
    }

    /// With the requests lost, answers are followed only as long as one is due to a request that
    /// was seen; with both lost, nothing that is open can be followed to its end.
    pub(super) fn settle_footing(&mut self, at: Stamp, out: &mut Vec<Event>) {
        if !matches!(self.requests, Requests::Lost) {
            return;
        }
        if matches!(self.answers, Answers::Followed(_)) && self.exchanges.awaiting().is_none() {
            self.answers = Answers::Lost;
        }
        if matches!(self.answers, Answers::Lost) {
            self.exchanges.abandon_except(None, at, out);
        }
    }
}

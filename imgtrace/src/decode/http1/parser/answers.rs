//! The server's direction: following it, and finding it again.

use super::Parser;
use super::requests::Requests;
use crate::decode::Direction;
use crate::decode::flow::Piece;
use crate::decode::http1::event::Event;
use crate::decode::http1::head::{self, Answer, Kind};
use crate::decode::http1::message::{Messages, Token};
use crate::decode::http1::tentative::Finding;
use crate::model::Stamp;
use crate::observation::Anomaly;

/// What is known of the server's direction.
pub(super) enum Answers {
    Followed(Messages),
    /// As followed, on the assumption that an answer began at the beginning of the server's turn.
    Rejoining(Messages),
    Lost,
    /// In the body of an answer whose chunk sizes fell into a gap, last heard at that time. Its end can still be told,
    /// once the server has said its last.
    Unframed(Stamp),
    /// The last answer said that it is the last; was more already complained of?
    Finished {
        complained: bool,
    },
}

impl Answers {
    /// From the beginning of an answer.
    pub(super) fn follow() -> Self {
        Self::Followed(Messages::new(Kind::Answer))
    }

    fn messages(&mut self) -> Option<&mut Messages> {
        match self {
            Self::Followed(messages) | Self::Rejoining(messages) => Some(messages),
            Self::Lost | Self::Unframed(_) | Self::Finished { .. } => None,
        }
    }

    /// The assumption held.
    fn rejoined(&mut self) {
        *self = match std::mem::replace(self, Self::Lost) {
            Self::Rejoining(messages) => Self::Followed(messages),
            other => other,
        };
    }

    /// True if the end of the connection would be the end of an answer.
    pub(super) fn end_with_connection(&self) -> bool {
        match self {
            Self::Followed(messages) => messages.ends_with_connection(),
            _ => false,
        }
    }
}

impl Parser {
    /// Gives back what comes behind an answer that took over the connection.
    pub(super) fn hear_server(
        &mut self,
        mut piece: Piece,
        at: Stamp,
        out: &mut Vec<Event>,
    ) -> Piece {
        match &mut self.answers {
            Answers::Followed(_) | Answers::Rejoining(_) => {
                return self.follow_answers(piece, at, out);
            }
            Answers::Finished { complained } => {
                if !std::mem::replace(complained, true) {
                    out.push(Event::Anomaly(Anomaly::TrailingBytes));
                }
            }
            Answers::Unframed(heard) => *heard = at,
            Answers::Lost => match &mut self.requests {
                Requests::Followed(_) => return self.rejoin_answers(piece, at, out),
                Requests::Tentative(tentative) => match tentative.hear_server(&mut piece, at) {
                    Finding::Open => {}
                    Finding::Refuted => self.requests = Requests::Lost,
                    Finding::Confirmed(answer) => return self.believe(answer, piece, at, out),
                },
                Requests::Lost => {}
            },
        }
        Piece::EMPTY
    }

    /// The tentative request was one: tells it, and follows both directions from here.
    fn believe(&mut self, answer: Answer, rest: Piece, at: Stamp, out: &mut Vec<Event>) -> Piece {
        let believed = std::mem::replace(&mut self.requests, Requests::follow());
        self.answers = Answers::follow();
        if let Requests::Tentative(tentative) = believed {
            tentative.release(&mut self.exchanges, out);
        }
        self.begin_answer(answer, at, out);
        self.follow_answers(rest, at, out)
    }

    /// The requests are followed, the answers are not. As soon as something was asked, the first
    /// words that the server then says should be the answer: if they are not, what was asked is
    /// given up, and so this is tried once for each.
    fn rejoin_answers(&mut self, piece: Piece, at: Stamp, out: &mut Vec<Event>) -> Piece {
        if self.exchanges.awaiting().is_none() {
            return Piece::EMPTY;
        }
        self.answers = Answers::Rejoining(Messages::new(Kind::Answer));
        self.follow_answers(piece, at, out)
    }

    fn follow_answers(&mut self, mut input: Piece, at: Stamp, out: &mut Vec<Event>) -> Piece {
        while let Some(messages) = self.answers.messages() {
            if messages.is_between()
                && matches!(input, Piece::Bytes(_))
                && !input.is_empty()
                && self.exchanges.awaiting().is_none()
            {
                self.lose_answers(Anomaly::UnexpectedAnswer, at, out);
                break;
            }
            let Some(token) = messages.next(&mut input) else {
                break;
            };
            match token {
                Token::Head(bytes) => match head::parse_answer(&bytes, at) {
                    None => self.lose_answers(Anomaly::MalformedHead, at, out),
                    Some(answer) if answer.is_interim() => {}
                    Some(answer) => self.begin_answer(answer, at, out),
                },
                Token::Data(piece) => {
                    let answering = self.exchanges.awaiting();
                    out.extend(answering.map(|(exchange, _)| Event::Body {
                        exchange,
                        direction: Direction::ToClient,
                        piece,
                        at,
                    }));
                }
                Token::End => self.end_answer(at, out),
                Token::Broken(Anomaly::MalformedHead) if self.expects_first() => {
                    self.leave_http(at, out);
                }
                Token::Broken(Anomaly::LostFraming) if self.lost_in_answer() => {
                    self.lose_chunks(at, out);
                    break;
                }
                Token::Broken(anomaly) => self.lose_answers(anomaly, at, out),
            }
        }
        if self.over { input } else { Piece::EMPTY }
    }

    /// True if the place was lost in the body of an answer that was followed for sure.
    fn lost_in_answer(&self) -> bool {
        matches!(&self.answers, Answers::Followed(messages) if messages.is_broken_in_body())
    }

    /// Bulk went by uncopied, with chunk sizes in it: the rest of the answer has no frame.
    fn lose_chunks(&mut self, at: Stamp, out: &mut Vec<Event>) {
        let awaiting = self.exchanges.awaiting().map(|(exchange, _)| exchange);
        out.push(Event::Anomaly(Anomaly::LostFraming));
        out.extend(awaiting.map(|exchange| Event::Body {
            exchange,
            direction: Direction::ToClient,
            piece: Piece::Gap(0),
            at,
        }));
        self.answers = Answers::Unframed(at);
        self.exchanges.abandon_except(awaiting, at, out);
    }

    /// The server has said its last of an answer without a frame: it was complete if it ended as chunked bodies do.
    pub(super) fn settle_unframed(&mut self, at: Stamp, out: &mut Vec<Event>) {
        let Answers::Unframed(heard) = self.answers else {
            return;
        };
        if self.turns.ended_a_chunked_body() {
            self.answers = Answers::follow();
            self.end_answer(heard, out);
        } else {
            self.answers = Answers::Lost;
            let awaiting = self.exchanges.awaiting().map(|(exchange, _)| exchange);
            self.exchanges.abandon(awaiting, at, out);
            self.settle_footing(at, out);
        }
    }

    fn begin_answer(&mut self, answer: Answer, at: Stamp, out: &mut Vec<Event>) {
        let Some((exchange, method)) = self.exchanges.awaiting() else {
            return;
        };
        self.answered = true;
        let body = answer.body(method);
        let takes_over = answer.takes_over(method);
        let head = answer.head;
        out.push(Event::Response { exchange, head });
        if takes_over {
            let protocol = answer.upgrade;
            out.push(Event::Upgraded {
                exchange,
                protocol,
                at,
            });
            self.exchanges.abandon_except(Some(exchange), at, out);
            return self.stop();
        }
        self.closing = answer.closes;
        if let Some(messages) = self.answers.messages() {
            messages.expect(body);
        }
        self.answers.rejoined();
    }

    fn end_answer(&mut self, at: Stamp, out: &mut Vec<Event>) {
        self.exchanges.end_answer(at, out);
        if self.closing {
            self.answers = Answers::Finished { complained: false };
        }
        self.settle_footing(at, out);
    }

    /// The place in the answers is lost. On an assumption that did not hold there is nothing to
    /// complain of.
    fn lose_answers(&mut self, anomaly: Anomaly, at: Stamp, out: &mut Vec<Event>) {
        if matches!(self.answers, Answers::Followed(_)) {
            out.push(Event::Anomaly(anomaly));
        }
        self.answers = Answers::Lost;
        self.exchanges.abandon_except(None, at, out);
    }

    /// True if the connection's very first answer is due.
    fn expects_first(&self) -> bool {
        !self.answered && matches!(self.answers, Answers::Followed(_))
    }
}

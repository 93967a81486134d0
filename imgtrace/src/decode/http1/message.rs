//! One direction's messages: where each head and body begins and ends.
//!
//! It knows framing only. What a head says, and so how long its body is, its owner tells it.

use super::chunked::Chunked;
use super::head::{Collector, Kind};
use crate::decode::flow::Piece;
use crate::observation::Anomaly;

/// How the end of a body is found (RFC 9112 section 6.3).
#[derive(Clone, Copy)]
pub(super) enum Body {
    /// That many bytes; 0 where there is none.
    Length(u64),
    /// By the chunked transfer coding.
    Chunked,
    /// By the end of the connection.
    UntilClose,
}

/// What comes next in a direction.
pub(super) enum Token {
    /// A whole head; its owner now calls [`Messages::expect`], or else another head follows.
    Head(Vec<u8>),
    /// Part of a body.
    Data(Piece),
    /// The message ended.
    End,
    /// The place in the stream is lost; nothing follows.
    Broken(Anomaly),
}

/// One direction, message by message.
pub(super) struct Messages {
    kind: Kind,
    place: Place,
}

enum Place {
    Head(Collector),
    Length(u64),
    Chunked(Chunked),
    UntilClose,
    Broken { in_body: bool },
}

impl Messages {
    /// A direction that begins with a head.
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            place: Place::Head(Collector::new(kind)),
        }
    }

    /// Says what body follows the head that was just passed on.
    pub(super) fn expect(&mut self, body: Body) {
        self.place = match body {
            Body::Length(len) => Place::Length(len),
            Body::Chunked => Place::Chunked(Chunked::START),
            Body::UntilClose => Place::UntilClose,
        };
    }

    /// True between two messages, before the first byte of a head.
    pub(super) fn is_between(&self) -> bool {
        matches!(&self.place, Place::Head(head) if head.is_empty())
    }

    /// True if the place was lost behind a head.
    pub(super) fn is_broken_in_body(&self) -> bool {
        matches!(self.place, Place::Broken { in_body: true })
    }

    /// True if the end of the connection is the end of the message.
    pub(super) fn ends_with_connection(&self) -> bool {
        matches!(self.place, Place::UntilClose)
    }

    /// True behind the last byte of a body.
    fn is_at_end(&self) -> bool {
        matches!(self.place, Place::Length(0) | Place::Chunked(Chunked::Done))
    }

    /// What comes next in `input`; `None` when all of it is used. To be called until then, even if
    /// `input` is empty: a body may have no byte.
    pub(super) fn next(&mut self, input: &mut Piece) -> Option<Token> {
        if input.is_empty() && !self.is_at_end() {
            return None;
        }
        let token = match &mut self.place {
            Place::Length(0) => Some(Token::End),
            Place::Broken { .. } => None,
            Place::Head(head) => match input {
                Piece::Bytes(bytes) => head.collect(bytes).map(|head| match head {
                    Ok(head) => Token::Head(head),
                    Err(anomaly) => Token::Broken(anomaly),
                }),
                Piece::Gap(_) => Some(Token::Broken(Anomaly::LostFraming)),
            },
            Place::Length(left) => {
                let data = input.take(*left);
                *left -= data.len();
                Some(Token::Data(data))
            }
            Place::Chunked(chunked) => chunked.next(input),
            Place::UntilClose => Some(Token::Data(input.take(u64::MAX))),
        };
        match token {
            Some(Token::Head(_) | Token::End) => {
                self.place = Place::Head(Collector::new(self.kind));
            }
            Some(Token::Broken(_)) => {
                let in_body = !matches!(self.place, Place::Head(_));
                self.place = Place::Broken { in_body };
            }
            _ => {}
        }
        token
    }
}

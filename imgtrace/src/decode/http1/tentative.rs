//! Something that may be a request, in a connection whose footing is not known.
//!
//! It is believed when the conversation bears it out. The rules:
//!
//! 1. It stands at the beginning of a client's turn (see [`turn`](super::turn)), or is the very
//!    first that was seen of a connection. It begins with a known method and a path.
//! 2. It is complete by its own framing, and the client then says nothing more before the answer.
//! 3. The first that the server then says is an answer's whole head. Interim answers may come
//!    before, once the request's head is complete.
//!
//! A request inside of a bulk body breaks the first rule, or the second by the body's rest and the
//! chunk framing behind it, or the third when the server streams an answer meanwhile.
//!
//! What these rules cannot tell: a listener that comes exactly between two buffers of a body whose
//! rest is one byte-perfect request; a client that pipelines, whose older answers may be taken for
//! those of a newer request; and a conversation in HTTP/1 inside of two bodies that are sent at
//! once, or inside of a raw stream that took over the connection.

use bytes::Bytes;

use super::event::{Event, RequestHead};
use super::exchange::Exchanges;
use super::head::{self, Answer, Collector, Kind};
use super::message::{Messages, Token};
use crate::decode::Direction;
use crate::decode::flow::Piece;
use crate::model::Stamp;

/// Most bytes of a body that are held until its request is believed; the rest becomes a gap.
const HELD_LIMIT: usize = 262_144;

/// What the server's words say about it.
pub(super) enum Finding {
    /// Nothing yet.
    Open,
    /// It was no request, or cannot be told from none.
    Refuted,
    /// It was one, and this is its answer.
    Confirmed(Answer),
}

/// A request that is not believed yet.
pub(super) struct Tentative {
    messages: Messages,
    head: Option<RequestHead>,
    /// Its body as far as it is kept, what of it is not, and when that was read.
    body: Vec<u8>,
    dropped: u64,
    body_at: Stamp,
    ended: Option<Stamp>,
    answer: Collector,
}

impl Tentative {
    pub(super) fn new() -> Self {
        Self {
            messages: Messages::new(Kind::Guess),
            head: None,
            body: Vec::new(),
            dropped: 0,
            body_at: Stamp::default(),
            ended: None,
            answer: Collector::new(Kind::Answer),
        }
    }

    /// The client speaks. False if this cannot be a request any more.
    pub(super) fn hear_client(&mut self, mut input: Piece, at: Stamp) -> bool {
        if self.ended.is_some() || !self.answer.is_empty() {
            return false;
        }
        while let Some(token) = self.messages.next(&mut input) {
            match token {
                Token::Head(bytes) => match head::parse_request(&bytes, at) {
                    Some(request) => {
                        self.messages.expect(request.body);
                        self.head = Some(request.head);
                    }
                    None => return false,
                },
                Token::Data(piece) => self.hold(piece, at),
                Token::End => {
                    self.ended = Some(at);
                    return input.is_empty();
                }
                Token::Broken(_) => return false,
            }
        }
        true
    }

    /// The server speaks. On [`Finding::Confirmed`], `input` is what follows the answer's head.
    pub(super) fn hear_server(&mut self, input: &mut Piece, at: Stamp) -> Finding {
        let Piece::Bytes(bytes) = input else {
            return Finding::Refuted;
        };
        if self.head.is_none() {
            return Finding::Refuted;
        }
        while let Some(collected) = self.answer.collect(bytes) {
            let answer = collected.ok().and_then(|b| head::parse_answer(&b, at));
            match answer {
                Some(answer) if answer.is_interim() => self.answer = Collector::new(Kind::Answer),
                Some(answer) if self.ended.is_some() => return Finding::Confirmed(answer),
                _ => return Finding::Refuted,
            }
        }
        Finding::Open
    }

    /// Tells what was held back, as the exchange that it was.
    pub(super) fn release(self, exchanges: &mut Exchanges, out: &mut Vec<Event>) {
        let (Some(head), Some(ended)) = (self.head, self.ended) else {
            return;
        };
        let Some(exchange) = exchanges.begin(head.method) else {
            return;
        };
        out.push(Event::Request { exchange, head });
        let kept = Piece::Bytes(Bytes::from(self.body));
        let pieces = [kept, Piece::Gap(self.dropped)].into_iter();
        out.extend(pieces.filter(|p| !p.is_empty()).map(|piece| Event::Body {
            exchange,
            direction: Direction::ToServer,
            piece,
            at: self.body_at,
        }));
        exchanges.end_request(ended, out);
    }

    /// Keeps a part of the body. Nothing is kept behind a gap, so that a gap stays one.
    fn hold(&mut self, piece: Piece, at: Stamp) {
        self.body_at = at;
        match piece {
            Piece::Bytes(bytes) if self.dropped == 0 => {
                let room = HELD_LIMIT - self.body.len();
                let kept = bytes.len().min(room);
                self.body.extend(bytes.iter().take(kept));
                self.dropped = (bytes.len() - kept) as u64;
            }
            piece => self.dropped = self.dropped.saturating_add(piece.len()),
        }
    }
}

//! Both directions of a connection, followed together.
//!
//! Where there is no footing, a request that stands in some bytes proves nothing, for a payload may
//! hold one. It is believed when the server answers on its stream: then both directions are where
//! they seem to be, and what was held is told.

#[cfg(test)]
mod tests;

use super::call::Calls;
use super::envelope::{Request, Response, Unread};
use super::frame::{Frames, Header, Kind, Token};
use crate::decode::doubt::Doubt;
use crate::decode::flow::Piece;
use crate::decode::gather::Gathered;
use crate::decode::rpc::{End, Event, Message};
use crate::decode::{Direction, Exchange};
use crate::model::{Basis, Stamp};
use crate::observation::Anomaly;

/// How sure the place in a direction is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Footing {
    Certain,
    /// A frame was found that reads as one; the other direction has not borne it out.
    Tentative,
    Lost,
}

struct Side {
    frames: Frames,
    footing: Footing,
}

impl Side {
    fn new(direction: Direction, joined: bool) -> Self {
        let footing = if joined {
            Footing::Lost
        } else {
            Footing::Certain
        };
        Self {
            frames: Frames::new(direction, joined),
            footing,
        }
    }
}

/// A passive parser of one connection's ttrpc.
///
/// It keeps one unfinished frame a direction, of which at most 64 KiB, what it must know of the
/// calls that have not ended, and, only while it has no footing, at most 256 events that are not
/// believed yet.
pub struct Parser {
    requests: Side,
    answers: Side,
    calls: Calls,
    doubt: Doubt,
    /// True once the server has said something that is ttrpc.
    answered: bool,
    /// True when whatever follows is not ttrpc.
    over: bool,
}

impl Parser {
    /// A parser for a connection from its first byte, or `joined` in mid-stream.
    pub fn new(joined: bool) -> Self {
        Self {
            requests: Side::new(Direction::ToServer, joined),
            answers: Side::new(Direction::ToClient, joined),
            calls: Calls::default(),
            doubt: Doubt::default(),
            answered: joined,
            over: false,
        }
    }

    /// True if both directions are certain to be where they seem to be, and so that this is ttrpc.
    /// A parser that was joined tells nothing before.
    pub fn is_certain(&self) -> bool {
        let sides = [&self.requests, &self.answers];
        sides.iter().all(|side| side.footing == Footing::Certain)
    }

    /// Takes the next piece of a direction and tells what it means. Never fails; what cannot be
    /// followed is an [`Event::Anomaly`], told once for each time that the footing is lost.
    pub fn push(
        &mut self,
        direction: Direction,
        mut piece: Piece,
        at: Stamp,
        out: &mut Vec<Event>,
    ) {
        while !self.over
            && let Some(token) = self.side(direction).frames.next(&mut piece)
        {
            match (direction, token) {
                (_, Token::Lost(why)) => self.lose(direction, why, at, out),
                (Direction::ToServer, Token::Frame(header, frame)) => match header.kind {
                    Kind::Data => self.data(direction, header, frame, at, out),
                    Kind::Request | Kind::Response => self.request(header, &frame, at, out),
                },
                (Direction::ToClient, Token::Frame(header, frame)) => match header.kind {
                    Kind::Data => self.data(direction, header, frame, at, out),
                    Kind::Request | Kind::Response => self.response(header, &frame, at, out),
                },
            }
        }
        if let Some(newest) = self.doubt.settle(at) {
            self.calls.give_up(newest, at, out);
        }
    }

    /// The connection is gone; what has not ended ends here.
    pub fn close(&mut self, at: Stamp, out: &mut Vec<Event>) {
        self.calls.give_up(u32::MAX, at, out);
        self.over = true;
    }

    fn side(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::ToServer => &mut self.requests,
            Direction::ToClient => &mut self.answers,
        }
    }

    fn request(&mut self, header: Header, frame: &Gathered, at: Stamp, out: &mut Vec<Event>) {
        let request = match Request::open(frame) {
            Ok(request) if header.stream > self.calls.newest() => request,
            refused => {
                let why = match refused {
                    Ok(_) => Anomaly::MalformedFrame,
                    Err(Unread::Malformed) => Anomaly::MalformedMessage,
                    Err(Unread::Cut) => Anomaly::UnknownMethod,
                };
                return self.refuse(Direction::ToServer, why, out);
            }
        };
        if self.requests.footing == Footing::Lost {
            self.requests.footing = Footing::Tentative;
        }
        let certain = self.requests.footing == Footing::Certain;
        let (stream, exchange) = (header.stream, Exchange::of_stream(header.stream));
        let unary = !header.is_open() && !header.is_last();
        self.calls.begin(stream, unary, certain, at, out);
        let called = Event::Called {
            exchange,
            path: request.path,
            basis: Basis::OBSERVED,
            namespace: request.metadata.namespace,
            correlation: request.metadata.correlation,
            at,
        };
        self.calls.tell(stream, called, out);
        // An empty message is left out, and so is that of a call whose messages will follow.
        let implied = (!header.is_open()).then(|| Message::empty(frame.whole));
        if let Some(message) = request.payload.or(implied) {
            self.message(stream, Direction::ToServer, message, at, out);
        }
    }

    fn response(&mut self, header: Header, frame: &Gathered, at: Stamp, out: &mut Vec<Event>) {
        let lost = self.answers.footing == Footing::Lost;
        let response = match Response::open(frame) {
            Ok(response) if !lost || (response.is_plain && frame.whole) => response,
            _ => return self.refuse(Direction::ToClient, Anomaly::MalformedMessage, out),
        };
        self.answered = true;
        if lost {
            self.answers.footing = Footing::Tentative;
        }
        let Some(call) = self.calls.get(header.stream) else {
            return;
        };
        let unary = call.unary;
        self.believe(out);
        let (code, text) = response.status.unzip();
        let implied = (unary && code == Some(0)).then(|| Message::empty(true));
        if let Some(message) = response.payload.or(implied) {
            self.message(header.stream, Direction::ToClient, message, at, out);
        }
        let message = text.unwrap_or_default();
        let end = End::Status { code, message };
        self.calls.end(header.stream, end, at, out);
    }

    fn data(
        &mut self,
        direction: Direction,
        header: Header,
        frame: Gathered,
        at: Stamp,
        out: &mut Vec<Event>,
    ) {
        self.answered |= direction == Direction::ToClient;
        if self.calls.get(header.stream).is_none_or(|call| call.unary) {
            return;
        }
        if !header.has_no_data() {
            let message = Message {
                bytes: frame.bytes,
                complete: frame.whole,
                len: header.len.into(),
            };
            self.message(header.stream, direction, message, at, out);
        }
        if direction == Direction::ToClient && header.is_last() {
            let end = End::Status {
                code: Some(0),
                message: String::new(),
            };
            self.calls.end(header.stream, end, at, out);
        }
    }

    fn message(
        &mut self,
        stream: u32,
        direction: Direction,
        message: Message,
        at: Stamp,
        out: &mut Vec<Event>,
    ) {
        let event = Event::Message {
            exchange: Exchange::of_stream(stream),
            direction,
            message,
            at,
        };
        self.calls.tell(stream, event, out);
    }

    /// The server has answered what was asked.
    fn believe(&mut self, out: &mut Vec<Event>) {
        self.answers.footing = Footing::Certain;
        if self.requests.footing == Footing::Tentative {
            self.requests.footing = Footing::Certain;
        }
        self.calls.believe(out);
    }

    /// A frame cannot be read. Where the footing is certain that is the frame's own matter.
    fn refuse(&mut self, direction: Direction, why: Anomaly, out: &mut Vec<Event>) {
        let side = self.side(direction);
        if side.footing == Footing::Certain {
            return out.push(Event::Anomaly(why));
        }
        side.frames.give_up();
        side.footing = Footing::Lost;
        if direction == Direction::ToServer {
            self.calls.disbelieve();
        }
    }

    /// The place in a direction is lost.
    fn lose(&mut self, direction: Direction, why: Anomaly, at: Stamp, out: &mut Vec<Event>) {
        let is_first = match direction {
            Direction::ToServer => !self.answered && self.calls.newest() == 0,
            Direction::ToClient => !self.answered,
        };
        if is_first && why == Anomaly::MalformedFrame {
            self.over = true;
            out.push(Event::Anomaly(Anomaly::UnknownProtocol));
            return self.calls.withdraw(out);
        }
        let side = self.side(direction);
        if std::mem::replace(&mut side.footing, Footing::Lost) == Footing::Certain {
            out.push(Event::Anomaly(why));
        }
        match direction {
            Direction::ToServer => self.calls.disbelieve(),
            Direction::ToClient => self.doubt.cast(self.calls.newest(), at),
        }
    }
}

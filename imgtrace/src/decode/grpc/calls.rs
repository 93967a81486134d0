//! The calls that have not ended, and what is not told of them yet.

use std::collections::BTreeMap;

use super::event::Event;
use super::messages::{Messages, Token};
use crate::decode::flow::Piece;
use crate::decode::http2::Field;
use crate::decode::rpc::{CALLS_MAX, End, Message};
use crate::decode::{Direction, Exchange};
use crate::model::Stamp;
use crate::observation::Anomaly;

/// Events that are held of calls that are not believed yet.
const HELD_MAX: usize = 256;
/// Bytes of the messages among them.
const HELD_BYTES_MAX: usize = 1 << 20;

/// A call that has not ended.
struct Call {
    request: Messages,
    answer: Messages,
    /// The status code of the answer's head.
    http: Option<u16>,
    believed: bool,
}

impl Call {
    fn side(&mut self, direction: Direction) -> &mut Messages {
        match direction {
            Direction::ToServer => &mut self.request,
            Direction::ToClient => &mut self.answer,
        }
    }
}

/// By stream, oldest first: clients count upwards (RFC 9113 section 5.1.1).
#[derive(Default)]
pub(super) struct Calls {
    open: BTreeMap<u32, Call>,
    /// Bytes kept of unfinished messages.
    kept: usize,
    /// What is not told of the calls that are not believed, and the bytes of its messages.
    held: Vec<Event>,
    held_bytes: usize,
}

impl Calls {
    /// How many there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// Bytes kept of unfinished messages.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.kept
    }

    pub(super) fn contains(&self, stream: u32) -> bool {
        self.open.contains_key(&stream)
    }

    /// The highest stream of a call.
    pub(super) fn newest(&self) -> u32 {
        self.open.last_key_value().map_or(0, |(stream, _)| *stream)
    }

    /// The status code of the answer's head.
    pub(super) fn http(&self, stream: u32) -> Option<u16> {
        self.open.get(&stream)?.http
    }

    /// A call begins.
    pub(super) fn begin(
        &mut self,
        stream: u32,
        fields: Vec<Field>,
        believed: bool,
        at: Stamp,
        out: &mut Vec<Event>,
    ) {
        if self.open.len() >= CALLS_MAX
            && let Some((oldest, call)) = self.open.pop_first()
        {
            out.push(Event::Anomaly(Anomaly::TooManyStreams));
            self.finish(oldest, call, End::Unseen, at, out);
        }
        let call = Call {
            request: Messages::START,
            answer: Messages::START,
            http: None,
            believed,
        };
        self.open.insert(stream, call);
        let called = Event::Called {
            exchange: Exchange::of_stream(stream),
            fields,
            at,
        };
        self.tell(believed, called, out);
    }

    /// The head of an answer: what follows begins with a message, whatever was missed before it.
    pub(super) fn begin_answer(&mut self, stream: u32, http: Option<u16>) {
        if let Some(call) = self.open.get_mut(&stream) {
            call.answer.lose(&mut self.kept);
            call.answer = Messages::START;
            call.http = http;
        }
    }

    /// Part of a call's data.
    pub(super) fn data(
        &mut self,
        stream: u32,
        direction: Direction,
        mut piece: Piece,
        at: Stamp,
        out: &mut Vec<Event>,
    ) {
        while let Some(call) = self.open.get_mut(&stream)
            && let Some(token) = call.side(direction).next(&mut piece, &mut self.kept)
        {
            let believed = call.believed;
            let message = match token {
                Token::Message(message) => Some(message),
                Token::Malformed(message) => {
                    let malformed = Event::Anomaly(Anomaly::MalformedMessage);
                    self.tell(believed, malformed, out);
                    message
                }
            };
            if let Some(message) = message {
                self.tell(believed, told(stream, direction, message, at), out);
            }
        }
    }

    /// A call has ended.
    pub(super) fn end(&mut self, stream: u32, end: End, at: Stamp, out: &mut Vec<Event>) {
        if let Some(call) = self.open.remove(&stream) {
            self.finish(stream, call, end, at, out);
        }
    }

    /// The ends of all calls up to that stream will not be seen.
    pub(super) fn give_up(&mut self, newest: u32, at: Stamp, out: &mut Vec<Event>) {
        let later = self.open.split_off(&newest.saturating_add(1));
        for (stream, call) in std::mem::replace(&mut self.open, later) {
            self.finish(stream, call, End::Unseen, at, out);
        }
    }

    /// Any number of frames of a direction were missed: no message in it can be followed.
    pub(super) fn interrupt(&mut self, direction: Direction, at: Stamp, out: &mut Vec<Event>) {
        for (stream, call) in &mut self.open {
            let cut = call.side(direction).lose(&mut self.kept);
            out.extend(cut.map(|message| told(*stream, direction, message, at)));
        }
    }

    /// What was held was right.
    pub(super) fn believe(&mut self, out: &mut Vec<Event>) {
        if self.held.is_empty() {
            return;
        }
        for call in self.open.values_mut() {
            call.believed = true;
        }
        out.append(&mut self.held);
        self.held_bytes = 0;
    }

    /// What was held was wrong, or can never be borne out.
    pub(super) fn disbelieve(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let kept = &mut self.kept;
        self.open.retain(|_, call| {
            if !call.believed {
                call.request.lose(kept);
                call.answer.lose(kept);
            }
            call.believed
        });
        self.held.clear();
        self.held_bytes = 0;
    }

    /// Tells something of a call, or holds it until the call is believed.
    fn tell(&mut self, believed: bool, event: Event, out: &mut Vec<Event>) {
        if believed {
            return out.push(event);
        }
        if let Event::Message { message, .. } = &event {
            self.held_bytes += message.bytes.len();
        }
        self.held.push(event);
        if self.held.len() > HELD_MAX || self.held_bytes > HELD_BYTES_MAX {
            self.disbelieve();
        }
    }

    /// Tells the beginnings of messages that are not complete, and the end.
    fn finish(&mut self, stream: u32, mut call: Call, end: End, at: Stamp, out: &mut Vec<Event>) {
        for direction in [Direction::ToServer, Direction::ToClient] {
            if let Some(cut) = call.side(direction).lose(&mut self.kept) {
                self.tell(call.believed, told(stream, direction, cut, at), out);
            }
        }
        let exchange = Exchange::of_stream(stream);
        self.tell(call.believed, Event::Ended { exchange, end, at }, out);
    }
}

fn told(stream: u32, direction: Direction, message: Message, at: Stamp) -> Event {
    Event::Message {
        exchange: Exchange::of_stream(stream),
        direction,
        message,
        at,
    }
}

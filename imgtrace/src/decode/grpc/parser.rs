//! The streams of a connection as calls.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::event::Event;
use super::head::Head;
use super::messages::{Messages, Token};
use super::status;
use crate::decode::doubt::Doubt;
use crate::decode::flow::Piece;
use crate::decode::http2::{self, Field};
use crate::decode::rpc::{CALLS_MAX, End, Message};
use crate::decode::{Direction, Exchange};
use crate::model::Stamp;
use crate::observation::Anomaly;

/// Finds the calls among the streams of one connection.
///
/// It keeps what it must know of the calls that have not ended, at most [`CALLS_MAX`], and of their
/// unfinished messages at most 1 MiB in all. The client of HTTP/2 must be the connection's.
#[derive(Default)]
pub struct Parser {
    /// By stream, oldest first: clients count upwards (RFC 9113 section 5.1.1).
    calls: BTreeMap<u32, Call>,
    /// The highest stream so far.
    newest: u32,
    /// Bytes kept of unfinished messages.
    kept: usize,
    doubt: Doubt,
}

/// A call that has not ended.
struct Call {
    request: Messages,
    answer: Messages,
    /// The status code of the answer's head.
    http: Option<u16>,
}

impl Call {
    const NEW: Self = Self {
        request: Messages::START,
        answer: Messages::START,
        http: None,
    };

    fn side(&mut self, direction: Direction) -> &mut Messages {
        match direction {
            Direction::ToServer => &mut self.request,
            Direction::ToClient => &mut self.answer,
        }
    }
}

impl Parser {
    /// A parser for a connection of which nothing was read yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next event of the connection and tells what it means for the calls. Gives back what
    /// is said on a stream that is none.
    pub fn push(&mut self, event: http2::Event, out: &mut Vec<Event>) -> Option<http2::Event> {
        use http2::Event as Http2;
        match event {
            Http2::Headers {
                stream,
                direction,
                fields,
                end,
                at,
            } => {
                self.settle_doubt(at, out);
                if self.calls.contains_key(&stream) {
                    self.headers(stream, direction, &fields, end, at, out);
                } else if self.begins(stream, direction, &fields) {
                    self.begin(stream, fields, at, out);
                } else {
                    return Some(Http2::Headers {
                        stream,
                        direction,
                        fields,
                        end,
                        at,
                    });
                }
            }
            Http2::Data {
                stream,
                direction,
                piece,
                end,
                at,
            } => match self.calls.get_mut(&stream) {
                Some(call) => {
                    let messages = call.side(direction);
                    tell_messages(messages, stream, direction, piece, &mut self.kept, at, out);
                    if end && direction == Direction::ToClient {
                        let end = status::without_status(call.http);
                        self.end(stream, end, at, out);
                    }
                }
                None => {
                    return Some(Http2::Data {
                        stream,
                        direction,
                        piece,
                        end,
                        at,
                    });
                }
            },
            Http2::Reset { stream, at, .. } if self.calls.contains_key(&stream) => {
                self.end(stream, End::Cancelled, at, out);
            }
            Http2::Reset { .. } => return Some(event),
            Http2::Interrupted { direction, at } => {
                self.interrupt(direction, at, out);
                return Some(event);
            }
            Http2::Anomaly(anomaly) => out.push(Event::Anomaly(anomaly)),
        }
        None
    }

    /// The connection is gone; what has not ended ends here.
    pub fn close(&mut self, at: Stamp, out: &mut Vec<Event>) {
        self.give_up(u32::MAX, at, out);
    }

    /// True if a header block begins a call.
    fn begins(&mut self, stream: u32, direction: Direction, fields: &[Field]) -> bool {
        if direction == Direction::ToClient || stream <= self.newest {
            return false;
        }
        self.newest = stream;
        Head::read(fields).is_call()
    }

    fn begin(&mut self, stream: u32, fields: Vec<Field>, at: Stamp, out: &mut Vec<Event>) {
        if self.calls.len() >= CALLS_MAX
            && let Some((oldest, call)) = self.calls.pop_first()
        {
            out.push(Event::Anomaly(Anomaly::TooManyStreams));
            self.finish(oldest, call, End::Unseen, at, out);
        }
        self.calls.insert(stream, Call::NEW);
        let exchange = Exchange::of_stream(stream);
        out.push(Event::Called {
            exchange,
            fields,
            at,
        });
    }

    /// A header block of a call that has begun. The client has none left to send.
    fn headers(
        &mut self,
        stream: u32,
        direction: Direction,
        fields: &[Field],
        end: bool,
        at: Stamp,
        out: &mut Vec<Event>,
    ) {
        let Some(call) = self.calls.get_mut(&stream) else {
            return;
        };
        if direction == Direction::ToServer {
            return;
        }
        let http = status::http(fields);
        if end {
            let end = status::end(fields, http.or(call.http));
            self.end(stream, end, at, out);
        } else {
            // The head: what follows begins with a message, whatever was missed before it.
            call.http = http;
            call.answer.lose(&mut self.kept);
            call.answer = Messages::START;
        }
    }

    fn end(&mut self, stream: u32, end: End, at: Stamp, out: &mut Vec<Event>) {
        if let Some(call) = self.calls.remove(&stream) {
            self.finish(stream, call, end, at, out);
        }
    }

    /// Tells the beginnings of messages that are not complete, and the end.
    fn finish(
        &mut self,
        stream: u32,
        mut call: Call,
        end: End,
        at: Stamp,
        out: &mut Vec<Event>,
    ) {
        for direction in [Direction::ToServer, Direction::ToClient] {
            let cut = call.side(direction).lose(&mut self.kept);
            out.extend(cut.map(|message| told(stream, direction, message, at)));
        }
        let exchange = Exchange::of_stream(stream);
        out.push(Event::Ended { exchange, end, at });
    }

    /// Any number of frames were missed.
    fn interrupt(&mut self, direction: Direction, at: Stamp, out: &mut Vec<Event>) {
        out.push(Event::Interrupted { direction, at });
        for (stream, call) in &mut self.calls {
            let cut = call.side(direction).lose(&mut self.kept);
            out.extend(cut.map(|message| told(*stream, direction, message, at)));
        }
        if direction == Direction::ToClient {
            self.doubt.cast(self.newest, at);
        }
    }

    fn settle_doubt(&mut self, now: Stamp, out: &mut Vec<Event>) {
        if let Some(newest) = self.doubt.settle(now) {
            self.give_up(newest, now, out);
        }
    }

    /// The ends of all calls up to that stream will not be seen.
    fn give_up(&mut self, newest: u32, at: Stamp, out: &mut Vec<Event>) {
        let later = self.calls.split_off(&newest.saturating_add(1));
        for (stream, call) in std::mem::replace(&mut self.calls, later) {
            self.finish(stream, call, End::Unseen, at, out);
        }
    }
}

/// Tells the messages that end in a piece.
fn tell_messages(
    messages: &mut Messages,
    stream: u32,
    direction: Direction,
    mut piece: Piece,
    kept: &mut usize,
    at: Stamp,
    out: &mut Vec<Event>,
) {
    while let Some(token) = messages.next(&mut piece, kept) {
        let message = match token {
            Token::Message(message) => Some(message),
            Token::Malformed(message) => {
                out.push(Event::Anomaly(Anomaly::MalformedMessage));
                message
            }
        };
        out.extend(message.map(|message| told(stream, direction, message, at)));
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

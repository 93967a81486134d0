//! The streams of a connection as calls.
//!
//! On a connection that was joined, or behind a part that was missed, a header block proves nothing:
//! data may hold a perfect one. A call that begins there is believed when the server answers on its
//! stream, and held until then.

#[cfg(test)]
mod tests;

use super::calls::Calls;
use super::event::Event;
use super::head::Head;
use super::status;
use crate::decode::Direction;
use crate::decode::doubt::Doubt;
use crate::decode::http2::{self, Field};
use crate::decode::rpc::End;
use crate::model::Stamp;

/// Finds the calls among the streams of one connection, whose client is the client of HTTP/2.
///
/// It keeps what it must know of the calls that have not ended, at most 16,384, of their unfinished
/// messages at most 1 MiB in all, and, only while it has no footing, at most 256 events and 1 MiB
/// of messages that are not believed yet.
pub struct Parser {
    calls: Calls,
    /// The highest stream so far.
    newest: u32,
    /// True while a header block of the client is sure to be one.
    certain: bool,
    doubt: Doubt,
}

impl Parser {
    /// A parser for a connection from its first byte, or `joined` in mid-stream.
    pub fn new(joined: bool) -> Self {
        Self {
            calls: Calls::default(),
            newest: 0,
            certain: !joined,
            doubt: Doubt::default(),
        }
    }

    /// True if a call was answered since the footing was last in doubt, or that never was. A parser
    /// that was joined tells of no call before.
    pub fn is_certain(&self) -> bool {
        self.certain
    }

    /// Takes the next event of the connection and tells what it means for the calls. Gives back what
    /// is said on a stream that is none, and what matters to others too.
    pub fn push(&mut self, event: http2::Event, out: &mut Vec<Event>) -> Option<http2::Event> {
        use http2::Event as Http2;
        match event {
            Http2::Headers {
                stream,
                direction: Direction::ToServer,
                ref fields,
                at,
                ..
            } if self.begins(stream, fields) => {
                self.settle_doubt(at, out);
                if let Http2::Headers { fields, .. } = event {
                    self.calls.begin(stream, fields, self.certain, at, out);
                }
            }
            Http2::Headers {
                stream,
                direction,
                fields,
                end,
                at,
            } if self.calls.contains(stream) => {
                // A client has no header block left to send.
                if direction == Direction::ToClient {
                    self.answer(stream, &fields, end, at, out);
                }
            }
            Http2::Data {
                stream,
                direction,
                piece,
                end,
                at,
            } if self.calls.contains(stream) => {
                self.calls.data(stream, direction, piece, at, out);
                if end && direction == Direction::ToClient {
                    let end = status::without_status(self.calls.http(stream));
                    self.calls.end(stream, end, at, out);
                }
            }
            Http2::Reset { stream, at, .. } if self.calls.contains(stream) => {
                self.calls.end(stream, End::Cancelled, at, out);
            }
            Http2::Interrupted { direction, at } => {
                self.interrupt(direction, at, out);
                return Some(event);
            }
            Http2::Anomaly(anomaly) => out.push(Event::Anomaly(anomaly)),
            other => return Some(other),
        }
        None
    }

    /// The connection is gone; what has not ended ends here.
    pub fn close(&mut self, at: Stamp, out: &mut Vec<Event>) {
        self.calls.disbelieve();
        self.calls.give_up(u32::MAX, at, out);
    }

    /// True if a header block of the client begins a call.
    fn begins(&mut self, stream: u32, fields: &[Field]) -> bool {
        if stream <= self.newest {
            return false;
        }
        if self.certain {
            self.newest = stream;
        }
        !self.calls.contains(stream) && Head::read(fields).is_call()
    }

    /// The head of an answer, or its trailers, or both in one.
    fn answer(
        &mut self,
        stream: u32,
        fields: &[Field],
        end: bool,
        at: Stamp,
        out: &mut Vec<Event>,
    ) {
        if !std::mem::replace(&mut self.certain, true) {
            self.newest = self.newest.max(self.calls.newest());
        }
        self.calls.believe(out);
        let http = status::http(fields);
        if end {
            let end = status::end(fields, http.or(self.calls.http(stream)));
            self.calls.end(stream, end, at, out);
        } else {
            self.calls.begin_answer(stream, http);
        }
    }

    /// Any number of frames were missed.
    fn interrupt(&mut self, direction: Direction, at: Stamp, out: &mut Vec<Event>) {
        out.push(Event::Interrupted { direction, at });
        match direction {
            Direction::ToServer => {
                self.certain = false;
                self.calls.disbelieve();
            }
            Direction::ToClient => self.doubt.cast(self.newest, at),
        }
        self.calls.interrupt(direction, at, out);
    }

    fn settle_doubt(&mut self, now: Stamp, out: &mut Vec<Event>) {
        if let Some(newest) = self.doubt.settle(now) {
            self.calls.give_up(newest, now, out);
        }
    }
}

//! Plain requests over HTTP/2, told as those of HTTP/1: dockerd from 29.2 on takes its API so, with
//! prior knowledge (moby `daemon/command/daemon.go`, `SetUnencryptedHTTP2`).

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::decode::api::docker::Reader;
use crate::decode::flow::Piece;
use crate::decode::http1::{Event as Http1, RequestHead, ResponseHead};
use crate::decode::http2::{Event as Http2, Field, Text};
use crate::decode::{Direction, Event, Exchange};
use crate::model::Stamp;
use crate::observation::Anomaly;

/// Requests that are followed at once.
const OPEN_MAX: usize = 128;

/// The requests of one connection that are no calls, and the reader of what they mean.
pub(super) struct Plain {
    /// By stream; true of one whose answer has begun.
    open: BTreeMap<u32, bool>,
    reader: Reader,
    /// True where a header block of the client need not be one: nothing more is told.
    over: bool,
}

impl Plain {
    pub(super) fn new(joined: bool) -> Self {
        Self {
            open: BTreeMap::new(),
            reader: Reader::new(),
            over: joined,
        }
    }

    /// Takes an event of a stream that is no call, or of the whole connection.
    pub(super) fn push(&mut self, event: Http2, out: &mut Vec<Event>) {
        match event {
            Http2::Headers {
                stream,
                direction,
                fields,
                end,
                at,
            } => {
                match direction {
                    Direction::ToServer => self.request(stream, &fields, at, out),
                    Direction::ToClient => self.answer(stream, &fields, end, at, out),
                }
                self.end(stream, direction, end, at, out);
            }
            Http2::Data {
                stream,
                direction,
                piece,
                end,
                at,
            } => {
                if self.open.contains_key(&stream) && !piece.is_empty() {
                    let body = body(stream, direction, piece, at);
                    self.reader.read(body, out);
                }
                self.end(stream, direction, end, at, out);
            }
            Http2::Reset { stream, at, .. } => self.abandon(stream, at, out),
            Http2::Interrupted { direction, at } => {
                self.close(at, out);
                self.over |= direction == Direction::ToServer;
            }
            Http2::Anomaly(_) => {}
        }
    }

    /// What has not ended will never be seen to.
    pub(super) fn close(&mut self, at: Stamp, out: &mut Vec<Event>) {
        for stream in std::mem::take(&mut self.open).into_keys() {
            self.abandoned(stream, at, out);
        }
    }

    fn request(&mut self, stream: u32, fields: &[Field], at: Stamp, out: &mut Vec<Event>) {
        if self.over || self.open.contains_key(&stream) {
            return;
        }
        let (Some(method), Some(target)) = (value(fields, ":method"), value(fields, ":path"))
        else {
            return;
        };
        if self.open.len() >= OPEN_MAX {
            return out.push(Event::Anomaly(Anomaly::TooManyPending));
        }
        self.open.insert(stream, false);
        let head = RequestHead::new(&method, &target, value(fields, "content-type"), at);
        let exchange = Exchange::of_stream(stream);
        self.reader.read(Http1::Request { exchange, head }, out);
    }

    /// The head of an answer, unless it only says that another will come, or its trailers.
    fn answer(
        &mut self,
        stream: u32,
        fields: &[Field],
        end: bool,
        at: Stamp,
        out: &mut Vec<Event>,
    ) {
        let status = value(fields, ":status").and_then(|status| status.parse().ok());
        let (Some(answered @ false), Some(status)) = (self.open.get_mut(&stream), status) else {
            return;
        };
        if status < 200 && !end {
            return;
        }
        *answered = true;
        let server = value(fields, "server").unwrap_or_default();
        let api_version = value(fields, "api-version").unwrap_or_default();
        let content_type = value(fields, "content-type");
        let head = ResponseHead::new(status, content_type, server, api_version, at);
        let exchange = Exchange::of_stream(stream);
        self.reader.read(Http1::Response { exchange, head }, out);
    }

    fn end(
        &mut self,
        stream: u32,
        direction: Direction,
        end: bool,
        at: Stamp,
        out: &mut Vec<Event>,
    ) {
        let Some(answered) = self.open.get(&stream).copied().filter(|_| end) else {
            return;
        };
        if direction == Direction::ToClient {
            if !answered {
                return self.abandon(stream, at, out);
            }
            self.open.remove(&stream);
        }
        let exchange = Exchange::of_stream(stream);
        let end = Http1::End {
            exchange,
            direction,
            at,
        };
        self.reader.read(end, out);
    }

    fn abandon(&mut self, stream: u32, at: Stamp, out: &mut Vec<Event>) {
        if self.open.remove(&stream).is_some() {
            self.abandoned(stream, at, out);
        }
    }

    fn abandoned(&mut self, stream: u32, at: Stamp, out: &mut Vec<Event>) {
        let exchange = Exchange::of_stream(stream);
        self.reader.read(Http1::Abandoned { exchange, at }, out);
    }
}

fn body(stream: u32, direction: Direction, piece: Piece, at: Stamp) -> Http1 {
    Http1::Body {
        exchange: Exchange::of_stream(stream),
        direction,
        piece,
        at,
    }
}

/// The first field of that name, as text.
fn value(fields: &[Field], name: &str) -> Option<String> {
    let is_it = |field: &&Field| matches!(&field.name, Text::Known(known) if known == name);
    match &fields.iter().find(is_it)?.value {
        Text::Known(value) => Some(String::from_utf8_lossy(value).into_owned()),
        _ => None,
    }
}

//! A connection that speaks HTTP/2: calls of gRPC, and on Docker's socket plain requests too.

use super::plain::Plain;
use crate::decode::api::rpc::Reader;
use crate::decode::flow::Piece;
use crate::decode::http2::{Footing, Parser};
use crate::decode::inference::Inference;
use crate::decode::{Direction, Event, grpc, http2, rpc};
use crate::model::Stamp;

/// What a server must have said until it is believed that it speaks HTTP/2: the header of a frame
/// (RFC 9113 section 4.1).
const FRAME_HEAD: u64 = 9;
/// Most events that are held until then. No known client asks much before it has read the server's
/// settings.
const HELD_MAX: usize = 1024;

/// Its parsers, and the readers of what is said.
pub(super) struct Http2 {
    parser: Parser,
    calls: grpc::Parser,
    methods: Inference,
    reader: Reader,
    plain: Plain,
    /// What is told when the server has answered in HTTP/2; null when it has.
    held: Option<Vec<Event>>,
    /// How much it has said until then.
    answered: u64,
    frames: Vec<http2::Event>,
    told: Vec<grpc::Event>,
    known: Vec<rpc::Event>,
}

impl Http2 {
    pub(super) fn new(joined: bool) -> Self {
        Self {
            parser: Parser::new(Direction::ToServer, joined),
            calls: grpc::Parser::new(joined),
            methods: Inference::new(joined),
            reader: Reader::new(),
            plain: Plain::new(joined),
            held: (!joined).then(Vec::new),
            answered: 0,
            frames: Vec::new(),
            told: Vec::new(),
            known: Vec::new(),
        }
    }

    /// True if this is certain to be HTTP/2: the server has answered in it.
    pub(super) fn is_certain(&self) -> bool {
        let is_followed = self.parser.footing() == Footing::Certain && self.calls.is_certain();
        is_followed && self.held.is_none()
    }

    /// True if it turned out not to be HTTP/2.
    pub(super) fn is_over(&self) -> bool {
        self.parser.footing() == Footing::NotThis
    }

    pub(super) fn push(
        &mut self,
        direction: Direction,
        piece: Piece,
        at: Stamp,
        out: &mut Vec<Event>,
    ) {
        let len = piece.len();
        self.parser.push(direction, piece, at, &mut self.frames);
        let Some(mut held) = self.held.take() else {
            return self.read_frames(out);
        };
        self.read_frames(&mut held);
        if direction == Direction::ToClient {
            self.answered = self.answered.saturating_add(len);
        }
        if self.is_over() {
            // What was asked was asked of somebody who does not speak it.
            let is_anomaly = |event: &Event| matches!(event, Event::Anomaly(_));
            out.extend(held.into_iter().filter(is_anomaly));
        } else if self.answered >= FRAME_HEAD || held.len() > HELD_MAX {
            out.append(&mut held);
        } else {
            self.held = Some(held);
        }
    }

    pub(super) fn close(&mut self, at: Stamp, out: &mut Vec<Event>) {
        out.extend(self.held.take().into_iter().flatten());
        self.calls.close(at, &mut self.told);
        self.plain.close(at, out);
        self.read_calls(out);
        self.methods.close(&mut self.known);
        self.read_known(out);
        self.reader.close(at, out);
    }

    fn read_frames(&mut self, out: &mut Vec<Event>) {
        for event in std::mem::take(&mut self.frames) {
            if let Some(other) = self.calls.push(event, &mut self.told) {
                self.plain.push(other, out);
            }
        }
        self.read_calls(out);
    }

    fn read_calls(&mut self, out: &mut Vec<Event>) {
        for event in self.told.drain(..) {
            self.methods.push(event, &mut self.known);
        }
        self.read_known(out);
    }

    fn read_known(&mut self, out: &mut Vec<Event>) {
        for event in self.known.drain(..) {
            self.reader.read(event, out);
        }
    }
}

//! A connection that speaks ttrpc: containerd and its shims.

use crate::decode::api::rpc::Reader;
use crate::decode::flow::Piece;
use crate::decode::ttrpc::Parser;
use crate::decode::{Direction, Event, rpc};
use crate::model::Stamp;

/// Its parser, and the reader of what the calls mean.
pub(super) struct Ttrpc {
    parser: Parser,
    reader: Reader,
    told: Vec<rpc::Event>,
}

impl Ttrpc {
    pub(super) fn new(joined: bool) -> Self {
        Self {
            parser: Parser::new(joined),
            reader: Reader::new(),
            told: Vec::new(),
        }
    }

    /// True if this is certain to be ttrpc.
    pub(super) fn is_certain(&self) -> bool {
        self.parser.is_certain()
    }

    pub(super) fn push(
        &mut self,
        direction: Direction,
        piece: Piece,
        at: Stamp,
        out: &mut Vec<Event>,
    ) {
        self.parser.push(direction, piece, at, &mut self.told);
        self.read(out);
    }

    pub(super) fn close(&mut self, at: Stamp, out: &mut Vec<Event>) {
        self.parser.close(at, &mut self.told);
        self.read(out);
        self.reader.close(at, out);
    }

    fn read(&mut self, out: &mut Vec<Event>) {
        for event in self.told.drain(..) {
            self.reader.read(event, out);
        }
    }
}

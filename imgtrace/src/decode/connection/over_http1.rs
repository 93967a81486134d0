//! A connection that speaks HTTP/1.1, and what follows an exchange that took it over.

use super::upgraded::Upgraded;
use crate::decode::api::docker::Reader;
use crate::decode::flow::Piece;
use crate::decode::http1::{self, Parser};
use crate::decode::{Direction, Event};
use crate::model::Stamp;

/// Its parser, and the reader of what the requests mean.
pub(super) struct Http1 {
    parser: Parser,
    reader: Reader,
    /// What is spoken since an exchange took the connection over to speak HTTP/2.
    upgraded: Option<Upgraded>,
    /// True once anything was said that is HTTP/1.
    certain: bool,
}

impl Http1 {
    pub(super) fn new(joined: bool) -> Self {
        Self {
            parser: Parser::new(joined),
            reader: Reader::new(),
            upgraded: None,
            certain: false,
        }
    }

    /// True if this is certain to be HTTP/1.
    pub(super) fn is_certain(&self) -> bool {
        self.certain
    }

    pub(super) fn push(
        &mut self,
        direction: Direction,
        piece: Piece,
        at: Stamp,
        out: &mut Vec<Event>,
    ) {
        if let Some(upgraded) = &mut self.upgraded {
            return upgraded.push(direction, piece, at, out);
        }
        let mut told = Vec::new();
        let rest = self.parser.push(direction, piece, at, &mut told);
        self.read(told, out);
        if let Some(upgraded) = &mut self.upgraded {
            upgraded.push(direction, rest, at, out);
        }
    }

    pub(super) fn close(&mut self, at: Stamp, out: &mut Vec<Event>) {
        if let Some(upgraded) = &mut self.upgraded {
            upgraded.close(at, out);
        }
        let mut told = Vec::new();
        self.parser.close(at, &mut told);
        self.read(told, out);
    }

    fn read(&mut self, told: Vec<http1::Event>, out: &mut Vec<Event>) {
        for event in told {
            self.certain |= !matches!(event, http1::Event::Anomaly(_));
            if let http1::Event::Upgraded { protocol, .. } = &event
                && protocol == "h2c"
            {
                self.upgraded = Some(Upgraded::default());
            }
            self.reader.read(event, out);
        }
    }
}

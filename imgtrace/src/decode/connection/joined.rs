//! A connection that was there already, or whose first bytes were missed: what is spoken shows when
//! one of the protocols bears itself out. Until then all are tried, and none tells anything.

use super::over_http1::Http1;
use super::over_http2::Http2;
use super::over_ttrpc::Ttrpc;
use super::{PREFACE, Protocol};
use crate::decode::flow::Piece;
use crate::decode::{Direction, Event};
use crate::model::Stamp;

/// The protocols that it may be.
pub(super) struct Joined {
    http1: Http1,
    http2: Http2,
    ttrpc: Ttrpc,
    /// True once the client was heard.
    begun: bool,
}

impl Joined {
    pub(super) fn new() -> Self {
        Self {
            http1: Http1::new(true),
            http2: Http2::new(true),
            ttrpc: Ttrpc::new(true),
            begun: false,
        }
    }

    /// Takes what comes next; the protocol, when that is certain, with what it tells.
    pub(super) fn push(
        &mut self,
        direction: Direction,
        piece: Piece,
        at: Stamp,
        out: &mut Vec<Event>,
    ) -> Option<Protocol> {
        if direction == Direction::ToServer && !std::mem::replace(&mut self.begun, true) {
            self.begin(&piece);
        }
        // What is told before it is certain are complaints of a protocol that is not spoken.
        let mut told = Vec::new();
        self.http1.push(direction, piece.clone(), at, &mut told);
        if self.http1.is_certain() {
            out.append(&mut told);
            let http1 = std::mem::replace(&mut self.http1, Http1::new(true));
            return Some(Protocol::Http1(Box::new(http1)));
        }
        told.clear();
        self.http2.push(direction, piece.clone(), at, &mut told);
        if self.http2.is_certain() {
            out.append(&mut told);
            let http2 = std::mem::replace(&mut self.http2, Http2::new(true));
            return Some(Protocol::Http2(Box::new(http2)));
        }
        if self.http2.is_over() {
            self.http2 = Http2::new(true);
        }
        told.clear();
        self.ttrpc.push(direction, piece, at, &mut told);
        if self.ttrpc.is_certain() {
            out.append(&mut told);
            let ttrpc = std::mem::replace(&mut self.ttrpc, Ttrpc::new(true));
            return Some(Protocol::Ttrpc(Box::new(ttrpc)));
        }
        None
    }

    /// The first that is heard of a client. It may not have said anything before.
    fn begin(&mut self, piece: &Piece) {
        if let Piece::Bytes(bytes) = piece
            && bytes.starts_with(PREFACE)
        {
            self.http2 = Http2::new(false);
        }
    }
}

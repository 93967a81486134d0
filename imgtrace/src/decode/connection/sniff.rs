//! What a connection's first bytes say of its protocol.
//!
//! The client's decide, except that a server of gRPC may be read first: grpc-go's sends its SETTINGS
//! before it has read anything.

use super::PREFACE;
use crate::decode::Direction;
use crate::decode::flow::Piece;
use crate::model::Stamp;

/// Most bytes of a server that are held until its client speaks; grpc-go's first frames have some
/// thirty.
const SERVER_LIMIT: u64 = 4096;

/// What an answer of HTTP/1 begins with.
const ANSWER: &[u8] = b"HTTP/1.";

/// A protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sniffed {
    Http1,
    Http2,
    Ttrpc,
    /// The first bytes were missed, so that it must be told by what follows.
    Nothing,
    /// None that is known here.
    Other,
}

/// What was heard of a connection before its protocol is known.
#[derive(Default)]
pub(super) struct Sniffer {
    /// As much of [`PREFACE`] as the client has said.
    preface: usize,
    /// The beginning of what the server has said, and how much that was.
    server: Vec<u8>,
    server_len: u64,
    heard: Vec<(Direction, Piece, Stamp)>,
}

impl Sniffer {
    /// Takes in what comes next, and says what it shows.
    pub(super) fn hear(
        &mut self,
        direction: Direction,
        piece: Piece,
        at: Stamp,
    ) -> Option<Sniffed> {
        let sniffed = match (direction, &piece) {
            (_, Piece::Gap(_)) => Some(Sniffed::Nothing),
            (Direction::ToServer, Piece::Bytes(bytes)) => self.hear_client(bytes),
            (Direction::ToClient, Piece::Bytes(bytes)) => self.hear_server(bytes),
        };
        self.heard.push((direction, piece, at));
        sniffed
    }

    /// All that was heard, in order.
    pub(super) fn take(&mut self) -> Vec<(Direction, Piece, Stamp)> {
        std::mem::take(&mut self.heard)
    }

    fn hear_client(&mut self, bytes: &[u8]) -> Option<Sniffed> {
        let rest = PREFACE.get(self.preface..).unwrap_or_default();
        if bytes.starts_with(rest) {
            Some(Sniffed::Http2)
        } else if rest.starts_with(bytes) {
            self.preface += bytes.len();
            None
        } else if self.preface == 0 && bytes.starts_with(b"\0") {
            Some(Sniffed::Ttrpc)
        } else {
            Some(Sniffed::Http1)
        }
    }

    fn hear_server(&mut self, bytes: &[u8]) -> Option<Sniffed> {
        self.server_len += bytes.len() as u64;
        let room = FRAME_HEAD - self.server.len();
        self.server.extend(bytes.iter().take(room));
        if self.server.starts_with(ANSWER) {
            // What it answers was missed.
            Some(Sniffed::Nothing)
        } else if !may_be_settings(&self.server) && !ANSWER.starts_with(&self.server) {
            Some(Sniffed::Http1)
        } else if self.server_len > SERVER_LIMIT {
            Some(Sniffed::Other)
        } else {
            None
        }
    }
}

/// Length of an HTTP/2 frame's header (RFC 9113 section 4.1).
const FRAME_HEAD: usize = 9;

/// True if that is the beginning of a frame of SETTINGS, on stream 0 and below 64 KiB.
fn may_be_settings(begun: &[u8]) -> bool {
    const KNOWN: [Option<u8>; FRAME_HEAD] = [
        Some(0),
        None,
        None,
        Some(4),
        None,
        Some(0),
        Some(0),
        Some(0),
        Some(0),
    ];
    let mut pairs = begun.iter().zip(KNOWN);
    pairs.all(|(byte, known)| known.is_none_or(|known| known == *byte))
}

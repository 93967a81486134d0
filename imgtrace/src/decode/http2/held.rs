//! Pieces that are kept until it is known what they are.

use std::collections::VecDeque;

use crate::decode::flow::Piece;
use crate::model::Stamp;

/// What the pieces of one buffer cost besides their bytes.
const BUFFER_COST: u64 = 64;

/// Pieces of one direction, each with the time when it was read.
#[derive(Default)]
pub(super) struct Held {
    pieces: VecDeque<(Stamp, Piece)>,
    /// How much memory they take, in bytes: pieces that were read at one time are counted as one.
    cost: u64,
}

impl Held {
    pub(super) fn push(&mut self, at: Stamp, piece: Piece) {
        if piece.is_empty() {
            return;
        }
        if self.pieces.back().is_none_or(|(then, _)| *then != at) {
            self.cost += BUFFER_COST;
        }
        self.cost += kept(&piece);
        self.pieces.push_back((at, piece));
    }

    pub(super) fn get(&self, index: usize) -> Option<&(Stamp, Piece)> {
        self.pieces.get(index)
    }

    pub(super) fn front(&self) -> Option<&Piece> {
        self.pieces.front().map(|(_, piece)| piece)
    }

    /// How much memory they take, in bytes.
    pub(super) fn cost(&self) -> u64 {
        self.cost
    }

    /// Leaves out that many bytes at the front.
    pub(super) fn advance(&mut self, mut len: u64) {
        while len > 0 {
            let Some((at, piece)) = self.pieces.front_mut() else {
                return;
            };
            let taken = piece.take(len);
            let (at, is_used) = (*at, piece.is_empty());
            len -= taken.len();
            self.cost -= kept(&taken);
            if is_used {
                self.pieces.pop_front();
                if self.pieces.front().is_none_or(|(next, _)| *next != at) {
                    self.cost -= BUFFER_COST;
                }
            }
        }
    }

    pub(super) fn into_pieces(self) -> VecDeque<(Stamp, Piece)> {
        self.pieces
    }
}

/// How many bytes of a piece are kept.
fn kept(piece: &Piece) -> u64 {
    match piece {
        Piece::Bytes(bytes) => bytes.len() as u64,
        Piece::Gap(_) => 0,
    }
}

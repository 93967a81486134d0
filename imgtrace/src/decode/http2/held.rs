//! Pieces that are kept until it is known what they are.

use std::collections::VecDeque;

use crate::decode::flow::Piece;
use crate::model::Stamp;

/// What a piece costs besides its bytes.
const PIECE_COST: u64 = 64;

/// Pieces of one direction, each with the time when it was read.
#[derive(Default)]
pub(super) struct Held {
    pieces: VecDeque<(Stamp, Piece)>,
    /// Sum of their [`cost`]s.
    cost: u64,
}

impl Held {
    pub(super) fn push(&mut self, at: Stamp, piece: Piece) {
        if !piece.is_empty() {
            self.cost += cost(&piece);
            self.pieces.push_back((at, piece));
        }
    }

    pub(super) fn get(&self, index: usize) -> Option<&(Stamp, Piece)> {
        self.pieces.get(index)
    }

    pub(super) fn front(&self) -> Option<&Piece> {
        self.pieces.front().map(|(_, piece)| piece)
    }

    /// How much memory it takes, in bytes.
    pub(super) fn cost(&self) -> u64 {
        self.cost
    }

    /// Leaves out that many bytes at the front.
    pub(super) fn advance(&mut self, mut len: u64) {
        while len > 0 {
            let Some((_, piece)) = self.pieces.front_mut() else {
                return;
            };
            self.cost -= cost(piece);
            len -= piece.take(len).len();
            if piece.is_empty() {
                self.pieces.pop_front();
            } else {
                self.cost += cost(piece);
            }
        }
    }

    pub(super) fn into_pieces(self) -> VecDeque<(Stamp, Piece)> {
        self.pieces
    }
}

fn cost(piece: &Piece) -> u64 {
    let kept = match piece {
        Piece::Bytes(bytes) => bytes.len() as u64,
        Piece::Gap(_) => 0,
    };
    kept + PIECE_COST
}

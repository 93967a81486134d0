//! What of a conversation is heard: in parts, from some byte on, with gaps.

use proptest::sample::Index;

use crate::decode::Direction;
use crate::decode::flow::Piece;
use crate::model::Stamp;

/// What was said at once, in which direction, and when.
pub(in crate::decode) type Words = (Direction, Piece, Stamp);

/// Cuts words into the sizes given, over and over.
pub(in crate::decode) fn split(words: Vec<Words>, sizes: &[usize]) -> Vec<Words> {
    let mut sizes = sizes.iter().cycle();
    let mut parts = Vec::new();
    for (direction, mut piece, at) in words {
        while !piece.is_empty() {
            let size = *sizes.next().unwrap() as u64;
            parts.push((direction, piece.take(size), at));
        }
    }
    parts
}

/// Words without the first `bytes` bytes of the conversation.
pub(in crate::decode) fn cut(words: Vec<Words>, mut bytes: u64) -> Vec<Words> {
    let mut rest = Vec::new();
    for (direction, mut piece, at) in words {
        bytes -= piece.take(bytes).len();
        if !piece.is_empty() {
            rest.push((direction, piece, at));
        }
    }
    rest
}

/// The words that are left when some are lost: a word is gone as a whole or behind its first bytes.
pub(in crate::decode) fn with_gaps(
    words: Vec<Words>,
    losses: &[(Index, Option<u64>)],
) -> Vec<Words> {
    let mut words: Vec<Vec<Words>> = words.into_iter().map(|word| vec![word]).collect();
    for (index, kept) in losses {
        if words.is_empty() {
            break;
        }
        let place = index.index(words.len());
        let [(direction, piece, at)] = words[place].as_mut_slice() else {
            continue;
        };
        let kept = piece.take(kept.unwrap_or(0));
        let parts = [kept, Piece::Gap(piece.len())].map(|part| (*direction, part, *at));
        words[place] = parts
            .into_iter()
            .filter(|(_, part, _)| !part.is_empty())
            .collect();
    }
    words.concat()
}

//! Splits, cuts and gaps in a conversation. A place counts the bytes of both directions in the
//! order in which they were read.

use std::sync::OnceLock;

use bytes::BytesMut;
use imgtrace::decode::{Direction, Segment};
use proptest::sample::Index;

use crate::conversation::Conversation;

/// One of the conversations.
pub(crate) fn pick(which: Index) -> Conversation {
    static ALL: OnceLock<Vec<Conversation>> = OnceLock::new();
    which.get(ALL.get_or_init(Conversation::all)).clone()
}

/// How many places there are.
pub(crate) fn len(segments: &[Segment]) -> usize {
    segments.iter().map(|segment| segment.bytes.len()).sum()
}

/// A segment in two: its first bytes, and what is behind them, cut-off bytes included.
fn halves(segment: &Segment, at: usize) -> [Segment; 2] {
    let (mut first, mut second) = (segment.clone(), segment.clone());
    first.bytes.truncate(at);
    second.bytes = second.bytes.split_off(at);
    let len = u32::try_from(at).unwrap();
    (first.len, second.len) = (len, segment.len - len);
    second.offset += u64::from(len);
    [first, second]
}

/// With the buffer split that this place is in.
pub(crate) fn split_at(segments: &[Segment], place: usize) -> Vec<Segment> {
    let mut before = 0;
    let mut split = Vec::with_capacity(segments.len() + 1);
    for segment in segments {
        let after = before + segment.bytes.len();
        if before < place && place < after {
            split.extend(halves(segment, place - before));
        } else {
            split.push(segment.clone());
        }
        before = after;
    }
    split
}

/// With every buffer in pieces of at most so many bytes.
pub(crate) fn split_every(segments: &[Segment], size: usize) -> Vec<Segment> {
    let mut split = Vec::new();
    for segment in segments {
        let mut rest = segment.clone();
        while rest.bytes.len() > size {
            let [first, second] = halves(&rest, size);
            split.push(first);
            rest = second;
        }
        split.push(rest);
    }
    split
}

/// With everything in one buffer that one side said before the other spoke, as far as nothing is
/// missing in it.
pub(crate) fn regrouped(segments: &[Segment]) -> Vec<Segment> {
    let mut grouped: Vec<Segment> = Vec::new();
    for segment in segments {
        let last = grouped.last_mut().filter(|last| {
            last.direction == segment.direction
                && last.bytes.len() as u64 == u64::from(last.len)
                && last.offset + u64::from(last.len) == segment.offset
        });
        match last {
            Some(last) => {
                let mut bytes = BytesMut::from(last.bytes.as_ref());
                bytes.extend_from_slice(&segment.bytes);
                last.bytes = bytes.freeze();
                last.len += segment.len;
                last.at = segment.at;
            }
            None => grouped.push(segment.clone()),
        }
    }
    grouped
}

/// What is seen by somebody who comes at this place: offsets count from there.
pub(crate) fn joined_at(segments: &[Segment], place: usize) -> Vec<Segment> {
    let split = split_at(segments, place);
    let mut before = 0;
    let skipped = split.iter().take_while(|segment| {
        before += segment.bytes.len();
        before <= place
    });
    let mut rest = split.get(skipped.count()..).unwrap().to_vec();
    for direction in [Direction::ToServer, Direction::ToClient] {
        let mut own = rest
            .iter_mut()
            .filter(|segment| segment.direction == direction)
            .peekable();
        let origin = own.peek().map_or(0, |first| first.offset);
        own.for_each(|segment| segment.offset -= origin);
    }
    rest
}

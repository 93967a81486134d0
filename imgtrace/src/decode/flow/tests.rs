use bytes::Bytes;

use super::{Flow, Piece};
use crate::decode::{Direction, Segment};
use crate::model::Stamp;
use crate::observation::Anomaly;

fn segment(offset: u64, len: u32, bytes: &'static [u8]) -> Segment {
    Segment {
        at: Stamp::default(),
        direction: Direction::ToServer,
        offset,
        len,
        bytes: Bytes::from_static(bytes),
    }
}

/// Follows the segments; pieces that are empty are left out.
fn follow(segments: Vec<Segment>) -> Vec<Result<Piece, Anomaly>> {
    let mut flow = Flow::default();
    let mut seen = Vec::new();
    for segment in segments {
        match flow.follow(segment) {
            Ok(pieces) => seen.extend(pieces.into_iter().filter(|p| !p.is_empty()).map(Ok)),
            Err(anomaly) => seen.push(Err(anomaly)),
        }
    }
    seen
}

fn bytes(bytes: &'static [u8]) -> Piece {
    Piece::Bytes(Bytes::from_static(bytes))
}

#[test]
fn adjacent_segments_make_no_gap() {
    assert_eq!(
        follow(vec![segment(0, 3, b"abc"), segment(3, 2, b"de")]),
        [Ok(bytes(b"abc")), Ok(bytes(b"de"))]
    );
}

#[test]
fn a_jump_is_a_gap_before_and_a_cut_is_a_gap_behind() {
    assert_eq!(
        follow(vec![segment(4, 10, b"abc"), segment(14, 1, b"d")]),
        [
            Ok(Piece::Gap(4)),
            Ok(bytes(b"abc")),
            Ok(Piece::Gap(7)),
            Ok(bytes(b"d"))
        ]
    );
}

#[test]
fn what_comes_late_or_twice_is_dropped_and_said() {
    assert_eq!(
        follow(vec![
            segment(0, 3, b"abc"),
            segment(0, 3, b"abc"),
            segment(2, 3, b"cde"),
            segment(5, 1, b"f"),
        ]),
        [
            Ok(bytes(b"abc")),
            Err(Anomaly::OutOfOrder),
            Err(Anomaly::OutOfOrder),
            Ok(Piece::Gap(2)),
            Ok(bytes(b"f")),
        ]
    );
}

#[test]
fn bytes_beyond_the_length_are_not_passed_on() {
    assert_eq!(
        follow(vec![segment(0, 2, b"abc"), segment(2, 1, b"x")]),
        [Ok(bytes(b"ab")), Ok(bytes(b"x"))]
    );
}

#[test]
fn offsets_at_the_end_of_their_range_do_not_overflow() {
    assert_eq!(
        follow(vec![segment(u64::MAX, 9, b"a"), segment(u64::MAX, 0, b"")]),
        [Ok(Piece::Gap(u64::MAX)), Ok(bytes(b"a")), Ok(Piece::Gap(8))]
    );
}

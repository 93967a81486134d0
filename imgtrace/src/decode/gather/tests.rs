use bytes::Bytes;

use super::{Gather, MESSAGE_LIMIT};
use crate::decode::flow::Piece;

fn bytes(text: &'static str) -> Piece {
    Piece::Bytes(Bytes::from_static(text.as_bytes()))
}

#[test]
fn a_message_in_one_part_is_not_copied() {
    let input = Bytes::from_static(b"hello, next");
    let gathered = Gather::new(5)
        .take(&mut Piece::Bytes(input.clone()), 0)
        .unwrap();
    assert_eq!(gathered.bytes.as_ptr(), input.as_ptr());
    assert_eq!(gathered.bytes, "hello");
    assert!(gathered.whole);
}

#[test]
fn a_message_in_parts() {
    let mut gather = Gather::new(5);
    assert!(gather.take(&mut bytes("he"), 9).is_none());
    assert_eq!(gather.kept(), 2);
    let mut rest = bytes("llo, next");
    let gathered = gather.take(&mut rest, 9).unwrap();
    assert_eq!((gathered.bytes, gathered.whole), ("hello".into(), true));
    assert_eq!(rest, bytes(", next"));
}

#[test]
fn behind_a_gap_nothing_is_kept() {
    let mut gather = Gather::new(6);
    assert!(gather.take(&mut bytes("he"), 9).is_none());
    assert!(gather.take(&mut Piece::Gap(1), 9).is_none());
    let gathered = gather.take(&mut bytes("lo!"), 9).unwrap();
    assert_eq!((gathered.bytes, gathered.whole), ("he".into(), false));
}

#[test]
fn a_gap_takes_what_belongs_to_the_message() {
    let mut gap = Piece::Gap(9);
    let gathered = Gather::new(6).take(&mut gap, 9).unwrap();
    assert_eq!((gathered.bytes, gathered.whole), ("".into(), false));
    assert_eq!(gap, Piece::Gap(3));
}

#[test]
fn what_is_too_long_is_cut() {
    let long = Bytes::from(vec![7; MESSAGE_LIMIT + 1]);
    let len = long.len() as u64;
    let at_once = Gather::new(len)
        .take(&mut Piece::Bytes(long.clone()), 0)
        .unwrap();
    let mut gather = Gather::new(len + 1);
    assert!(
        gather
            .take(&mut Piece::Bytes(long.clone()), usize::MAX)
            .is_none()
    );
    let in_parts = gather.take(&mut Piece::Bytes(long), usize::MAX).unwrap();
    for gathered in [at_once, in_parts] {
        assert_eq!(gathered.bytes.len(), MESSAGE_LIMIT);
        assert!(!gathered.whole);
    }
    let mut gather = Gather::new(5);
    assert!(gather.take(&mut bytes("hell"), 3).is_none());
    let gathered = gather.take(&mut bytes("o"), 3).unwrap();
    assert_eq!((gathered.bytes, gathered.whole), ("hel".into(), false));
}

#[test]
fn an_empty_message_is_there_at_once() {
    let gathered = Gather::new(0).take(&mut bytes("x"), 9).unwrap();
    assert!(gathered.whole && gathered.bytes.is_empty());
}

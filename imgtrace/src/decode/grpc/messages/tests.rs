use bytes::Bytes;
use proptest::prelude::*;

use super::{KEPT_MAX, Messages, Token};
use crate::decode::flow::Piece;
use crate::decode::gather::MESSAGE_LIMIT;

fn message(body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len()).unwrap();
    [&[0][..], &len.to_be_bytes(), body].concat()
}

fn bytes(bytes: &[u8]) -> Piece {
    Piece::Bytes(Bytes::copy_from_slice(bytes))
}

/// What is told, and what is kept in the end.
fn told(pieces: Vec<Piece>) -> (Vec<String>, usize) {
    let (mut messages, mut kept) = (Messages::START, 0);
    let mut told = Vec::new();
    for mut piece in pieces {
        while let Some(token) = messages.next(&mut piece, &mut kept) {
            told.push(line(&token));
        }
    }
    let held = kept;
    if let Some(message) = messages.lose(&mut kept) {
        told.push(format!("lost {}", line(&Token::Message(message))));
    }
    assert_eq!(kept, 0);
    (told, held)
}

fn line(token: &Token) -> String {
    match token {
        Token::Message(message) => {
            let (kept, len) = (message.bytes.len(), message.len);
            format!("{kept}/{len} {}", message.complete)
        }
        Token::Malformed(message) => format!("malformed {message:?}"),
    }
}

#[test]
fn messages_across_pieces_and_several_in_one() {
    let sent = [message(b"hello"), message(b""), message(b"!")].concat();
    let expected = ["5/5 true", "0/0 true", "1/1 true"];
    for size in 1..=sent.len() {
        let (told, kept) = told(sent.chunks(size).map(bytes).collect());
        assert_eq!(told, expected, "{size}");
        assert_eq!(kept, 0);
    }
}

#[test]
fn a_gap_inside_of_a_message_is_stepped_over() {
    let pieces = vec![
        bytes(&message(&[7; 100])[..25]),
        Piece::Gap(80),
        bytes(&message(b"ab")),
    ];
    assert_eq!(told(pieces).0, ["20/100 false", "2/2 true"]);
}

#[test]
fn a_gap_that_swallows_a_prefix_loses_what_follows() {
    for gap in [1, 5, 6] {
        let pieces = vec![
            bytes(&message(b"ab")),
            Piece::Gap(gap),
            bytes(&message(b"c")),
        ];
        assert_eq!(told(pieces).0, ["2/2 true"]);
    }
    let pieces = vec![
        bytes(&message(b"ab")[..3]),
        Piece::Gap(4),
        bytes(&message(b"c")),
    ];
    assert_eq!(told(pieces).0, [""; 0]);
}

#[test]
fn a_message_of_two_gigabytes_costs_what_is_kept_of_it() {
    let mut pieces = vec![bytes(&[0, 0x80, 0, 0, 0])];
    let part = Bytes::from(vec![7; 1 << 20]);
    pieces.extend(std::iter::repeat_n(Piece::Bytes(part), 2_047));
    let (told, kept) = told(pieces.clone());
    assert_eq!(kept, MESSAGE_LIMIT);
    assert_eq!(told, ["lost 65536/2147483648 false"]);
    pieces.extend([Piece::Gap(1 << 20), bytes(&message(b"ab"))]);
    let (told, _) = self::told(pieces);
    assert_eq!(told, ["65536/2147483648 false", "2/2 true"]);
}

#[test]
fn what_is_no_prefix() {
    let mut sent = message(b"ab");
    sent[0] = 2;
    let pieces = vec![bytes(&sent), bytes(&message(b"c"))];
    assert_eq!(told(pieces).0, ["malformed None"]);
}

#[test]
fn what_is_not_compressed_as_it_says() {
    let mut sent = message(b"not gzip");
    sent[0] = 1;
    let pieces = vec![bytes(&sent), bytes(&message(b"c"))];
    let malformed = "malformed Some(Message(0 of 8 bytes))";
    assert_eq!(told(pieces).0, [malformed, "1/1 true"]);
    // What is cut is not blamed for its end.
    let pieces = vec![bytes(&sent[..9]), Piece::Gap(4)];
    assert_eq!(told(pieces).0, ["0/8 false"]);
}

#[test]
fn a_connection_keeps_no_more_than_its_bound() {
    let mut calls: Vec<Messages> = (0..100).map(|_| Messages::START).collect();
    let mut kept = 0;
    for call in &mut calls {
        let mut piece = bytes(&message(&vec![7; 60_000])[..50_000]);
        assert_eq!(call.next(&mut piece, &mut kept), None);
        assert!(kept <= KEPT_MAX);
    }
    assert_eq!(kept, KEPT_MAX);
    for call in &mut calls {
        call.lose(&mut kept);
    }
    assert_eq!(kept, 0);
}

proptest! {
    #[test]
    fn noise_is_bounded(
        noise in prop::collection::vec(
            (prop::collection::vec(0..4u8, 0..40), prop::option::of(0..50u64)), 0..30,
        ),
    ) {
        let pieces = noise.into_iter().flat_map(|(bytes, gap)| {
            [Piece::Bytes(bytes.into()), Piece::Gap(gap.unwrap_or(0))]
        });
        prop_assert!(told(pieces.collect()).1 <= 1_200);
    }
}

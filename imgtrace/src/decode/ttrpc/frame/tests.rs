use bytes::Bytes;
use proptest::prelude::*;

use super::super::wire::{frame, request, response};
use super::{Frames, LENGTH_MAX, Token};
use crate::decode::Direction::{self, ToClient, ToServer};
use crate::decode::flow::Piece;
use crate::observation::Anomaly;

fn told(direction: Direction, joined: bool, pieces: Vec<Piece>) -> Vec<String> {
    let mut frames = Frames::new(direction, joined);
    let mut told = Vec::new();
    for mut piece in pieces {
        while let Some(token) = frames.next(&mut piece) {
            told.push(match token {
                Token::Frame(header, frame) => {
                    let (stream, kind) = (header.stream, header.kind);
                    let (kept, whole) = (frame.bytes.len(), frame.whole);
                    format!("{stream} {kind:?} {kept}/{} {whole}", header.len)
                }
                Token::Lost(why) => format!("{why:?}"),
            });
        }
    }
    told
}

fn bytes(bytes: &[u8]) -> Piece {
    Piece::Bytes(Bytes::copy_from_slice(bytes))
}

#[test]
fn frames_one_after_the_other() {
    let sent = [
        frame(1, 1, 0, b"abc"),
        frame(3, 1, 2, b""),
        frame(3, 3, 1, b"x"),
    ]
    .concat();
    for size in 1..sent.len() {
        assert_eq!(
            told(ToServer, false, sent.chunks(size).map(bytes).collect()),
            [
                "1 Request 3/3 true",
                "3 Request 0/0 true",
                "3 Data 1/1 true"
            ]
        );
    }
}

#[test]
fn headers_that_are_none() {
    for header in [
        frame(2, 1, 0, b""),
        frame(1, 0, 0, b""),
        frame(1, 4, 0, b""),
        frame(1, 1, 4, b""),
        frame(1, 2, 0, b""),
        b"\x01\0\0\0\0\0\0\x01\x01\0".to_vec(),
        b"PRI * HTTP/2.0".to_vec(),
    ] {
        let told = told(ToServer, false, vec![bytes(&header)]);
        assert_eq!(told, [format!("{:?}", Anomaly::MalformedFrame)]);
    }
}

#[test]
fn a_gap_inside_of_a_frame_is_stepped_over() {
    let sent = frame(1, 1, 0, &[7; 100]);
    let pieces = vec![
        bytes(&sent[..20]),
        Piece::Gap(90),
        bytes(&frame(3, 1, 0, b"ab")),
    ];
    let expected = ["1 Request 10/100 false", "3 Request 2/2 true"];
    assert_eq!(told(ToServer, false, pieces), expected);
}

#[test]
fn a_gap_that_swallows_a_header_is_found_out_of() {
    for swallowed in [91, 95, 500] {
        let sent = frame(1, 2, 0, &[7; 100]);
        let pieces = vec![
            bytes(&sent[..20]),
            Piece::Gap(swallowed),
            bytes(b"the rest of something"),
            bytes(&frame(5, 2, 0, &response(b"ab"))),
        ];
        let expected = [
            "1 Response 10/100 false",
            "LostFraming",
            "5 Response 6/6 true",
        ];
        assert_eq!(told(ToClient, false, pieces), expected);
    }
    let within = vec![bytes(&frame(1, 2, 0, b"")[..4]), Piece::Gap(1)];
    assert_eq!(told(ToClient, false, within), ["LostFraming"]);
}

#[test]
fn a_message_of_the_greatest_length_is_cut() {
    let mut sent = frame(1, 1, 0, b"");
    sent[..4].copy_from_slice(&LENGTH_MAX.to_be_bytes());
    let body = Bytes::from(vec![7; LENGTH_MAX as usize]);
    let pieces = vec![
        bytes(&sent),
        Piece::Bytes(body),
        bytes(&frame(3, 1, 0, b"")),
    ];
    let expected = ["1 Request 65536/4194304 false", "3 Request 0/0 true"];
    assert_eq!(told(ToServer, false, pieces), expected);
}

proptest! {
    #[test]
    fn a_frame_is_found_behind_anything(
        before in prop::collection::vec(1..=255u8, 0..300),
        sizes in prop::collection::vec(1..50usize, 1..5),
    ) {
        let payload = request("containerd.task.v3.Task", "Start", b"id");
        let sent = [before, frame(9, 1, 0, &payload), frame(9, 3, 1, b"x")].concat();
        let mut rest = Bytes::from(sent);
        let mut pieces = Vec::new();
        for size in sizes.into_iter().cycle() {
            if rest.is_empty() {
                break;
            }
            pieces.push(Piece::Bytes(rest.split_to(size.min(rest.len()))));
        }
        let len = payload.len();
        let expected = [format!("9 Request {len}/{len} true"), "9 Data 1/1 true".to_owned()];
        prop_assert_eq!(told(ToServer, true, pieces), expected);
    }
}

#[test]
fn without_a_footing_data_tells_nothing() {
    let sent = [frame(9, 3, 0, b"x"), frame(11, 1, 0, b"y")].concat();
    assert_eq!(
        told(ToServer, true, vec![bytes(&sent)]),
        ["11 Request 1/1 true"]
    );
}

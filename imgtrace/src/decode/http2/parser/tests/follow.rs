//! Connections that are followed from their first byte.

use super::said::*;
use crate::decode::flow::Piece;
use crate::decode::http2::{Footing, Parser};

#[test]
fn a_call_and_its_answer() {
    let events = hear(
        false,
        [
            (ToServer, piece(PREFACE)),
            (ToServer, piece(settings())),
            (
                ToClient,
                piece([settings(), frame(SETTINGS, END, 0, &[])].concat()),
            ),
            (ToServer, piece(frame(SETTINGS, END, 0, &[]))),
            (
                ToServer,
                piece(
                    [
                        frame(HEADERS, END_HEADERS, 1, b"\x83\x86\x44\x03/a/"),
                        frame(DATA, END, 1, b"ask"),
                    ]
                    .concat(),
                ),
            ),
            (ToClient, piece(frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 3]))),
            (
                ToClient,
                piece(
                    [
                        frame(HEADERS, END_HEADERS, 1, b"\x88"),
                        frame(DATA, 0, 1, b"answer"),
                        frame(HEADERS, END_HEADERS | END, 1, b"\x40\x0bgrpc-status\x010"),
                    ]
                    .concat(),
                ),
            ),
        ],
    );
    assert_eq!(
        lines(&events),
        [
            "> 1 :method=POST :scheme=http :path=/a/",
            "> 1 \"ask\".",
            "< 1 :status=200",
            "< 1 \"answer\"",
            "< 1 grpc-status=0.",
        ]
    );
}

#[test]
fn padding_priority_and_continuation() {
    let said = [
        frame(
            HEADERS,
            END_HEADERS | PADDED | WITH_PRIORITY,
            1,
            b"\x02\0\0\0\0\x10\x83\0\0",
        ),
        frame(DATA, PADDED, 1, b"\x03abc\0\0\0"),
        frame(DATA, PADDED | END, 1, b"\x00d"),
        frame(HEADERS, END, 3, b"\x40\x01a"),
        frame(CONTINUATION, 0, 3, b""),
        frame(CONTINUATION, END_HEADERS, 3, b"\x01b\xbe"),
        frame(DATA, PADDED | END, 5, b"\x02\0\0"),
        frame(DATA, END, 7, b""),
        frame(DATA, 0, 7, b""),
        frame(PRIORITY, 0, 1, &[0; 5]),
        frame(PING, 0, 0, &[0; 8]),
        frame(GOAWAY, 0, 0, &[0; 20]),
        frame(77, 0xff, 9, b"unknown"),
        frame(RST_STREAM, 0, 9, &[0, 0, 0, 8]),
    ]
    .concat();
    let whole = hear_client([piece(&said)]);
    assert_eq!(
        whole,
        [
            "> 1 :method=POST",
            "> 1 \"abc\"",
            "> 1 \"d\".",
            "> 3 a=b a=b.",
            "> 5 \"(0)\".",
            "> 7 \"(0)\".",
            "> 9 reset 8",
        ]
    );
    let bytewise = hear_client(said.iter().map(|byte| piece([*byte])));
    let expected = whole.iter().flat_map(|line| match line.as_str() {
        "> 1 \"abc\"" => ["> 1 \"a\"", "> 1 \"b\"", "> 1 \"c\""]
            .map(String::from)
            .to_vec(),
        line => vec![line.to_owned()],
    });
    assert_eq!(bytewise, expected.collect::<Vec<_>>());
}

#[test]
fn a_promise_goes_through_the_table_and_is_not_told() {
    let said = [
        settings(),
        frame(PUSH_PROMISE, END_HEADERS, 1, b"\0\0\0\x02\x40\x01a\x01b"),
        frame(HEADERS, END_HEADERS, 1, b"\xbe"),
    ];
    let events = hear(false, [(ToClient, piece(said.concat()))]);
    assert_eq!(lines(&events), ["< 1 a=b"]);
}

#[test]
fn a_gap_in_data_is_exact() {
    let data = frame(
        DATA,
        PADDED | END,
        1,
        &[&[2][..], &[b'x'; 100], &[0, 0]].concat(),
    );
    let next = frame(DATA, 0, 3, b"next");
    let lines = hear_client([
        piece(&data[..15]),
        Piece::Gap(90),
        piece(&data[105..]),
        piece(&next[..10]),
        Piece::Gap(3),
        piece(frame(DATA, PADDED, 5, b"\x03y\0\0\0")).clone(),
    ]);
    let rest = "x".repeat(5);
    assert_eq!(
        lines,
        [
            format!("> 1 \"{rest}\""),
            "> 1 \"(90)\"".to_owned(),
            format!("> 1 \"{rest}\"."),
            "> 3 \"n\"".to_owned(),
            "> 3 \"(3)\"".to_owned(),
            "> 5 \"y\"".to_owned(),
        ]
    );
}

#[test]
fn a_gap_in_what_is_stepped_over_loses_nothing() {
    let ping = frame(PING, 0, 0, &[0; 8]);
    let lines = hear_client([
        piece(&ping[..9]),
        Piece::Gap(8),
        piece(frame(DATA, 0, 1, b"x")),
    ]);
    assert_eq!(lines, ["> 1 \"x\""]);
}

#[test]
fn a_gap_in_a_header_block_loses_the_table_and_not_the_place() {
    let block = b"\x40\x01a\x01b\x40\x01c\x01d";
    let headers = frame(HEADERS, 0, 1, block);
    let lines = hear_client([
        piece(&headers[..15]),
        Piece::Gap(4),
        piece(
            [
                frame(CONTINUATION, END_HEADERS, 1, b"\xbe"),
                frame(HEADERS, END_HEADERS, 3, b"\xbe"),
            ]
            .concat(),
        ),
    ]);
    assert_eq!(lines, ["> 1 a=b", "> interrupted", "> 3 ?-1=?-1"]);
}

#[test]
fn a_gap_over_a_frame_s_end_loses_the_place() {
    let data = frame(DATA, 0, 1, b"abc");
    let lines = hear_client([piece(&data[..10]), Piece::Gap(3), piece(b"x")]);
    assert_eq!(
        lines,
        ["> 1 \"a\"", "> 1 \"(2)\"", "> interrupted", "lost-framing"]
    );
}

#[test]
fn what_is_not_allowed_is_counted_and_stepped_over() {
    let good = frame(HEADERS, END_HEADERS, 1, b"\x83");
    for bad in [
        frame(DATA, 0, 0, b"x"),
        frame(DATA, PADDED, 1, b""),
        frame(DATA, PADDED, 1, b"\x03xy"),
        frame(DATA, 0, 1, &vec![0; 16_385]),
        frame(PING, 0, 0, b"1234567"),
        frame(PING, 0, 1, b"12345678"),
        frame(PRIORITY, 0, 1, b"1234"),
        frame(RST_STREAM, 0, 0, b"1234"),
        frame(RST_STREAM, 0, 1, b"12345"),
        frame(SETTINGS, 0, 0, b"1234567"),
        frame(SETTINGS, END, 0, b"123456"),
        frame(SETTINGS, 0, 1, b""),
        frame(WINDOW_UPDATE, 0, 1, b"123"),
        frame(GOAWAY, 0, 0, b"1234567"),
    ] {
        let lines = hear_client([piece([bad.clone(), good.clone()].concat())]);
        assert_eq!(lines, ["malformed-frame", "> 1 :method=POST"], "{bad:?}");
    }
}

#[test]
fn what_is_wrong_with_a_header_block_s_frames_loses_the_table() {
    let good = frame(HEADERS, END_HEADERS, 1, b"\xbe");
    for (bad, anomalies) in [
        (frame(HEADERS, END_HEADERS, 0, b"\x83"), "malformed-frame"),
        (
            frame(HEADERS, END_HEADERS | PADDED, 1, b"\x02\x83"),
            "malformed-frame",
        ),
        (
            frame(HEADERS, END_HEADERS | WITH_PRIORITY, 1, b"1234"),
            "malformed-frame",
        ),
        (
            frame(CONTINUATION, END_HEADERS, 1, b"\x83"),
            "malformed-frame",
        ),
        (
            frame(PUSH_PROMISE, END_HEADERS, 1, b"123"),
            "malformed-frame",
        ),
        (frame(HEADERS, 0, 1, b"\x83"), "malformed-frame"),
        (
            [
                frame(HEADERS, 0, 1, b"\x83"),
                frame(CONTINUATION, END_HEADERS, 3, b"\x83"),
            ]
            .concat(),
            "malformed-frame",
        ),
        (
            [
                frame(HEADERS, 0, 1, &[0x82; 9_000]),
                frame(CONTINUATION, 0, 1, &[0x82; 9_000]).repeat(20),
                frame(CONTINUATION, END_HEADERS, 1, b""),
            ]
            .concat(),
            "malformed-headers",
        ),
    ] {
        let lines = hear_client([piece([bad.clone(), good.clone()].concat())]);
        assert_eq!(lines, [anomalies, "> interrupted", "> 1 ?-1=?-1"]);
    }
}

#[test]
fn a_longer_frame_is_taken_where_it_was_allowed() {
    let allowed = frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 1, 0, 5, 0, 1, 0, 0]);
    let long = frame(DATA, 0, 1, &vec![b'x'; 40_000]);
    let events = hear(
        false,
        [
            (ToClient, piece(allowed)),
            (ToServer, piece([PREFACE, &settings(), &long].concat())),
        ],
    );
    assert_eq!(lines(&events), [format!("> 1 \"{}\"", "x".repeat(40_000))]);
}

#[test]
fn what_does_not_begin_like_http2_is_left_alone() {
    for said in [
        (ToServer, piece(b"GET / HTTP/1.1\r\n\r\n")),
        (ToServer, piece([PREFACE, b"\0\0\0\0\0\0\0\0\x01"].concat())),
        (ToClient, piece(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
    ] {
        let mut parser = Parser::new(ToServer, false);
        let mut events = Vec::new();
        assert_eq!(parser.footing(), Footing::Certain);
        parser.push(said.0, said.1, stamp(1), &mut events);
        assert_eq!(parser.footing(), Footing::NotThis);
        parser.push(ToClient, piece(settings()), stamp(2), &mut events);
        assert_eq!(lines(&events), ["unknown-protocol"]);
    }
}

#[test]
fn the_roles_may_be_reversed() {
    let mut parser = Parser::new(ToClient, false);
    let mut events = Vec::new();
    let client = [
        PREFACE,
        &settings(),
        &frame(HEADERS, END_HEADERS, 1, b"\x83"),
    ]
    .concat();
    parser.push(ToClient, piece(client), stamp(1), &mut events);
    let server = [settings(), frame(HEADERS, END_HEADERS, 1, b"\x88")].concat();
    parser.push(ToServer, piece(server), stamp(2), &mut events);
    assert_eq!(lines(&events), ["< 1 :method=POST", "> 1 :status=200"]);
}

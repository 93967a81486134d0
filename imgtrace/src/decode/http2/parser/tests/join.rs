//! Connections that are joined in mid-stream, and places that were lost.

use super::said::*;
use crate::decode::flow::Piece;
use crate::decode::http2::{Footing, Parser};

/// A request as a client's encoder writes it that has sent it often.
fn ask(stream: u32, body: &[u8]) -> Vec<u8> {
    let head = frame(HEADERS, END_HEADERS, stream, b"\x83\x86\xc0\xc1\xbe");
    [head, frame(DATA, END, stream, body)].concat()
}

fn answer(stream: u32, body: &[u8]) -> Vec<u8> {
    let head = frame(HEADERS, END_HEADERS, stream, b"\x88\xbe");
    let trailers = frame(HEADERS, END_HEADERS | END, stream, b"\xbf");
    [head, frame(DATA, 0, stream, body), trailers].concat()
}

fn asked(stream: u32, body: &str) -> [String; 2] {
    [
        format!("> {stream} :method=POST :scheme=http ?-3=?-3 ?-4=?-4 ?-1=?-1"),
        format!("> {stream} \"{body}\"."),
    ]
}

fn answered(stream: u32, body: &str) -> [String; 3] {
    [
        format!("< {stream} :status=200 ?-1=?-1"),
        format!("< {stream} \"{body}\""),
        format!("< {stream} ?-2=?-2."),
    ]
}

#[test]
fn the_first_answer_bears_out_both_places() {
    let mut parser = Parser::new(ToServer, true);
    let mut events = Vec::new();
    parser.push(ToServer, piece(ask(101, b"a")), stamp(1), &mut events);
    assert_eq!(events, []);
    assert_eq!(parser.footing(), Footing::Unsure);
    let said = answer(101, b"b");
    parser.push(ToClient, piece(&said[..11]), stamp(2), &mut events);
    parser.push(ToServer, piece(ask(103, b"c")), stamp(3), &mut events);
    assert_eq!(events, []);
    parser.push(ToClient, piece(&said[11..]), stamp(4), &mut events);
    assert_eq!(parser.footing(), Footing::Certain);
    parser.push(ToClient, piece(answer(103, b"d")), stamp(5), &mut events);
    let first = answered(101, "b");
    let said = [
        &asked(101, "a")[..],
        &first[..1],
        &asked(103, "c"),
        &first[1..],
        &answered(103, "d"),
    ];
    assert_eq!(lines(&events), said.concat(), "in the order of their times");
}

#[test]
fn an_answer_without_its_request_bears_out_nothing() {
    let said = [
        (ToServer, piece(ask(101, b"a"))),
        (ToClient, piece(answer(99, b"b"))),
        (ToServer, piece(ask(103, b"c"))),
        (ToClient, piece(answer(97, b"d"))),
    ];
    assert_eq!(hear(true, said), []);
}

#[test]
fn an_answer_before_its_request_bears_out_nothing() {
    let said = [
        (ToClient, piece(answer(101, b"b"))),
        (ToServer, piece(ask(101, b"a"))),
    ];
    assert_eq!(hear(true, said), []);
}

#[test]
fn who_answers_is_no_client() {
    let said = [
        (ToServer, piece(answer(101, b"b"))),
        (ToClient, piece(ask(101, b"a"))),
        (ToServer, piece(answer(101, b"b"))),
    ];
    assert_eq!(hear(true, said), []);
}

#[test]
fn what_was_inserted_since_has_its_text() {
    let learn = frame(
        HEADERS,
        END_HEADERS | END,
        101,
        b"\x83\x86\x44\x03/a/\x7e\x01x",
    );
    let again = frame(HEADERS, END_HEADERS | END, 103, b"\x83\x86\xbf\xbe\xc0");
    let said = [
        (ToServer, piece(learn)),
        (ToServer, piece(again)),
        (ToClient, piece(answer(103, b"d"))),
    ];
    assert_eq!(
        lines(&hear(true, said))[..2],
        [
            "> 101 :method=POST :scheme=http :path=/a/ :path=x.",
            "> 103 :method=POST :scheme=http :path=/a/ :path=x ?-1=?-1.",
        ],
    );
}

#[test]
fn inside_a_frame_nothing_is_believed_before_it_ends() {
    let inner = [ask(5, b"fake"), ask(7, b"fake")].concat();
    for padding in [0, 300] {
        let mut body = vec![b'x'; 1_000];
        body.extend_from_slice(&inner);
        body.extend(vec![b'x'; padding]);
        let outer = frame(DATA, END, 3, &body);
        let said = [
            (ToServer, piece(&outer[500..])),
            (ToClient, piece(answer(5, b"other"))),
            (ToClient, piece(answer(7, b"other"))),
        ];
        let mut later = Vec::new();
        for stream in (9..60).step_by(2) {
            later.push((ToServer, piece(ask(stream, &[b'y'; 1_000]))));
            later.push((ToClient, piece(answer(stream, b"d"))));
        }
        let told = lines(&hear(true, said.into_iter().chain(later)));
        assert!(!told.iter().any(|line| line.contains("fake")), "{told:?}");
        assert!(told.contains(&asked(59, &"y".repeat(1_000))[0]));
        assert!(told.contains(&answered(59, "d")[2]));
    }
}

#[test]
fn a_bulk_is_borne_out_by_its_length() {
    let part = frame(DATA, 0, 7, &[b'x'; 8_000]);
    let said = [
        (ToServer, piece(&part)),
        (ToClient, piece(frame(WINDOW_UPDATE, 0, 7, &[0, 0, 10, 0]))),
        (ToClient, piece(frame(WINDOW_UPDATE, 0, 0, &[0, 0, 10, 0]))),
        (ToServer, piece(&part[..100])),
        (ToServer, Piece::Gap(part.len() as u64 - 100)),
        (ToServer, piece(&part)),
    ];
    let told: Vec<usize> = lines(&hear(true, said)).iter().map(String::len).collect();
    assert_eq!(told, [8_006, 97, 12, 8_006]);
}

#[test]
fn a_lost_place_is_found_again() {
    let begins = [PREFACE, &settings()].concat();
    let said = [
        (ToServer, piece(begins)),
        (ToClient, piece(settings())),
        (ToServer, piece(ask(1, b"a"))),
        (ToClient, piece(answer(1, b"a"))),
        (ToServer, Piece::Gap(100)),
        (ToServer, piece(ask(5, b"b"))),
        (ToClient, piece(answer(3, b"b"))),
        (ToClient, piece(answer(5, b"b"))),
        (ToServer, piece(ask(7, b"c"))),
    ];
    let told = lines(&hear(false, said));
    let place = told.iter().position(|line| line == "lost-framing").unwrap();
    assert_eq!(told[place - 1], "> interrupted");
    let answer = |stream, body| {
        answered(stream, body).map(|l| {
            l.replace("?-1=?-1", "omitted=omitted")
                .replace("?-2=?-2", "omitted=omitted")
        })
    };
    let rest = told[place + 1..]
        .iter()
        .filter(|l| *l != "malformed-headers");
    let rest: Vec<&String> = rest.collect();
    let expected = [
        &answer(3, "b")[..],
        &asked(5, "b"),
        &answer(5, "b"),
        &asked(7, "c"),
    ]
    .concat();
    assert_eq!(rest, expected.iter().collect::<Vec<_>>());
}

#[test]
fn a_request_that_is_not_new_is_none() {
    let begins = [PREFACE, &settings(), &ask(9, b"a")].concat();
    let said = [
        (ToServer, piece(begins)),
        (ToClient, piece([settings(), answer(9, b"a")].concat())),
        (ToServer, Piece::Gap(100)),
        (ToServer, piece(ask(7, b"fake"))),
        (ToClient, piece(answer(7, b"b"))),
    ];
    let told = lines(&hear(false, said));
    assert!(!told.iter().any(|line| line.contains("fake")));
}

#[test]
fn a_place_that_turns_out_to_be_none_is_left() {
    let said = [
        (ToServer, piece(ask(101, b"a"))),
        (ToClient, piece(answer(101, b"b"))),
        (ToServer, piece([b'x'; 50])),
        (ToServer, piece([b'x'; 50])),
    ];
    let told = lines(&hear(true, said));
    assert_eq!(told[5..], ["> interrupted", "lost-framing"]);
}

#[test]
fn what_is_held_is_bounded() {
    let mut parser = Parser::new(ToServer, true);
    let mut events = Vec::new();
    let mut most = 0;
    for stream in (1..20_001).step_by(2) {
        parser.push(
            ToServer,
            piece(ask(stream, &[b'x'; 200])),
            stamp(u64::from(stream)),
            &mut events,
        );
        most = most.max(parser.client.search().unwrap().held_cost());
    }
    assert_eq!(events, []);
    assert!((60_000..70_000).contains(&most), "{most}");
    parser.push(
        ToClient,
        piece(answer(19_999, b"b")),
        stamp(20_000),
        &mut events,
    );
    let told = lines(&events);
    assert_eq!(
        told[told.len() - 5..told.len() - 3],
        asked(19_999, &"x".repeat(200))
    );
    assert!(told.len() > 200, "and those before as far as they are held");
}

#[test]
fn data_made_of_headers_of_frames_cost_no_more_than_they_should() {
    let heads = [
        frame(HEADERS, END_HEADERS, 1, &vec![0; 16_384])[..9].to_vec(),
        frame(DATA, 0, 1, &vec![0; 16_384])[..9].to_vec(),
        [
            &frame(HEADERS, END_HEADERS, 3, &[0; 4_000])[..9],
            &[0x83; 7],
        ]
        .concat(),
    ];
    for head in heads {
        let data = head.repeat(200_000 / head.len());
        let mut parser = Parser::new(ToServer, true);
        for part in data.chunks(3_000) {
            parser.push(ToServer, piece(part), stamp(1), &mut Vec::new());
        }
        let (effort, heard) = parser.client.search().unwrap().effort();
        assert_eq!(heard, data.len() as u64);
        assert!(effort < 5 * heard, "{effort} of {heard}");
    }
}

#[test]
fn a_parser_is_small() {
    assert!(size_of::<Parser>() <= 1_024, "{}", size_of::<Parser>());
}

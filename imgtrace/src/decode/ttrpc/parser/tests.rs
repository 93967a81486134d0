//! Conversations of calls, whole, cut and damaged.

mod real;

use bytes::Bytes;
use proptest::prelude::*;

use super::super::wire::{field, frame, refusal, request, response};
use super::Parser;
use crate::decode::Direction::{self, ToClient, ToServer};
use crate::decode::Exchange;
use crate::decode::flow::Piece;
use crate::decode::rpc::{CALLS_MAX, Event};
use crate::model::Stamp;
use crate::observation::Anomaly;

const TASK: &str = "containerd.task.v3.Task";

type Said = (Direction, Vec<u8>);

fn at(millis: u64) -> Stamp {
    Stamp {
        mono: millis * 1_000_000,
        wall: 0,
    }
}

fn asks(stream: u32, method: &str, payload: &[u8]) -> Said {
    let asked = frame(stream, 1, 0, &request(TASK, method, payload));
    (ToServer, asked)
}

fn answers(stream: u32, payload: &[u8]) -> Said {
    (ToClient, frame(stream, 2, 0, &response(payload)))
}

fn pieces(said: &[Said]) -> Vec<(Direction, Piece)> {
    let piece = |(direction, bytes): &Said| (*direction, Piece::Bytes(bytes.clone().into()));
    said.iter().map(piece).collect()
}

fn hear(joined: bool, pieces: Vec<(Direction, Piece)>) -> Vec<Event> {
    let mut parser = Parser::new(joined);
    let mut events = Vec::new();
    for ((direction, piece), millis) in pieces.into_iter().zip(1..) {
        parser.push(direction, piece, at(millis), &mut events);
    }
    parser.close(at(1_000_000), &mut events);
    events
}

fn line(event: &Event) -> String {
    let stream = |exchange: &Exchange| exchange.0 & 0xffff_ffff;
    match event {
        Event::Called {
            exchange,
            path,
            namespace,
            ..
        } => format!("{} {path} {namespace:?}", stream(exchange)),
        Event::Message {
            exchange,
            direction,
            message,
            ..
        } => {
            let text = String::from_utf8_lossy(&message.bytes);
            format!("{} {direction:?} {text}", stream(exchange))
        }
        Event::Ended { exchange, end, .. } => format!("{} {end:?}", stream(exchange)),
        Event::Withdrawn { exchange } => format!("{} withdrawn", stream(exchange)),
        Event::Anomaly(anomaly) => format!("! {anomaly:?}"),
    }
}

fn lines(joined: bool, said: &[Said]) -> Vec<String> {
    hear(joined, pieces(said)).iter().map(line).collect()
}

const START: [&str; 4] = [
    r#"3 /containerd.task.v3.Task/Start Some("k8s.io")"#,
    "3 ToServer id",
    "3 ToClient pid",
    r#"3 Status { code: Some(0), message: "" }"#,
];

fn start() -> [Said; 2] {
    [asks(3, "Start", b"id"), answers(3, b"pid")]
}

/// Two calls at once, one of which is refused, and another.
fn conversation() -> Vec<Said> {
    let [asked, answered] = start();
    vec![
        asks(1, "Create", b"id"),
        asked,
        answered,
        (ToClient, frame(1, 2, 0, &refusal(6, "already exists"))),
        asks(5, "Wait", b""),
        answers(5, b""),
    ]
}

const CONVERSATION: [&str; 11] = [
    r#"1 /containerd.task.v3.Task/Create Some("k8s.io")"#,
    "1 ToServer id",
    START[0],
    START[1],
    START[2],
    START[3],
    r#"1 Status { code: Some(6), message: "already exists" }"#,
    r#"5 /containerd.task.v3.Task/Wait Some("k8s.io")"#,
    "5 ToServer ",
    "5 ToClient ",
    r#"5 Status { code: Some(0), message: "" }"#,
];

#[test]
fn a_conversation() {
    assert_eq!(lines(false, &conversation()), CONVERSATION);
}

#[test]
fn a_conversation_that_was_joined_between_two_frames() {
    // An answer without its request proves nothing.
    let told = lines(true, &conversation()[1..]);
    assert_eq!(told, [&CONVERSATION[2..6], &CONVERSATION[7..]].concat());
}

#[test]
fn a_request_that_nobody_answers_is_none_where_there_is_no_footing() {
    assert_eq!(lines(true, &conversation()[..2]), [""; 0]);
    let unanswered = [&start()[..1], &[answers(5, b"")]].concat();
    assert_eq!(lines(true, &unanswered), [""; 0]);
    let told = lines(false, &start()[..1]);
    assert_eq!(told, [START[0], START[1], "3 Unseen"]);
}

#[test]
fn a_stream_of_data() {
    let open = [field(1, b"s.S"), field(2, b"Copy")].concat();
    let said = [
        (ToServer, frame(1, 1, 2, &open)),
        (ToServer, frame(1, 3, 0, b"one")),
        (ToClient, frame(1, 3, 0, b"uno")),
        (ToServer, frame(1, 3, 5, b"")),
        (ToClient, frame(1, 3, 5, b"")),
    ];
    let expected = [
        "1 /s.S/Copy None",
        "1 ToServer one",
        "1 ToClient uno",
        r#"1 Status { code: Some(0), message: "" }"#,
    ];
    assert_eq!(lines(false, &said), expected);
}

#[test]
fn a_lost_answer_leaves_its_call_open_for_a_while() {
    let mut said = pieces(&conversation());
    let (_, lost) = &mut said[2];
    *lost = Piece::Gap(lost.len());
    let told: Vec<String> = hear(false, said).iter().map(line).collect();
    let expected = [
        &CONVERSATION[..4],
        &["! LostFraming"],
        &CONVERSATION[6..],
        &["3 Unseen"],
    ];
    assert_eq!(told, expected.concat());

    let mut parser = Parser::new(false);
    let mut events = Vec::new();
    for (direction, piece) in [pieces(&start()[..1]).remove(0), (ToClient, Piece::Gap(40))] {
        parser.push(direction, piece, at(1), &mut events);
    }
    events.clear();
    let (direction, later) = pieces(&[asks(5, "Wait", b"")]).remove(0);
    parser.push(direction, later, at(700_000), &mut events);
    assert_eq!(line(events.last().unwrap()), "3 Unseen");
}

#[test]
fn a_lost_request_is_found_out_of() {
    let mut said = pieces(&conversation());
    let (_, lost) = &mut said[0];
    *lost = Piece::Gap(lost.len() / 2);
    let told: Vec<String> = hear(false, said).iter().map(line).collect();
    assert_eq!(
        told,
        [&["! LostFraming"], &CONVERSATION[2..6], &CONVERSATION[7..]].concat()
    );
}

#[test]
fn an_answer_in_another_protocol_takes_back_what_was_asked() {
    let page = (ToClient, b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec());
    let told = lines(false, &[start()[0].clone(), page, answers(3, b"pid")]);
    let expected = [START[0], START[1], "! UnknownProtocol", "3 withdrawn"];
    assert_eq!(told, expected);
}

#[test]
fn a_client_that_begins_otherwise_speaks_another_protocol() {
    let told = lines(false, &[(ToServer, vec![0; 30]), start()[0].clone()]);
    assert_eq!(told, ["! UnknownProtocol"]);
}

#[test]
fn damage_is_said() {
    let backwards = [conversation(), conversation()[..1].to_vec()].concat();
    assert_eq!(lines(false, &backwards).last().unwrap(), "! MalformedFrame");
    let malformed = [&conversation()[..], &[(ToServer, frame(7, 1, 0, b"\xff"))]].concat();
    assert_eq!(
        lines(false, &malformed).last().unwrap(),
        "! MalformedMessage"
    );
    let mut cut = pieces(&conversation());
    let Piece::Bytes(asked) = cut[4].1.clone() else {
        return;
    };
    cut.splice(
        4..5,
        [
            (ToServer, Piece::Bytes(asked.slice(..20))),
            (ToServer, Piece::Gap(asked.len() as u64 - 20)),
        ],
    );
    let told: Vec<String> = hear(false, cut).iter().map(line).collect();
    assert_eq!(told.last().unwrap(), "! UnknownMethod");
}

#[test]
fn a_flood_of_calls_is_bounded() {
    let calls = u32::try_from(CALLS_MAX).unwrap() + 100;
    let asked: Vec<Said> = (0..calls)
        .map(|call| asks(2 * call + 1, "Wait", b""))
        .collect();
    let mut parser = Parser::new(false);
    let mut events = Vec::new();
    for (direction, piece) in pieces(&asked) {
        parser.push(direction, piece, at(1), &mut events);
    }
    let given_up = Event::Anomaly(Anomaly::TooManyStreams);
    assert_eq!(
        events.iter().filter(|event| **event == given_up).count(),
        100
    );
    assert_eq!(parser.calls.len(), CALLS_MAX);
    let mut parser = Parser::new(true);
    events.clear();
    for (direction, piece) in pieces(&asked) {
        parser.push(direction, piece, at(1), &mut events);
    }
    assert_eq!(events, []);
    assert!(parser.calls.len() <= 256);
}

/// Nothing is told but what was said, of which something may be missing.
fn check_sound(events: &[Event]) {
    for event in events {
        let line = line(event);
        let is_true = match event {
            Event::Called { .. } => {
                let path = line.rsplit_once(' ').unwrap().0;
                CONVERSATION.iter().any(|said| said.starts_with(path))
            }
            Event::Message { .. } => CONVERSATION.iter().any(|said| said.starts_with(&line)),
            Event::Ended { .. } => {
                CONVERSATION.contains(&&line[..])
                    || line.ends_with("Unseen")
                    || line.contains("None")
            }
            Event::Withdrawn { .. } => false,
            Event::Anomaly(_) => true,
        };
        assert!(is_true, "{line}");
    }
}

fn split(pieces: Vec<(Direction, Piece)>, sizes: &[usize]) -> Vec<(Direction, Piece)> {
    let mut sizes = sizes.iter().cycle();
    let mut parts = Vec::new();
    for (direction, mut piece) in pieces {
        while !piece.is_empty() {
            parts.push((direction, piece.take(*sizes.next().unwrap() as u64)));
        }
    }
    parts
}

proptest! {
    #[test]
    fn splits_change_nothing(sizes in prop::collection::vec(1..60usize, 1..6), cut in 0..9usize) {
        let whole = lines(cut > 0, &conversation()[cut.min(5)..]);
        let parts = split(pieces(&conversation()[cut.min(5)..]), &sizes);
        let told: Vec<String> = hear(cut > 0, parts).iter().map(line).collect();
        prop_assert_eq!(told, whole);
    }

    #[test]
    fn a_late_listener_hears_nothing_that_was_not_said(
        skipped in 0..500u64, sizes in prop::collection::vec(1..60usize, 1..6),
        lost in any::<prop::sample::Index>(), joined in any::<bool>(),
    ) {
        let mut left = skipped;
        let mut heard = pieces(&conversation());
        heard.retain_mut(|(_, piece)| {
            left -= piece.take(left).len();
            !piece.is_empty()
        });
        let mut heard = split(heard, &sizes);
        if !heard.is_empty() {
            let lost = lost.index(heard.len());
            let (_, piece) = &mut heard[lost];
            *piece = Piece::Gap(piece.len());
        }
        check_sound(&hear(joined || skipped > 0, heard));
    }

    #[test]
    fn noise_means_nothing(
        noise in prop::collection::vec(
            (any::<bool>(), prop::collection::vec(0..6u8, 0..60), prop::option::of(0..50u64)),
            0..30,
        ),
        joined in any::<bool>(),
    ) {
        let mut heard = Vec::new();
        for (to_client, bytes, gap) in noise {
            let direction = if to_client { ToClient } else { ToServer };
            heard.push((direction, Piece::Bytes(Bytes::from(bytes))));
            heard.extend(gap.map(|len| (direction, Piece::Gap(len))));
        }
        let called = hear(joined, heard).iter().any(|e| matches!(e, Event::Called { .. }));
        prop_assert!(!called);
    }
}

//! Streams of HTTP/2 as calls.

use bytes::Bytes;

use super::Parser;
use crate::decode::Direction::{self, ToClient, ToServer};
use crate::decode::flow::Piece;
use crate::decode::grpc::Event;
use crate::decode::http2::{Event as Http2, Field, Slot, Text};
use crate::decode::rpc::CALLS_MAX;
use crate::model::Stamp;
use crate::observation::Anomaly;

const UNSEEN: &str = "?";

fn at(secs: u64) -> Stamp {
    Stamp {
        mono: secs * 1_000_000_000,
        wall: 0,
    }
}

fn text(text: &str) -> Text {
    match text {
        UNSEEN => Text::Unknown(Slot(-1)),
        text => Text::Known(Bytes::copy_from_slice(text.as_bytes())),
    }
}

fn headers(stream: u32, direction: Direction, end: bool, pairs: &[(&str, &str)]) -> Http2 {
    let field = |(name, value): &(&str, &str)| Field {
        name: text(name),
        value: text(value),
        slot: None,
    };
    Http2::Headers {
        stream,
        direction,
        fields: pairs.iter().map(field).collect(),
        end,
        at: at(1),
    }
}

fn asks(stream: u32) -> Http2 {
    let head = [
        (":method", "POST"),
        (":path", "/a.B/C"),
        ("content-type", "application/grpc"),
    ];
    headers(stream, ToServer, false, &head)
}

fn answers(stream: u32) -> Http2 {
    let head = [(":status", "200"), ("content-type", "application/grpc")];
    headers(stream, ToClient, false, &head)
}

fn trailers(stream: u32, status: &str, message: &str) -> Http2 {
    let fields = [("grpc-status", status), ("grpc-message", message)];
    headers(stream, ToClient, true, &fields)
}

fn data(stream: u32, direction: Direction, piece: Piece, end: bool) -> Http2 {
    Http2::Data {
        stream,
        direction,
        piece,
        end,
        at: at(1),
    }
}

fn bytes(bytes: &[u8]) -> Piece {
    Piece::Bytes(Bytes::copy_from_slice(bytes))
}

fn message(stream: u32, direction: Direction, body: &str) -> Http2 {
    let len = u32::try_from(body.len()).unwrap().to_be_bytes();
    let message = [&[0][..], &len, body.as_bytes()].concat();
    let end = direction == ToServer;
    data(stream, direction, bytes(&message), end)
}

fn missed(direction: Direction) -> Http2 {
    let at = at(1);
    Http2::Interrupted { direction, at }
}

fn call(stream: u32) -> Vec<Http2> {
    vec![
        asks(stream),
        message(stream, ToServer, "ask"),
        answers(stream),
        message(stream, ToClient, "answer"),
        trailers(stream, "0", ""),
    ]
}

fn called(stream: u32) -> Vec<String> {
    let status = format!(r#"{stream} Status {{ code: Some(0), message: "" }}"#);
    let lines = ["called", "ToServer ask true", "ToClient answer true"];
    let lines = lines.map(|line| format!("{stream} {line}"));
    lines.into_iter().chain([status]).collect()
}

fn line(event: &Event) -> String {
    let stream = |exchange: &crate::decode::Exchange| exchange.0 & 0xffff_ffff;
    match event {
        Event::Called { exchange, .. } => format!("{} called", stream(exchange)),
        Event::Message {
            exchange,
            direction,
            message,
            ..
        } => {
            let body = String::from_utf8_lossy(&message.bytes);
            let complete = message.complete;
            format!("{} {direction:?} {body} {complete}", stream(exchange))
        }
        Event::Ended { exchange, end, .. } => format!("{} {end:?}", stream(exchange)),
        Event::Interrupted { direction, .. } => format!("interrupted {direction:?}"),
        Event::Anomaly(anomaly) => format!("! {anomaly:?}"),
    }
}

fn told(joined: bool, events: Vec<Http2>) -> Vec<String> {
    let mut parser = Parser::new(joined);
    let mut out = Vec::new();
    for event in events {
        parser.push(event, &mut out);
    }
    parser.close(at(9), &mut out);
    assert_eq!(parser.calls.kept(), 0);
    out.iter().map(line).collect()
}

#[test]
fn a_call() {
    assert_eq!(told(false, call(1)), called(1));
}

#[test]
fn calls_at_once() {
    let mut mixed: Vec<Http2> = Vec::new();
    for (a, b) in call(1).into_iter().zip(call(3)) {
        mixed.extend([a, b]);
    }
    let told = told(false, mixed);
    for stream in [1, 3] {
        let own = told
            .iter()
            .filter(|line| line.starts_with(&format!("{stream} ")));
        assert_eq!(own.cloned().collect::<Vec<_>>(), called(stream));
    }
}

#[test]
fn a_refusal_in_one_block() {
    let refused = [
        (":status", "200"),
        ("content-type", "application/grpc"),
        ("grpc-status", "5"),
        ("grpc-message", "no%20such image"),
    ];
    let mut said = call(1);
    said.splice(2.., [headers(1, ToClient, true, &refused)]);
    let end = r#"1 Status { code: Some(5), message: "no such image" }"#;
    assert_eq!(
        told(false, said),
        [&called(1)[..2], &[end.to_owned()]].concat()
    );
}

#[test]
fn ends_without_a_status() {
    let reset = Http2::Reset {
        stream: 1,
        direction: ToServer,
        code: 8,
        at: at(1),
    };
    let over = data(1, ToClient, Piece::EMPTY, true);
    for end in [reset, over] {
        let mut said = call(1);
        said.splice(4.., [end]);
        let told = told(false, said);
        assert_eq!(told.last().unwrap(), "1 Cancelled");
    }
    let unseen = told(false, call(1)[..4].to_vec());
    assert_eq!(unseen.last().unwrap(), "1 Unseen");
}

#[test]
fn what_is_no_call_is_given_back() {
    let get = [(":method", "GET"), (":path", "/_ping")];
    let mut parser = Parser::new(false);
    let mut out = Vec::new();
    for event in [
        headers(1, ToServer, true, &get),
        answers(1),
        message(1, ToClient, "OK"),
        missed(ToClient),
    ] {
        assert_eq!(parser.push(event.clone(), &mut out), Some(event));
    }
    assert_eq!(out.len(), 1);
}

#[test]
fn where_there_is_no_footing_a_call_is_told_when_it_is_answered() {
    assert_eq!(told(true, call(1)), called(1));
    assert_eq!(told(true, call(1)[..2].to_vec()), [""; 0]);
    let elsewhere = [&call(1)[..2], &call(3)[2..]].concat();
    assert_eq!(told(true, elsewhere), [""; 0]);
    // One answer bears out all that was asked before.
    let both = [&call(1)[..2], &call(3)].concat();
    let expected = [&called(1)[..2], &called(3), &["1 Unseen".to_owned()]].concat();
    assert_eq!(told(true, both), expected);
}

#[test]
fn who_missed_requests_has_no_footing() {
    let said = [call(1), vec![missed(ToServer)], call(3)[..2].to_vec()].concat();
    let interrupted = vec!["interrupted ToServer".to_owned()];
    let expected = [called(1), interrupted].concat();
    assert_eq!(told(false, said.clone()), expected);
    let answered = [said, call(3)[2..].to_vec()].concat();
    assert_eq!(told(false, answered), [expected, called(3)].concat());
    // A stream that was used before is none now.
    let again = [call(3), vec![missed(ToServer)], call(1)].concat();
    let interrupted = vec!["interrupted ToServer".to_owned()];
    assert_eq!(told(false, again), [called(3), interrupted].concat());
}

#[test]
fn a_message_that_was_being_sent_when_something_was_missed_is_cut() {
    let begun = data(1, ToServer, bytes(b"\0\0\0\0\x09begin"), false);
    let lost = data(1, ToServer, bytes(b"ning"), true);
    let said = vec![asks(1), begun, missed(ToServer), lost];
    let said = [said, call(1)[2..].to_vec()].concat();
    let expected = [
        "1 called",
        "interrupted ToServer",
        "1 ToServer begin false",
        &called(1)[2],
        &called(1)[3],
    ];
    assert_eq!(told(false, said), expected);
}

#[test]
fn an_answer_that_begins_behind_what_was_missed_is_read() {
    let said = [
        call(1)[..2].to_vec(),
        vec![missed(ToClient)],
        call(1)[2..].to_vec(),
    ];
    let interrupted = vec!["interrupted ToClient".to_owned()];
    let expected = [&called(1)[..2], &interrupted, &called(1)[2..]].concat();
    assert_eq!(told(false, said.concat()), expected);
    // Its middle is not.
    let said = [
        call(1)[..3].to_vec(),
        vec![missed(ToClient)],
        call(1)[3..].to_vec(),
    ];
    let expected = [&called(1)[..2], &interrupted, &called(1)[3..]].concat();
    assert_eq!(told(false, said.concat()), expected);
}

#[test]
fn an_answer_that_may_have_been_missed_is_waited_for_and_not_for_ever() {
    let mut parser = Parser::new(false);
    let mut out = Vec::new();
    for event in [asks(1), missed(ToClient)] {
        parser.push(event, &mut out);
    }
    for (secs, ended) in [(599, false), (602, true)] {
        out.clear();
        let mut next = asks(u32::try_from(secs).unwrap() | 1);
        if let Http2::Headers { at: when, .. } = &mut next {
            *when = at(secs);
        }
        parser.push(next, &mut out);
        let lines: Vec<String> = out.iter().map(line).collect();
        assert_eq!(lines.contains(&"1 Unseen".to_owned()), ended, "{lines:?}");
    }
}

#[test]
fn a_flood_of_calls_is_bounded() {
    let calls = u32::try_from(CALLS_MAX).unwrap() + 100;
    for joined in [false, true] {
        let mut parser = Parser::new(joined);
        let mut out = Vec::new();
        for call in 0..calls {
            parser.push(asks(2 * call + 1), &mut out);
            let begun = data(2 * call + 1, ToServer, bytes(&[0, 0, 1, 0, 0, 7]), false);
            parser.push(begun, &mut out);
        }
        let given_up = Event::Anomaly(Anomaly::TooManyStreams);
        let given_up = out.iter().filter(|event| **event == given_up).count();
        if joined {
            assert!(out.is_empty() && parser.calls.len() <= 256);
        } else {
            assert_eq!((given_up, parser.calls.len()), (100, CALLS_MAX));
            assert_eq!(parser.calls.kept(), CALLS_MAX);
        }
    }
}

#[test]
fn held_messages_are_bounded() {
    let mut parser = Parser::new(true);
    let mut out = Vec::new();
    parser.push(asks(1), &mut out);
    let body = "x".repeat(60_000);
    for _ in 0..100 {
        parser.push(message(1, ToServer, &body), &mut out);
    }
    assert_eq!((out.len(), parser.calls.len()), (0, 0));
}

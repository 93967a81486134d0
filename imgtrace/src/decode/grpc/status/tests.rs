use bytes::Bytes;

use super::{MESSAGE_LIMIT, end, http};
use crate::decode::http2::{Field, Slot, Text};
use crate::decode::rpc::End;

const UNSEEN: &str = "?";

fn text(text: &str) -> Text {
    match text {
        UNSEEN => Text::Unknown(Slot(-1)),
        text => Text::Known(Bytes::copy_from_slice(text.as_bytes())),
    }
}

fn fields(pairs: &[(&str, &str)]) -> Vec<Field> {
    let field = |(name, value): &(&str, &str)| Field {
        name: text(name),
        value: text(value),
        slot: None,
    };
    pairs.iter().map(field).collect()
}

fn status(code: Option<u32>, message: &str) -> End {
    let message = message.to_owned();
    End::Status { code, message }
}

#[track_caller]
fn check(pairs: &[(&str, &str)], expected: &End) {
    assert_eq!(end(&fields(pairs), Some(200)), *expected);
}

#[test]
fn what_is_said_in_full() {
    let failed = [("grpc-status", "5"), ("grpc-message", "no such image")];
    check(&failed, &status(Some(5), "no such image"));
    check(
        &[("grpc-status", "0"), ("grpc-message", "")],
        &status(Some(0), ""),
    );
    check(&[("grpc-status", "0")], &status(Some(0), ""));
    check(&[("grpc-status", "new")], &status(None, ""));
}

#[test]
fn what_stands_in_entries_that_were_never_seen() {
    // A good end and one that was said before look the same.
    check(&[(UNSEEN, UNSEEN), (UNSEEN, UNSEEN)], &status(None, ""));
    check(&[("grpc-status", UNSEEN)], &status(None, ""));
    let new_message = [(UNSEEN, UNSEEN), (UNSEEN, "no such image")];
    check(&new_message, &status(None, "no such image"));
    let new = [
        (UNSEEN, "5"),
        (UNSEEN, "no such image"),
        (UNSEEN, "CAUSDW5v"),
    ];
    check(&new, &status(Some(5), "no such image"));
    let head = [
        (":status", "200"),
        (UNSEEN, UNSEEN),
        (UNSEEN, "5"),
        ("grpc-message", "no such image"),
    ];
    check(&head, &status(Some(5), "no such image"));
    check(
        &[("grpc-status", "5"), (UNSEEN, "17 left")],
        &status(Some(5), "17 left"),
    );
}

#[test]
fn messages_are_percent_encoded() {
    for (sent, message) in [
        ("a%20b%0Ac%25", "a b\nc%"),
        ("%C3%A9t%c3%a9", "été"),
        ("100%", "100%"),
        ("%zz%4", "%zz%4"),
        ("%FF", "\u{fffd}"),
    ] {
        let failed = [("grpc-status", "2"), ("grpc-message", sent)];
        check(&failed, &status(Some(2), message));
    }
}

#[test]
fn a_message_has_a_bound() {
    let long = "%41".repeat(MESSAGE_LIMIT + 1);
    let failed = [("grpc-status", "2"), ("grpc-message", &long)];
    check(&failed, &status(Some(2), &"A".repeat(MESSAGE_LIMIT)));
}

#[test]
fn without_a_status() {
    let page = fields(&[("content-type", "text/html")]);
    assert_eq!(end(&page, Some(503)), status(Some(14), "HTTP status 503"));
    assert_eq!(end(&page, Some(500)), status(Some(2), "HTTP status 500"));
    assert_eq!(end(&page, Some(200)), End::Cancelled);
    assert_eq!(end(&[], None), End::Cancelled);
}

#[test]
fn the_head_of_an_answer() {
    assert_eq!(
        http(&fields(&[(UNSEEN, "7"), (":status", "404")])),
        Some(404)
    );
    assert_eq!(http(&fields(&[(":status", UNSEEN)])), None);
    assert_eq!(http(&fields(&[(":status", "99999")])), None);
    assert_eq!(http(&[]), None);
}

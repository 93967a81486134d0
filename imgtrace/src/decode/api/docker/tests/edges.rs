//! Odd answers, bounds, and bytes that are nothing.

use proptest::prelude::*;

use super::*;

#[test]
fn errors_may_be_plain_text() {
    let start = talk("POST", "/containers/web/start");
    for (answer, error) in [
        ("No such container: web\n", ": No such container: web"),
        ("\r\n 404 page not found", ": 404 page not found"),
        ("{\"message\":\"\",\"cause\":\"why\"}", ": why"),
        ("{}", ""),
        ("", ""),
        ("\"text\"", ""),
    ] {
        let told = start.clone().answer(404, answer).told();
        assert_eq!(
            told,
            format!(r#"docker start error{error} {{"container":"web"}}"#)
        );
    }
    assert_eq!(
        start.answer(301, "").told(),
        r#"docker start error {"container":"web"}"#
    );
}

#[test]
fn an_answer_that_is_no_json_is_an_anomaly() {
    for answer in ["<html>\n", "{\"status\":\"x\"", "{\"status\" \"x\"}\n"] {
        let told = talk("POST", "/images/create?fromImage=a&tag=1")
            .answer(200, answer)
            .told();
        assert_eq!(
            told,
            "\"malformed-body\"\ndocker pull ok {\"image\":\"docker.io/library/a:1\"}"
        );
    }
    assert_eq!(
        talk("GET", "/images/json").answer(200, "<html>").told(),
        "\"malformed-body\""
    );
}

#[test]
fn an_anomaly_of_the_parser_is_passed_on() {
    let events = read([http1::Event::Anomaly(Anomaly::MalformedChunk)]);
    assert_eq!(events, [Event::Anomaly(Anomaly::MalformedChunk)]);
}

#[test]
fn followed_requests_are_bounded() {
    let http1::Event::Request { head, .. } = talk("POST", "/containers/web/start").request_head()
    else {
        unreachable!()
    };
    let mut reader = Reader::new();
    let mut out = Vec::new();
    for number in 0..1000 {
        let exchange = Exchange(number);
        let head = head.clone();
        reader.read(http1::Event::Request { exchange, head }, &mut out);
    }
    assert_eq!(reader.exchanges.len(), MAX_EXCHANGES);
    let dropped = out
        .iter()
        .filter(|event| **event == Event::Anomaly(Anomaly::TooManyPending));
    assert_eq!(dropped.count(), 1000 - MAX_EXCHANGES);
}

#[test]
fn a_form_that_is_too_long_is_not_read() {
    let form = format!("x={}&fromImage=busybox", "y".repeat(70_000));
    let pull = talk("POST", "/images/create?fromImage=a&tag=1")
        .form(&form)
        .answer(200, "");
    let events = [
        pull.request_head(),
        bytes(Direction::ToServer, form.as_bytes()),
    ];
    assert_eq!(told(&read(events)), "docker pull …");
    assert_eq!(
        pull.told(),
        r#"docker pull ok {"image":"docker.io/library/a:1"}"#
    );
}

#[test]
fn long_and_odd_names_are_cut_and_cleaned() {
    let long = "x".repeat(5000);
    for target in [
        format!("/containers/{long}/start"),
        format!("/images/{long}/push"),
        format!("/images/create?fromImage={long}&tag={long}"),
        format!("/exec/{long}/start"),
        format!("/containers/create?name={long}&platform={long}"),
    ] {
        for event in talk("POST", &target).events() {
            if let Event::Began { subject, .. } = event {
                assert!(
                    serde_json::to_string(&subject).unwrap().len() < 1200,
                    "{target:.40}"
                );
            }
        }
    }
    assert_eq!(
        talk("POST", "/containers/a%1b%5b1mb%0a/start")
            .answer(204, "")
            .told(),
        r#"docker start ok {"container":"a [1mb"}"#
    );
}

fn any_target() -> impl Strategy<Value = (&'static str, String)> {
    let targets = prop::sample::select(vec![
        ("POST", "/images/create?fromImage=a"),
        ("POST", "/images/create"),
        ("POST", "/images/load"),
        ("POST", "/build?t=a"),
        ("POST", "/commit"),
        ("POST", "/images/a/push"),
        ("DELETE", "/images/a"),
        ("POST", "/images/prune"),
        ("POST", "/containers/create"),
        ("POST", "/containers/a/exec"),
        ("POST", "/exec/a/start"),
        ("GET", "/containers/json"),
        ("GET", "/images/json"),
        ("GET", "/version"),
        ("POST", "/libpod/images/pull?reference=a"),
        ("POST", "/libpod/containers/create"),
    ]);
    (targets, "[?&a-zA-Z%=/.:@]{0,12}")
        .prop_map(|((method, target), more)| (method, format!("{target}{more}")))
}

fn any_event() -> impl Strategy<Value = http1::Event> {
    let to_client = any::<bool>();
    let bytes_of = "([{}\\[\\],:\"\\\\\r\n]|Image|id|error|status|Digest: sha256:|aux|86e0|progressDetail|current|9)*";
    (to_client, prop::option::of(bytes_of), 0_u64..4_000, 0_u8..8).prop_map(
        |(to_client, piece, millis, kind)| {
            let direction = if to_client {
                Direction::ToClient
            } else {
                Direction::ToServer
            };
            let (exchange, at) = (Exchange(0), at(millis));
            match kind {
                0 => http1::Event::End {
                    exchange,
                    direction,
                    at,
                },
                1 => http1::Event::Abandoned { exchange, at },
                2 => talk("GET", "/")
                    .answer(if to_client { 200 } else { 500 }, "")
                    .response_head(),
                _ => http1::Event::Body {
                    exchange,
                    direction,
                    piece: piece.map_or(Piece::Gap(millis), |piece| Piece::Bytes(piece.into())),
                    at,
                },
            }
        },
    )
}

proptest! {
    /// Whatever comes, an operation ends once at most, and never without having begun.
    #[test]
    fn any_events_are_survived((method, target) in any_target(), form in any::<bool>(), events in prop::collection::vec(any_event(), 0..30)) {
        let mut talk = talk(method, &target);
        if form {
            talk = talk.form("");
        }
        let mut out = Vec::new();
        let mut reader = Reader::new();
        for event in std::iter::once(talk.request_head()).chain(events).chain([abandoned()]) {
            reader.read(event, &mut out);
        }
        prop_assert!(reader.exchanges.is_empty());
        let began = out.iter().position(|event| matches!(event, Event::Began { .. }));
        let ended: Vec<_> = (0..out.len()).filter(|&at| matches!(out[at], Event::Ended { .. })).collect();
        prop_assert_eq!(ended.len(), usize::from(began.is_some()));
        prop_assert!(ended.first().copied() > began || began.is_none());
    }
}

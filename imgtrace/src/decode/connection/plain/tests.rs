use bytes::Bytes;

use super::{OPEN_MAX, Plain};
use crate::decode::Direction::{self, ToClient, ToServer};
use crate::decode::Event;
use crate::decode::flow::Piece;
use crate::decode::http2::{Event as Http2, Field, Text};
use crate::model::{Outcome, Stamp};
use crate::observation::Anomaly;

fn headers(stream: u32, direction: Direction, end: bool, pairs: &[(&str, &str)]) -> Http2 {
    let text = |text: &str| Text::Known(Bytes::copy_from_slice(text.as_bytes()));
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
        at: Stamp::default(),
    }
}

fn start(stream: u32) -> Http2 {
    let path = "/v1.53/containers/web/start";
    headers(
        stream,
        ToServer,
        true,
        &[(":method", "POST"), (":path", path)],
    )
}

fn status(stream: u32, end: bool, status: &str) -> Http2 {
    headers(stream, ToClient, end, &[(":status", status)])
}

fn told(joined: bool, events: impl IntoIterator<Item = Http2>) -> (Vec<Event>, usize) {
    let mut plain = Plain::new(joined);
    let mut out = Vec::new();
    for event in events {
        plain.push(event, &mut out);
    }
    let open = plain.open.len();
    plain.close(Stamp::default(), &mut out);
    (out, open)
}

fn outcomes(events: &[Event]) -> Vec<Outcome> {
    let outcome = |event: &Event| match event {
        Event::Ended { outcome, .. } => Some(*outcome),
        _ => None,
    };
    events.iter().filter_map(outcome).collect()
}

#[test]
fn an_answer_without_a_body() {
    let (events, open) = told(false, [start(1), status(1, true, "204")]);
    assert_eq!((outcomes(&events), open), (vec![Outcome::Ok], 0));
}

#[test]
fn interim_answers_and_trailers_are_none() {
    let data = Http2::Data {
        stream: 1,
        direction: ToClient,
        piece: Piece::Bytes(Bytes::from_static(b"{}")),
        end: false,
        at: Stamp::default(),
    };
    let trailers = headers(1, ToClient, true, &[("x-late", "1")]);
    let said = [
        start(1),
        status(1, false, "100"),
        status(1, false, "200"),
        data,
        trailers,
    ];
    let (events, open) = told(false, said);
    assert_eq!((outcomes(&events), open), (vec![Outcome::Ok], 0));
}

#[test]
fn what_is_reset_or_missed_has_no_known_end() {
    let reset = Http2::Reset {
        stream: 1,
        direction: ToClient,
        code: 8,
        at: Stamp::default(),
    };
    let missed = Http2::Interrupted {
        direction: ToServer,
        at: Stamp::default(),
    };
    for end in [Some(reset), Some(missed), None] {
        let (events, _) = told(false, std::iter::once(start(1)).chain(end));
        assert_eq!(outcomes(&events), [Outcome::Unknown]);
    }
}

#[test]
fn where_a_head_need_not_be_one_nothing_is_told() {
    let said = [start(1), status(1, true, "204")];
    assert_eq!(told(true, said.clone()).0, []);
    let missed = Http2::Interrupted {
        direction: ToServer,
        at: Stamp::default(),
    };
    assert_eq!(told(false, std::iter::once(missed).chain(said)).0, []);
}

#[test]
fn a_flood_is_bounded() {
    let requests = (0..1_000).map(|number| start(2 * number + 1));
    let (events, open) = told(false, requests);
    assert_eq!(open, OPEN_MAX);
    let refused = Event::Anomaly(Anomaly::TooManyPending);
    let refused = events.iter().filter(|event| **event == refused).count();
    assert_eq!(refused, 1_000 - OPEN_MAX);
}

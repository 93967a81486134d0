//! Plays conversations to a parser, and checks that what it says keeps the contract of [`Event`].

use std::collections::BTreeMap;

use bytes::Bytes;

pub(super) use crate::decode::flow::hearing::Words;
use crate::decode::http1::{Event, Parser, Piece};
use crate::decode::{Direction, Exchange};
use crate::model::Stamp;
use crate::observation::Anomaly;

pub(super) use Direction::{ToClient, ToServer};

pub(super) fn stamp(mono: u64) -> Stamp {
    Stamp {
        mono,
        wall: i64::try_from(mono).unwrap(),
    }
}

/// Words of text, each a nanosecond after the one before.
pub(super) fn words(said: &[(Direction, &str)]) -> Vec<Words> {
    let words = said.iter().zip(0..);
    words
        .map(|((direction, text), mono)| {
            let piece = Piece::Bytes(Bytes::copy_from_slice(text.as_bytes()));
            (*direction, piece, stamp(mono))
        })
        .collect()
}

/// All that a parser says of a whole connection, adjacent parts of bodies put together.
pub(super) fn hear(joined: bool, words: impl IntoIterator<Item = Words>) -> Vec<Event> {
    let mut events = listen(joined, words.into_iter().collect(), true);
    merge(&mut events);
    check_contract(&events);
    events
}

/// All that a parser says before the connection is gone.
pub(super) fn hear_open(joined: bool, words: impl IntoIterator<Item = Words>) -> Vec<Event> {
    let mut events = listen(joined, words.into_iter().collect(), false);
    merge(&mut events);
    events
}

fn listen(joined: bool, words: Vec<Words>, close: bool) -> Vec<Event> {
    let mut parser = Parser::new(joined);
    let mut events = Vec::new();
    let mut last = Stamp::default();
    for (direction, piece, at) in words {
        parser.push(direction, piece, at, &mut events);
        last = at;
    }
    if close {
        parser.close(stamp(last.mono + 1), &mut events);
    }
    events
}

fn merge(events: &mut Vec<Event>) {
    let mut merged: Vec<Event> = Vec::new();
    for event in events.drain(..) {
        match (merged.last_mut(), event) {
            (
                Some(Event::Body {
                    exchange,
                    direction,
                    piece,
                    at,
                }),
                Event::Body {
                    exchange: same_exchange,
                    direction: same_direction,
                    piece: more,
                    at: later,
                },
            ) if *exchange == same_exchange && *direction == same_direction => {
                match (&mut *piece, more) {
                    (Piece::Bytes(bytes), Piece::Bytes(more)) => {
                        *bytes = Bytes::from([bytes.as_ref(), more.as_ref()].concat());
                        *at = later;
                    }
                    (Piece::Gap(len), Piece::Gap(more)) => {
                        *len += more;
                        *at = later;
                    }
                    (_, more) => merged.push(Event::Body {
                        exchange: same_exchange,
                        direction: same_direction,
                        piece: more,
                        at: later,
                    }),
                }
            }
            (_, event) => merged.push(event),
        }
    }
    *events = merged;
}

/// What of an exchange was told.
#[derive(Default)]
struct Told {
    request_ended: bool,
    answer: Answer,
    abandoned: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Answer {
    #[default]
    Awaited,
    Begun,
    Ended,
    TookOver,
}

impl Told {
    fn ended(&self) -> bool {
        self.abandoned || (self.request_ended && self.answer == Answer::Ended)
    }

    /// Takes in an event of the exchange; false if it may not stand here.
    fn takes(&mut self, event: &Event) -> bool {
        let step = |answer: &mut Answer, from, to| std::mem::replace(answer, to) == from;
        let over = self.ended() || self.answer == Answer::TookOver;
        match event {
            Event::Abandoned { .. } => {
                !self.ended() && !std::mem::replace(&mut self.abandoned, true)
            }
            _ if over => false,
            Event::Response { .. } => step(&mut self.answer, Answer::Awaited, Answer::Begun),
            Event::Upgraded { .. } => step(&mut self.answer, Answer::Begun, Answer::TookOver),
            Event::Body {
                piece: Piece::Bytes(bytes),
                ..
            } if bytes.is_empty() => false,
            Event::Body { direction, .. } => match direction {
                ToServer => !self.request_ended,
                ToClient => self.answer == Answer::Begun,
            },
            Event::End { direction, .. } => match direction {
                ToServer => !std::mem::replace(&mut self.request_ended, true),
                ToClient => step(&mut self.answer, Answer::Begun, Answer::Ended),
            },
            Event::Request { .. } | Event::Anomaly(_) => true,
        }
    }
}

/// Panics unless each exchange was told in the order that [`Event`] promises, to its end.
pub(super) fn check_contract(events: &[Event]) {
    let mut told: BTreeMap<Exchange, Told> = BTreeMap::new();
    for event in events {
        if let Event::Request { exchange, .. } = event {
            assert_eq!(exchange.0, told.len() as u64, "numbers in order");
            told.insert(*exchange, Told::default());
        }
        let (Event::Request { exchange, .. }
        | Event::Response { exchange, .. }
        | Event::Body { exchange, .. }
        | Event::End { exchange, .. }
        | Event::Upgraded { exchange, .. }
        | Event::Abandoned { exchange, .. }) = event
        else {
            continue;
        };
        let fits = told.get_mut(exchange).is_some_and(|told| told.takes(event));
        assert!(fits, "out of place: {event:?} in {events:#?}");
    }
    for (exchange, told) in told {
        assert!(told.ended(), "{exchange:?} has no end in {events:#?}");
    }
}

pub(super) fn anomalies(events: &[Event]) -> Vec<Anomaly> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Anomaly(anomaly) => Some(*anomaly),
            _ => None,
        })
        .collect()
}

/// The events in short, a line each: `0 POST /x`, `0> 5 bytes`, `0> end`, `0< 200`, `0 upgraded`.
pub(super) fn short(events: &[Event]) -> Vec<String> {
    events.iter().map(one_short).collect()
}

fn one_short(event: &Event) -> String {
    let arrow = |direction: &Direction| match direction {
        ToServer => '>',
        ToClient => '<',
    };
    match event {
        Event::Request { exchange, head } => {
            let mut target = head.path.clone();
            if !head.query.is_empty() {
                target = format!("{target}?{}", head.query);
            }
            format!("{} {:?} {target}", exchange.0, head.method)
        }
        Event::Response { exchange, head } => format!("{}< {}", exchange.0, head.status),
        Event::Body {
            exchange,
            direction,
            piece,
            ..
        } => {
            let what = match piece {
                Piece::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                Piece::Gap(len) => format!("(gap of {len})"),
            };
            format!("{}{} {what}", exchange.0, arrow(direction))
        }
        Event::End {
            exchange,
            direction,
            ..
        } => format!("{}{} end", exchange.0, arrow(direction)),
        Event::Upgraded {
            exchange, protocol, ..
        } => format!("{} upgraded {protocol}", exchange.0),
        Event::Abandoned { exchange, .. } => format!("{} abandoned", exchange.0),
        Event::Anomaly(anomaly) => format!("! {anomaly:?}"),
    }
}

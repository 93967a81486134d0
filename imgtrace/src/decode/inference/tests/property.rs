//! Whatever is said: no panic, and no conclusion without an answer.

use std::collections::HashMap;

use bytes::Bytes;
use proptest::prelude::*;

use super::wire;
use crate::decode::grpc;
use crate::decode::http2::{Field, Slot, Text};
use crate::decode::inference::Inference;
use crate::decode::rpc::{End, Event, Message};
use crate::decode::{Direction, Exchange};
use crate::model::{Confidence, Stamp};

#[derive(Clone, Debug)]
enum Step {
    Begin(u8, i64),
    Say(u8, bool, Vec<u8>, bool),
    End(u8, Option<u32>),
    Gap(bool),
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        Vec::new(),
        wire::text(1, &wire::id(1)),
        wire::text(1, &wire::id(2)),
        wire::text(1, &wire::digest(7)),
        wire::pod_config(1),
        wire::create(&wire::id(1)),
        wire::container(&wire::id(2), 0),
        wire::container(&wire::id(2), 1),
        wire::container(&wire::id(2), 2),
        wire::sandbox(&wire::id(1), 0),
        wire::sandbox(&wire::id(1), 1),
        wire::image_spec(1, "busybox"),
        wire::image_status(),
        [wire::image_spec(1, "busybox"), wire::pod_config(3)].concat(),
        [wire::text(1, &wire::id(2)), wire::number(2, 30)].concat(),
    ]);
    prop_oneof![4 => known, 1 => prop::collection::vec(any::<u8>(), 0..40)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..4_u8, -4..1_i64).prop_map(|(call, slot)| Step::Begin(call, slot)),
        6 => (0..4_u8, any::<bool>(), body(), prop::bool::weighted(0.9))
            .prop_map(|(call, up, body, complete)| Step::Say(call, up, body, complete)),
        3 => (0..4_u8, prop::option::of(0..3_u32)).prop_map(|(call, code)| Step::End(call, code)),
        1 => prop::bool::weighted(0.1).prop_map(Step::Gap),
    ]
}

/// Feeds the steps, ends what is open, and gives the answers that each call had.
fn play(steps: Vec<Step>) -> (Vec<Event>, HashMap<Exchange, usize>) {
    let (mut inference, mut told) = (Inference::new(true), Vec::new());
    let mut open: HashMap<u8, Exchange> = HashMap::new();
    let mut answers = HashMap::new();
    let mut next = 1;
    let at = Stamp::default();
    for step in steps {
        let event = match step {
            Step::Begin(call, slot) => {
                let exchange = Exchange::of_stream(next);
                next += 2;
                open.insert(call, exchange);
                answers.insert(exchange, 0);
                let fields = fields(slot);
                grpc::Event::Called {
                    exchange,
                    fields,
                    at,
                }
            }
            Step::Say(call, up, body, complete) => {
                let Some(exchange) = open.get(&call).copied() else {
                    continue;
                };
                let direction = if up {
                    Direction::ToServer
                } else {
                    Direction::ToClient
                };
                *answers.get_mut(&exchange).unwrap() += usize::from(!up);
                let len = body.len() as u64;
                let message = Message {
                    bytes: Bytes::from(body),
                    complete,
                    len,
                };
                grpc::Event::Message {
                    exchange,
                    direction,
                    message,
                    at,
                }
            }
            Step::End(call, code) => {
                let Some(exchange) = open.remove(&call) else {
                    continue;
                };
                *answers.get_mut(&exchange).unwrap() += usize::from(code.is_none_or(|c| c != 0));
                let end = End::Status {
                    code,
                    message: String::new(),
                };
                grpc::Event::Ended { exchange, end, at }
            }
            Step::Gap(up) => {
                let direction = if up {
                    Direction::ToServer
                } else {
                    Direction::ToClient
                };
                grpc::Event::Interrupted { direction, at }
            }
        };
        inference.push(event, &mut told);
    }
    (told, answers)
}

fn fields(slot: i64) -> Vec<Field> {
    let known = |name: &'static str, value: &'static str| Field {
        name: Text::Known(Bytes::from_static(name.as_bytes())),
        value: Text::Known(Bytes::from_static(value.as_bytes())),
        slot: None,
    };
    let path = Field {
        name: Text::Unknown(Slot(slot)),
        value: Text::Unknown(Slot(slot)),
        slot: Some(Slot(slot)),
    };
    vec![known(":method", "POST"), known(":scheme", "http"), path]
}

proptest! {
    #[test]
    fn a_conclusion_has_an_answer_of_its_own_or_of_its_entry(
        steps in prop::collection::vec(step(), 0..60)
    ) {
        let (told, answers) = play(steps);
        for event in &told {
            if let Event::Called { exchange, basis, .. } = event {
                prop_assert_eq!(basis.confidence, Confidence::Inferred);
                let by_entry = basis.evidence.iter().any(|e| e.contains("another call"));
                prop_assert!(by_entry || answers[exchange] > 0, "{:?}", basis);
            }
        }
    }

    #[test]
    fn of_each_call_one_thing_is_told(steps in prop::collection::vec(step(), 0..60)) {
        let (told, answers) = play(steps);
        for exchange in answers.keys() {
            let called = told.iter().filter(|event| {
                matches!(event, Event::Called { exchange: of, .. } if of == exchange)
            }).count();
            let before_called = told.iter().take_while(|event| {
                !matches!(event, Event::Called { exchange: of, .. } if of == exchange)
            }).any(|event| {
                matches!(event, Event::Message { exchange: of, .. } | Event::Ended { exchange: of, .. }
                    if of == exchange)
            });
            prop_assert!(called <= 1 && !before_called);
        }
    }
}

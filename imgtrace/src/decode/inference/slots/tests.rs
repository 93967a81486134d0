use bytes::Bytes;

use super::{Slots, path_slot};
use crate::decode::Exchange;
use crate::decode::http2::{Field, Slot, Text};
use crate::decode::inference::method::Method;

const START: Method = Method::StartContainer;

fn call(number: u32) -> (Exchange, u64) {
    (Exchange::of_stream(number), u64::from(number))
}

/// Slots of which two have been used.
fn varied() -> Slots {
    let mut slots = Slots::default();
    slots.pass(Slot(-1), 1, &mut Vec::new());
    slots.pass(Slot(-2), 2, &mut Vec::new());
    slots
}

#[test]
fn one_conclusion_holds_for_the_entry() {
    let (mut slots, mut withdrawn) = (varied(), Vec::new());
    slots.conclude(Slot(-1), START, call(3), &mut withdrawn);
    assert_eq!(slots.method(Slot(-1)), Some(START));
    assert!(slots.allows(Slot(-1), START) && !slots.allows(Slot(-1), Method::PullImage));
    assert!(
        !slots.allows(Slot(-2), START),
        "no two entries have one path"
    );
    assert!(slots.allows(Slot(-2), Method::PullImage));
    assert!(withdrawn.is_empty());
}

#[test]
fn an_entry_with_two_methods_has_none() {
    let (mut slots, mut withdrawn) = (varied(), Vec::new());
    slots.conclude(Slot(-1), START, call(3), &mut withdrawn);
    slots.conclude(Slot(-1), Method::PullImage, call(5), &mut withdrawn);
    assert_eq!(slots.method(Slot(-1)), None);
    assert_eq!(withdrawn, [call(3).0, call(5).0]);
    slots.conclude(Slot(-1), START, call(7), &mut withdrawn);
    assert_eq!(slots.method(Slot(-1)), None);
}

#[test]
fn two_old_entries_with_one_method_have_none() {
    let (mut slots, mut withdrawn) = (varied(), Vec::new());
    slots.conclude(Slot(-1), START, call(3), &mut withdrawn);
    slots.conclude(Slot(-2), START, call(5), &mut withdrawn);
    assert_eq!(
        (slots.method(Slot(-1)), slots.method(Slot(-2))),
        (None, None)
    );
    withdrawn.sort();
    assert_eq!(withdrawn, [call(3).0, call(5).0]);
}

#[test]
fn an_entry_that_is_used_after_its_path_was_inserted_again_has_none() {
    let (mut slots, mut withdrawn) = (varied(), Vec::new());
    slots.conclude(Slot(-1), START, call(3), &mut withdrawn);
    slots.see(Slot(0), START, 10, &mut withdrawn);
    assert!(withdrawn.is_empty(), "it may have been evicted");
    slots.pass(Slot(-1), 11, &mut withdrawn);
    assert_eq!(withdrawn, [call(3).0]);
    assert_eq!(
        (slots.method(Slot(-1)), slots.method(Slot(0))),
        (None, Some(START))
    );
}

#[test]
fn entries_are_bounded() {
    let mut slots = varied();
    for number in 0..2_000 {
        slots.see(Slot(number), START, 1, &mut Vec::new());
    }
    assert_eq!(slots.entries.len(), super::SLOTS);
}

fn known(name: &'static str) -> Field {
    Field {
        name: Text::Known(Bytes::from_static(name.as_bytes())),
        value: Text::Known(Bytes::from_static(b"x")),
        slot: None,
    }
}

fn unknown(slot: i64) -> Field {
    Field {
        name: Text::Unknown(Slot(slot)),
        value: Text::Unknown(Slot(slot)),
        slot: Some(Slot(slot)),
    }
}

#[test]
fn the_path_stands_where_known_clients_write_it() {
    let grpc_go = [
        known(":method"),
        known(":scheme"),
        unknown(-3),
        unknown(-1),
        unknown(-2),
    ];
    assert_eq!(path_slot(&grpc_go), Some(Slot(-3)));
    let c_core = [
        unknown(-3),
        unknown(-1),
        known(":method"),
        known(":scheme"),
        unknown(-2),
    ];
    assert_eq!(path_slot(&c_core), Some(Slot(-3)));
}

#[test]
fn in_another_order_the_path_is_not_known() {
    let authority_first = [
        known(":method"),
        known(":scheme"),
        known(":authority"),
        unknown(-3),
    ];
    assert_eq!(path_slot(&authority_first), None);
    assert_eq!(path_slot(&[unknown(-1), unknown(-2), unknown(-3)]), None);
    assert_eq!(path_slot(&[known(":method")]), None);
}

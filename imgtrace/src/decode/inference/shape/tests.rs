use proptest::prelude::*;

use super::Shape;
use crate::decode::inference::tests::wire::{bytes, message, number, text};

#[test]
fn fields_are_read_by_number_and_type() {
    let nested = message(2, &[text(1, "in"), number(4, 300)]);
    let all = [text(1, "out"), nested, number(3, 7), vec![0x25, 1, 2, 3, 4]].concat();
    let shape = Shape::read(&all, true).unwrap();
    assert_eq!(shape.text(1), Some("out"));
    assert_eq!(shape.message(2).unwrap().varint(4), Some(300));
    assert_eq!(shape.varint(3), Some(7));
    assert!(shape.has(4) && shape.varint(4).is_none() && shape.bytes(4).is_none());
    assert!(shape.only(&[1, 2, 3, 4]) && !shape.only(&[1, 2, 3]));
}

#[test]
fn a_message_is_no_text() {
    let all = message(1, &[text(1, "a")]);
    let shape = Shape::read(&all, true).unwrap();
    assert_eq!(shape.text(1), None);
    assert!(shape.message(1).is_some());
}

#[test]
fn malformed_bytes_are_no_message() {
    for wrong in [
        &b"\x0a\x05abc"[..],
        b"\x00",
        b"\x0b",
        b"\x0e",
        b"\x08",
        b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    ] {
        assert!(Shape::read(wrong, true).is_none(), "{wrong:?}");
    }
}

#[test]
fn of_a_cut_message_the_fields_before_the_cut_are_read() {
    let all = [
        text(1, "whole"),
        message(2, &[text(1, "inner"), text(2, "cut off")]),
    ]
    .concat();
    let shape = Shape::read(&all[..all.len() - 3], false).unwrap();
    assert_eq!(shape.text(1), Some("whole"));
    let inner = shape.message(2).unwrap();
    assert_eq!((inner.text(1), inner.text(2)), (Some("inner"), None));
    assert!(!shape.is_whole() && !inner.is_whole() && !shape.is_empty());
    assert!(Shape::read(&all[..all.len() - 3], true).is_none());
}

#[test]
fn of_a_cut_list_the_last_item_is_left_out() {
    let list = [
        message(1, &[text(1, "a")]),
        message(1, &[text(1, "b"), text(2, "c")]),
    ]
    .concat();
    let cut = Shape::read(&list[..list.len() - 1], false).unwrap();
    assert_eq!(cut.items(1).unwrap().len(), 1);
    assert_eq!(Shape::read(&list, true).unwrap().items(1).unwrap().len(), 2);
    let mixed = [message(1, &[text(1, "a")]), number(1, 1)].concat();
    assert!(Shape::read(&mixed, true).unwrap().items(1).is_none());
}

#[test]
fn nothing_is_a_message_without_fields() {
    assert!(Shape::read(b"", true).unwrap().is_empty());
    assert!(!Shape::read(b"", false).unwrap().is_empty());
}

proptest! {
    #[test]
    fn any_bytes_can_be_looked_at(all in prop::collection::vec(any::<u8>(), 0..200), whole: bool) {
        if let Some(shape) = Shape::read(&all, whole) {
            for field in 0..20 {
                let _ = (shape.text(field), shape.varint(field), shape.texts(field));
                let _ = (shape.items(field), shape.message(field), shape.count(field));
            }
        }
    }

    #[test]
    fn a_cut_anywhere_yields_no_value_that_was_not_there(cut in 0_usize..60) {
        let all = [text(1, "first"), bytes(2, &[9; 20]), message(3, &[text(1, "x"), number(2, 999)])].concat();
        let cut = cut.min(all.len());
        let shape = Shape::read(&all[..cut], cut == all.len());
        if let Some(shape) = shape {
            prop_assert!(shape.text(1).is_none_or(|t| t == "first"));
            prop_assert!(shape.bytes(2).is_none_or(|b| b == [9; 20]));
            let inner = shape.message(3);
            prop_assert!(inner.and_then(|i| i.varint(2)).is_none_or(|n| n == 999));
        }
    }
}

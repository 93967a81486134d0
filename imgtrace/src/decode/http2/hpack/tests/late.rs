//! What a listener that came late knows, and what damage does to a block.

use super::super::table::CAPACITY_LIMIT;
use super::super::{Decoder, FIELD_LIMIT, TEXT_LIMIT};
use super::{fields, told};
use crate::decode::http2::Text;

/// A literal with a new name and incremental indexing.
fn literal(name: &str, value: &str) -> Vec<u8> {
    let mut block = vec![0x40];
    for text in [name, value] {
        let len = text.len();
        if len < 127 {
            block.push(u8::try_from(len).unwrap());
        } else {
            block.push(127);
            let mut rest = len - 127;
            while rest >= 128 {
                block.push(u8::try_from(rest % 128).unwrap() | 0x80);
                rest /= 128;
            }
            block.push(u8::try_from(rest).unwrap());
        }
        block.extend_from_slice(text.as_bytes());
    }
    block
}

#[test]
fn an_entry_that_was_not_seen_keeps_its_number() {
    let mut decoder = Decoder::new(true);
    assert_eq!(
        fields(&mut decoder, "be c0"),
        ["?-1: ?-1 @-1", "?-3: ?-3 @-3"]
    );
    assert_eq!(fields(&mut decoder, "40 0161 0162"), ["a: b @0"]);
    assert_eq!(
        fields(&mut decoder, "bf c1 be"),
        ["?-1: ?-1 @-1", "?-3: ?-3 @-3", "a: b @0"]
    );
}

#[test]
fn a_field_with_an_unknown_name_takes_its_slot() {
    let mut decoder = Decoder::new(true);
    assert_eq!(
        fields(&mut decoder, "82 7f00 0178 7e 0179 be bf c0"),
        [
            ":method: GET",
            "?-2: x @0",
            "?-2: y @1",
            "?-2: y @1",
            "?-2: x @0",
            "?-1: ?-1 @-1",
        ]
        .map(str::to_owned),
        "the index 63 is the second newest before, the newest but one after"
    );
}

#[test]
fn a_cut_block_tells_what_came_and_forgets_the_table() {
    let mut decoder = Decoder::new(false);
    let block = [literal("a", "b"), literal("c", "d")].concat();
    let read = decoder.decode(&block[..block.len() - 1], false);
    assert_eq!(told(&read.fields), ["a: b @0"]);
    assert!(read.lost && !read.malformed);
    assert_eq!(fields(&mut decoder, "be"), ["?-1: ?-1 @-1"]);

    let read = Decoder::new(false).decode(&literal("a", "b"), false);
    assert!(read.lost, "what was missed may have been a field");
}

#[test]
fn damage_ends_the_block_and_not_the_fields_before_it() {
    for damage in [
        &b"\xff\xff\xff\xff\xff\xff\xff\xff"[..],
        b"\x40\x01a\x05b",
        b"\x40",
        b"\x7f",
    ] {
        let mut decoder = Decoder::new(false);
        let block = [&literal("a", "b"), damage].concat();
        let read = decoder.decode(&block, true);
        assert_eq!(told(&read.fields), ["a: b @0"], "{damage:?}");
        assert!(read.lost && read.malformed, "{damage:?}");
    }
}

#[test]
fn what_is_wrong_with_one_field_harms_no_other() {
    let mut decoder = Decoder::new(false);
    let read = decoder.decode(b"\x80\xbe\x40\x01a\x81\x00\x40\x01c\x01d", true);
    assert!(read.malformed && !read.lost);
    assert_eq!(
        told(&read.fields),
        [
            "omitted: omitted",
            "omitted: omitted",
            "a: omitted @0",
            "c: d @1"
        ]
    );
    assert_eq!(fields(&mut decoder, "bf be"), ["a: omitted @0", "c: d @1"]);
    let late = decoder.decode(b"\x82\x3f\x00", true);
    assert!(late.malformed, "the capacity changes before the fields");
}

#[test]
fn long_texts_take_their_slot_and_their_room() {
    let mut decoder = Decoder::new(false);
    fields(&mut decoder, "3fe1ff03");
    let long = "x".repeat(TEXT_LIMIT + 1);
    let block = [literal("a", "b"), literal("long", &long), literal("c", "d")].concat();
    let read = decoder.decode(&block, true);
    assert!(!read.malformed);
    assert_eq!(
        told(&read.fields),
        ["a: b @0", "long: omitted @1", "c: d @2"]
    );
    assert_eq!(
        fields(&mut decoder, "c0 bf be"),
        ["a: b @0", "long: omitted @1", "c: d @2"]
    );
    fields(&mut decoder, "3fe11f");
    let read = decoder.decode(&[0xbf], true);
    assert!(
        read.malformed,
        "it was longer than what is left of the capacity"
    );
    assert_eq!(fields(&mut decoder, "be"), ["c: d @2"]);
}

#[test]
fn an_entry_larger_than_the_table_empties_it() {
    for joined in [false, true] {
        let mut decoder = Decoder::new(joined);
        let long = "x".repeat(4_096);
        let block = [literal("a", "b"), literal("c", &long), literal("d", "e")].concat();
        let read = decoder.decode(&block, true);
        assert_eq!(told(&read.fields)[2], "d: e @2");
        assert_eq!(fields(&mut decoder, "be"), ["d: e @2"]);
        let read = decoder.decode(&[0xc0], true);
        let old = if joined {
            "?0: ?0 @0"
        } else {
            "omitted: omitted"
        };
        assert_eq!(told(&read.fields), [old]);
        assert_eq!(read.malformed, !joined);
    }
}

#[test]
fn a_table_of_4_gib_is_kept_within_the_bound() {
    let mut decoder = Decoder::new(false);
    fields(&mut decoder, "3fe0ffffff0f");
    let value = "x".repeat(1_000);
    for number in 0..200 {
        decoder.decode(&literal(&format!("name-{number}"), &value), true);
    }
    assert!(decoder.table.size() <= CAPACITY_LIMIT);
    let read = decoder.decode(&[0xbe, 0xbe + 60, 0xff, 0x40], true);
    assert_eq!(read.fields[0].name, Text::Known("name-199".into()));
    assert_eq!(read.fields[1].name, Text::Known("name-139".into()));
    assert_eq!(told(&read.fields[2..]), ["?70: ?70 @70"]);
    assert!(!read.malformed, "the encoder may use it");
}

#[test]
fn fields_beyond_the_bound_are_not_told_and_take_their_slots() {
    let mut decoder = Decoder::new(false);
    let mut block = vec![0x82; FIELD_LIMIT];
    block.extend(literal("a", "b"));
    let read = decoder.decode(&block, true);
    assert!(read.malformed && !read.lost);
    assert_eq!(read.fields.len(), FIELD_LIMIT);
    assert_eq!(fields(&mut decoder, "be"), ["a: b @0"]);
}

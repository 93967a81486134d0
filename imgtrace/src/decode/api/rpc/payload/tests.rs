use bytes::Bytes;
use prost::Message;

use super::{Nested, Partial, Payload};
use crate::decode::api::rpc::tests::proto::Proto;
use crate::decode::rpc;

#[derive(Clone, PartialEq, Message)]
struct Inner {
    #[prost(string, tag = "1")]
    first: String,
    #[prost(string, tag = "3")]
    second: String,
}

#[derive(Clone, PartialEq, Message)]
struct Outer {
    #[prost(message, optional, tag = "2")]
    inner: Option<Inner>,
    #[prost(message, repeated, tag = "4")]
    others: Vec<Inner>,
}

impl Partial for Outer {
    const NESTED: &'static [Nested] = &[Nested::leaf(2)];
}

fn sample() -> Vec<u8> {
    let inner = Proto::new().text(1, "one").text(2, "secret").text(3, "two");
    Proto::new()
        .number(1, 300)
        .message(2, &inner)
        .message(4, &inner)
        .bytes()
}

fn read(bytes: &[u8], complete: bool) -> (Outer, bool) {
    let mut payload = Payload::new(rpc::Message {
        bytes: Bytes::copy_from_slice(bytes),
        complete,
        len: bytes.len() as u64,
    });
    (payload.read(), payload.is_malformed())
}

fn inner(first: &str, second: &str) -> Inner {
    Inner {
        first: first.to_owned(),
        second: second.to_owned(),
    }
}

#[test]
fn a_whole_message_is_read_and_unknown_fields_are_stepped_over() {
    let (outer, malformed) = read(&sample(), true);
    assert!(!malformed);
    assert_eq!(outer.inner, Some(inner("one", "two")));
    assert_eq!(outer.others, [inner("one", "two")]);
}

#[test]
fn cut_at_any_byte_the_fields_before_the_cut_stand() {
    let sample = sample();
    // Ends of field 1, of the inner fields 1 and 3, and of field 4.
    let ends = [3, 3 + 2 + 5, 3 + 2 + 5 + 8 + 5, sample.len()];
    for cut in 0..=sample.len() {
        let (outer, malformed) = read(&sample[..cut], false);
        assert!(!malformed, "{cut}");
        let first = if cut >= ends[1] { "one" } else { "" };
        let second = if cut >= ends[2] { "two" } else { "" };
        assert_eq!(
            outer.inner.unwrap_or_default(),
            inner(first, second),
            "{cut}"
        );
        let others = usize::from(cut == ends[3]);
        assert_eq!(
            outer.others.len(),
            others,
            "{cut}: a cut element of a list is none"
        );
    }
}

#[test]
fn a_message_that_should_be_whole_and_is_not_is_malformed() {
    let sample = sample();
    let (outer, malformed) = read(&sample[..sample.len() - 1], true);
    assert!(malformed);
    assert_eq!(
        outer.inner,
        Some(inner("one", "two")),
        "what stood before is kept"
    );
}

#[test]
fn text_that_is_none_is_malformed() {
    let bytes = Proto::new()
        .message(2, &Proto::new().raw(1, &[0xff, 0xfe]))
        .bytes();
    let (outer, malformed) = read(&bytes, true);
    assert!(malformed);
    assert_eq!(outer.inner.unwrap_or_default().first, "");
}

#[test]
fn hostile_lengths_take_no_memory() {
    // A field of 2^60 bytes, whole or cut.
    let bytes = [
        0x12, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10, 0x0a,
    ];
    assert!(read(&bytes, true).1);
    let (outer, malformed) = read(&bytes, false);
    assert!(!malformed);
    assert_eq!(outer.inner, Some(Inner::default()));
}

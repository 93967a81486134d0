//! A message's fields, as far as the message is known.

#[cfg(test)]
mod tests;

use bytes::Bytes;
use prost::Message;
use prost::encoding::{
    DecodeContext, WireType, decode_key, decode_varint, encode_key, encode_varint, skip_field,
};

use crate::decode::rpc;

/// A message of which only some fields are declared: those that are not are stepped over.
pub(in crate::decode::api) trait Partial: Message + Default {
    /// The fields that are messages themselves, as far as their own fields are wanted when the
    /// outer message is cut inside of them.
    const NESTED: &'static [Nested] = &[];
}

/// A field that is a message.
#[derive(Debug)]
pub(in crate::decode::api) struct Nested {
    /// The field's number.
    tag: u32,
    /// Its fields that are messages.
    fields: &'static [Nested],
}

impl Nested {
    /// A field whose message has no messages in it.
    pub(in crate::decode::api) const fn leaf(tag: u32) -> Self {
        Self::of(tag, &[])
    }

    /// A field whose message has these messages in it.
    pub(in crate::decode::api) const fn of(tag: u32, fields: &'static [Self]) -> Self {
        Self { tag, fields }
    }
}

/// A message that was sent.
pub(in crate::decode::api) struct Payload {
    bytes: Bytes,
    complete: bool,
    malformed: bool,
    doubt: Option<&'static str>,
}

impl Payload {
    pub(in crate::decode::api) fn new(message: rpc::Message) -> Self {
        Self {
            bytes: message.bytes,
            complete: message.complete,
            malformed: false,
            doubt: None,
        }
    }

    /// The fields of `M`; of a message that is cut or damaged, those before the place.
    pub(in crate::decode::api) fn read<M: Partial>(&mut self) -> M {
        let bytes = self.bytes.clone();
        self.read_from(bytes, self.complete)
    }

    /// The fields of a message that a field holds as bytes (`google.protobuf.Any`).
    pub(in crate::decode::api) fn read_inner<M: Partial>(&mut self, inner: Bytes) -> M {
        self.read_from(inner, true)
    }

    fn read_from<M: Partial>(&mut self, bytes: Bytes, complete: bool) -> M {
        let bytes = if complete {
            bytes
        } else {
            Bytes::from(closed(&bytes, M::NESTED))
        };
        let mut message = M::default();
        self.malformed |= message.merge(bytes).is_err();
        message
    }

    /// True if all of it was seen.
    pub(in crate::decode::api) const fn is_complete(&self) -> bool {
        self.complete
    }

    /// True if nothing can be missing of the fields up to `tag`: serializers of Go write fields in
    /// the order of their numbers (golang/protobuf `internal/order`), so one behind was reached.
    pub(in crate::decode::api) fn is_beyond(&self, tag: u32) -> bool {
        let mut rest = &self.bytes[..];
        self.complete
            || std::iter::from_fn(|| {
                let (field, wire_type) = decode_key(&mut rest).ok()?;
                let skipped = skip_field(wire_type, field, &mut rest, DecodeContext::default());
                if skipped.is_err() {
                    rest = &[];
                }
                Some(field)
            })
            .any(|field| field > tag)
    }

    /// What is read from it is a conclusion, for this reason.
    pub(in crate::decode::api) const fn doubt(&mut self, why: &'static str) {
        self.doubt = Some(why);
    }

    /// Why what was read is a conclusion; null if it is none.
    pub(super) const fn doubted(&self) -> Option<&'static str> {
        self.doubt
    }

    /// True if something of it could not be read.
    pub(super) const fn is_malformed(&self) -> bool {
        self.malformed
    }
}

/// A cut message without the field that is cut. If that is one of `nested`, it stays with those
/// of its fields that are whole: prost refuses a field that is longer than what there is.
fn closed(bytes: &[u8], nested: &[Nested]) -> Vec<u8> {
    let mut rest = bytes;
    loop {
        let field = rest;
        let Ok((tag, wire_type)) = decode_key(&mut rest) else {
            return before(bytes, field);
        };
        let mut value = rest;
        if skip_field(wire_type, tag, &mut rest, DecodeContext::default()).is_ok() {
            continue;
        }
        let mut closed_before = before(bytes, field);
        let inner = nested.iter().find(|inner| inner.tag == tag);
        if let Some(inner) = inner
            && wire_type == WireType::LengthDelimited
            && decode_varint(&mut value).is_ok()
        {
            let value = closed(value, inner.fields);
            encode_key(tag, wire_type, &mut closed_before);
            encode_varint(value.len() as u64, &mut closed_before);
            closed_before.extend_from_slice(&value);
        }
        return closed_before;
    }
}

/// What of `bytes` stands before its end `rest`.
fn before(bytes: &[u8], rest: &[u8]) -> Vec<u8> {
    let len = bytes.len() - rest.len();
    bytes.get(..len).unwrap_or_default().to_vec()
}

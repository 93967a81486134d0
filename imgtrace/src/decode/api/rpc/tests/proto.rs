//! Protobuf messages field by field, with the numbers of the upstream files.

use prost::encoding::{WireType, encode_key, encode_varint};

/// A message.
#[derive(Clone, Debug, Default)]
pub(in crate::decode::api) struct Proto(Vec<u8>);

impl Proto {
    pub(in crate::decode::api) fn new() -> Self {
        Self::default()
    }

    pub(in crate::decode::api) fn text(self, tag: u32, text: &str) -> Self {
        self.raw(tag, text.as_bytes())
    }

    pub(in crate::decode::api) fn message(self, tag: u32, message: &Self) -> Self {
        self.raw(tag, &message.0)
    }

    pub(in crate::decode::api) fn raw(mut self, tag: u32, bytes: &[u8]) -> Self {
        encode_key(tag, WireType::LengthDelimited, &mut self.0);
        encode_varint(bytes.len() as u64, &mut self.0);
        self.0.extend_from_slice(bytes);
        self
    }

    pub(in crate::decode::api) fn number(mut self, tag: u32, number: u64) -> Self {
        encode_key(tag, WireType::Varint, &mut self.0);
        encode_varint(number, &mut self.0);
        self
    }

    /// An entry of a `map<string, string>`.
    pub(in crate::decode::api) fn entry(self, tag: u32, key: &str, value: &str) -> Self {
        self.message(tag, &Self::new().text(1, key).text(2, value))
    }

    /// A `google.protobuf.Any`.
    pub(in crate::decode::api) fn any(self, tag: u32, of: &str, message: &Self) -> Self {
        self.message(tag, &Self::new().text(1, of).message(2, message))
    }

    pub(in crate::decode::api) fn bytes(&self) -> Vec<u8> {
        self.0.clone()
    }
}

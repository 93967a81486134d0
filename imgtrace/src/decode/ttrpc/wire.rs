//! ttrpc as a client and a server write it.

use prost::encoding::{WireType, encode_key, encode_varint};

/// A field of a Protobuf message.
pub(super) fn field(number: u32, value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_key(number, WireType::LengthDelimited, &mut bytes);
    encode_varint(value.len() as u64, &mut bytes);
    bytes.extend_from_slice(value);
    bytes
}

/// A frame of type 1 (request), 2 (response) or 3 (data).
pub(super) fn frame(stream: u32, kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap();
    let header = [
        &len.to_be_bytes()[..],
        &stream.to_be_bytes(),
        &[kind, flags],
    ];
    [&header.concat(), payload].concat()
}

/// `Request` with a namespace and a time limit.
pub(super) fn request(service: &str, method: &str, payload: &[u8]) -> Vec<u8> {
    let pair = [field(1, b"containerd-namespace-ttrpc"), field(2, b"k8s.io")];
    let mut bytes = [
        field(1, service.as_bytes()),
        field(2, method.as_bytes()),
        field(3, payload),
    ]
    .concat();
    encode_key(4, WireType::Varint, &mut bytes);
    encode_varint(2_000_000_000, &mut bytes);
    [bytes, field(5, &pair.concat())].concat()
}

/// `Response` of success.
pub(super) fn response(payload: &[u8]) -> Vec<u8> {
    [field(1, b""), field(2, payload)].concat()
}

/// `Response` of failure.
pub(super) fn refusal(code: u8, message: &str) -> Vec<u8> {
    let status = [&[8, code][..], &field(2, message.as_bytes())].concat();
    field(1, &status)
}

//! `Task/Start` of a shim, and a `Create` with 32 KiB of options: ttrpc's frames (containerd/ttrpc
//! PROTOCOL.md) of 10 bytes and a `Request` or `Response`.

use super::{BUFFER, http2::varint};

const REQUEST: u8 = 1;
const RESPONSE: u8 = 2;

/// The call's number from 0; its stream is odd.
fn stream(number: u32) -> u32 {
    2 * number + 1
}

pub fn request(number: u32) -> Vec<u8> {
    let mut payload = vec![0x0a, 64];
    payload.extend_from_slice(&[b'a'; 64]);
    call(number, "Start", &payload)
}

pub fn answer(number: u32) -> Vec<u8> {
    // Response.payload (2) with StartResponse.pid (1).
    frame(RESPONSE, stream(number), &[0x12, 0x03, 0x08, 0x92, 0x4e])
}

pub fn bulk(number: u32) -> Vec<u8> {
    let mut payload = vec![0x0a, 64];
    payload.extend_from_slice(&[b'a'; 64]);
    payload.push(0x52);
    payload.extend_from_slice(&varint(BUFFER));
    payload.resize(payload.len() + BUFFER, 0);
    call(number, "Create", &payload)
}

/// `Request`: service (1), method (2), payload (3), metadata (5).
fn call(number: u32, method: &str, payload: &[u8]) -> Vec<u8> {
    let mut request = Vec::new();
    let mut field = |tag: u8, bytes: &[u8]| {
        request.push(tag);
        request.extend_from_slice(&varint(bytes.len()));
        request.extend_from_slice(bytes);
    };
    field(0x0a, b"containerd.task.v3.Task");
    field(0x12, method.as_bytes());
    field(0x1a, payload);
    field(0x2a, b"\x0a\x1acontainerd-namespace-ttrpc\x12\x04moby");
    frame(REQUEST, stream(number), &request)
}

fn frame(kind: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes().to_vec();
    frame.extend_from_slice(&stream.to_be_bytes());
    frame.extend_from_slice(&[kind, 0]);
    frame.extend_from_slice(payload);
    frame
}

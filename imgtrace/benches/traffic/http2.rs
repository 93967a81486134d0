//! `Tasks/Start` and `Content/Write` of containerd, by grpc-go: HTTP/2 frames (RFC 9113 section 4)
//! around header blocks whose fields the first call inserts and the others name by index.

use imgtrace::decode::Direction;

use super::{BUFFER, Turn};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// The largest frame that a peer may send unless it was told otherwise.
const FRAME_MAX: usize = 16 << 10;

pub fn opening() -> Vec<Turn> {
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    let settings = frame(SETTINGS, 0, 0, &[]);
    vec![
        (Direction::ToServer, [preface, settings.clone()].concat()),
        (Direction::ToClient, settings),
    ]
}

/// The call's number from 0; its stream is odd.
fn stream(number: u32) -> u32 {
    2 * number + 1
}

pub fn request(number: u32) -> Vec<u8> {
    // :method POST and :scheme http are static; :path, :authority, content-type, te and the
    // namespace are inserted once.
    let block = if number == 0 {
        head("/containerd.services.tasks.v1.Tasks/Start")
    } else {
        vec![0x83, 0x86, 0xc2, 0xc1, 0xc0, 0xbf, 0xbe]
    };
    let mut message = vec![0x0a, 64];
    message.extend_from_slice(&[b'a'; 64]);
    let stream = stream(number);
    [
        frame(HEADERS, END_HEADERS, stream, &block),
        frame(DATA, END_STREAM, stream, &grpc(&message)),
    ]
    .concat()
}

pub fn answer(number: u32) -> Vec<u8> {
    let (head, tail) = if number == 0 {
        // content-type and grpc-status are inserted once.
        let head = [vec![0x88], inserted(Name::Static(31), "application/grpc")].concat();
        (head, inserted(Name::New("grpc-status"), "0"))
    } else {
        (vec![0x88, 0xbf], vec![0xbe])
    };
    let stream = stream(number);
    [
        frame(HEADERS, END_HEADERS, stream, &head),
        frame(DATA, 0, stream, &grpc(&[0x08, 0x92, 0x4e])),
        frame(HEADERS, END_HEADERS | END_STREAM, stream, &tail),
    ]
    .concat()
}

pub fn bulk_head() -> Vec<u8> {
    let block = head("/containerd.services.content.v1.Content/Write");
    frame(HEADERS, END_HEADERS, 1, &block)
}

/// A message of `WriteContentRequest` with `data` of 32 KiB (field 6), in frames.
pub fn bulk() -> Vec<u8> {
    let mut message = vec![0x08, 0x01, 0x32];
    message.extend_from_slice(&varint(BUFFER));
    message.resize(message.len() + BUFFER, 0);
    grpc(&message)
        .chunks(FRAME_MAX)
        .flat_map(|part| frame(DATA, 0, 1, part))
        .collect()
}

fn head(path: &str) -> Vec<u8> {
    [
        vec![0x83, 0x86],
        inserted(Name::Static(4), path),
        inserted(Name::Static(1), "localhost"),
        inserted(Name::Static(31), "application/grpc"),
        inserted(Name::New("te"), "trailers"),
        inserted(Name::New("containerd-namespace"), "moby"),
    ]
    .concat()
}

#[derive(Clone, Copy)]
enum Name {
    /// Index of the static table (RFC 7541 appendix A).
    Static(u8),
    New(&'static str),
}

/// Literal with incremental indexing (RFC 7541 section 6.2.1), without Huffman.
fn inserted(name: Name, value: &str) -> Vec<u8> {
    let text = |text: &str| {
        let mut bytes = vec![u8::try_from(text.len()).unwrap()];
        bytes.extend_from_slice(text.as_bytes());
        bytes
    };
    let name = match name {
        Name::Static(index) => vec![0x40 | index],
        Name::New(name) => [vec![0x40], text(name)].concat(),
    };
    [name, text(value)].concat()
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = len.get(1..).unwrap().to_vec();
    frame.extend_from_slice(&[kind, flags]);
    frame.extend_from_slice(&stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// A message with gRPC's prefix: not compressed, and its length.
fn grpc(message: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0];
    bytes.extend_from_slice(&u32::try_from(message.len()).unwrap().to_be_bytes());
    bytes.extend_from_slice(message);
    bytes
}

pub(super) fn varint(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(value & 0x7f).unwrap();
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

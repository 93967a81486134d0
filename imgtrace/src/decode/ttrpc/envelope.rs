//! What is in a frame: `Request` and `Response` (ttrpc `request.proto`).
//!
//! Read by hand, so that of one that is cut the fields before the cut are known, the beginning of
//! a cut payload included, and nothing is copied.

#[cfg(test)]
mod tests;

use bytes::{Buf, Bytes};
use prost::encoding::{WireType, decode_key, decode_varint};

use crate::decode::gather::Gathered;
use crate::decode::metadata::Metadata;
use crate::decode::rpc::Message;

/// Longest name of a service or a method; `containerd.runtime.sandbox.v1.Sandbox` has 37 bytes.
const NAME_LIMIT: usize = 256;

/// What a client asks for.
pub(super) struct Request {
    /// `/service/Method`.
    pub(super) path: String,
    pub(super) payload: Option<Message>,
    pub(super) metadata: Metadata,
}

/// What a server says last.
pub(super) struct Response {
    /// The code and the message of a status; none of a response that is cut before it.
    pub(super) status: Option<(u32, String)>,
    pub(super) payload: Option<Message>,
    /// True if it has no field that is unknown here.
    pub(super) is_plain: bool,
}

/// Why an envelope cannot be opened.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is none.
    Malformed,
    /// What matters of it is missing.
    Cut,
}

impl Request {
    pub(super) fn open(frame: &Gathered) -> Result<Self, Unread> {
        let (mut service, mut method) = (None, None);
        let (mut payload, mut metadata) = (None, Metadata::default());
        let whole = fields(&frame.bytes, |number, field| match (number, field) {
            (1, Field::Whole(bytes)) => service = Some(bytes),
            (2, Field::Whole(bytes)) => method = Some(bytes),
            (3, field) => payload = field.into_message(),
            (5, Field::Whole(bytes)) => read_pair(&bytes, &mut metadata),
            _ => {}
        });
        if !whole && frame.whole {
            return Err(Unread::Malformed);
        }
        let (Some(service), Some(method)) = (service, method) else {
            return Err(if frame.whole {
                Unread::Malformed
            } else {
                Unread::Cut
            });
        };
        let path = path(&service, &method).ok_or(Unread::Malformed)?;
        Ok(Self {
            path,
            payload,
            metadata,
        })
    }
}

impl Response {
    pub(super) fn open(frame: &Gathered) -> Result<Self, Unread> {
        let (mut status, mut payload, mut is_plain) = (None, None, true);
        let whole = fields(&frame.bytes, |number, field| match (number, field) {
            (1, Field::Whole(bytes) | Field::Cut(bytes, _)) => status = Some(read_status(&bytes)),
            (2, field) => payload = field.into_message(),
            _ => is_plain = false,
        });
        if !whole && frame.whole {
            return Err(Unread::Malformed);
        }
        // A server sends the status first, and none or an empty one for success.
        let is_seen = frame.whole || payload.is_some();
        let status = status.or_else(|| is_seen.then(|| (0, String::new())));
        Ok(Self {
            status,
            payload,
            is_plain,
        })
    }
}

/// `service` and `method` as one path, if they look like names.
fn path(service: &[u8], method: &[u8]) -> Option<String> {
    let is_name = |name: &[u8], dot: bool| {
        let is_of_name = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_' || (dot && *b == b'.');
        !name.is_empty() && name.len() <= NAME_LIMIT && name.iter().all(is_of_name)
    };
    if !is_name(service, true) || !is_name(method, false) {
        return None;
    }
    let service = std::str::from_utf8(service).ok()?;
    let method = std::str::from_utf8(method).ok()?;
    Some(format!("/{service}/{method}"))
}

/// `KeyValue`.
fn read_pair(pair: &Bytes, metadata: &mut Metadata) {
    let (mut key, mut value) = (Bytes::new(), Bytes::new());
    fields(pair, |number, field| match (number, field) {
        (1, Field::Whole(bytes)) => key = bytes,
        (2, Field::Whole(bytes)) => value = bytes,
        _ => {}
    });
    metadata.take(&key, &value);
}

/// `google.rpc.Status`: code 1, message 2.
fn read_status(status: &Bytes) -> (u32, String) {
    let mut read = (0, String::new());
    fields(status, |number, field| match (number, field) {
        (1, Field::Varint(code)) => read.0 = u32::try_from(code).unwrap_or(u32::MAX),
        (2, Field::Whole(message) | Field::Cut(message, _)) => {
            read.1 = String::from_utf8_lossy(&message).into_owned();
        }
        _ => {}
    });
    read
}

/// A field's value.
enum Field {
    Varint(u64),
    Fixed,
    /// A string, bytes or a message.
    Whole(Bytes),
    /// The beginning of one, and the length of all of it.
    Cut(Bytes, u64),
}

impl Field {
    fn into_message(self) -> Option<Message> {
        let (bytes, len, complete) = match self {
            Self::Whole(bytes) => {
                let len = bytes.len() as u64;
                (bytes, len, true)
            }
            Self::Cut(bytes, len) => (bytes, len, false),
            Self::Varint(_) | Self::Fixed => return None,
        };
        Some(Message {
            bytes,
            complete,
            len,
        })
    }
}

/// Passes on the fields of a message (Protocol Buffers, "Encoding"), the last of them perhaps cut.
/// False if the message does not end where a field ends.
fn fields(message: &Bytes, mut each: impl FnMut(u32, Field)) -> bool {
    let mut rest = message.clone();
    while !rest.is_empty() {
        let Some((number, field)) = field(&mut rest) else {
            return false;
        };
        let is_cut = matches!(field, Field::Cut(..));
        each(number, field);
        if is_cut {
            return false;
        }
    }
    true
}

fn field(rest: &mut Bytes) -> Option<(u32, Field)> {
    let (number, wire) = decode_key(rest).ok()?;
    let field = match wire {
        WireType::Varint => Field::Varint(decode_varint(rest).ok()?),
        WireType::LengthDelimited => {
            let len = decode_varint(rest).ok()?;
            match usize::try_from(len) {
                Ok(all) if all <= rest.len() => Field::Whole(rest.split_to(all)),
                _ => Field::Cut(std::mem::take(rest), len),
            }
        }
        WireType::SixtyFourBit => fixed(rest, 8)?,
        WireType::ThirtyTwoBit => fixed(rest, 4)?,
        WireType::StartGroup | WireType::EndGroup => return None,
    };
    Some((number, field))
}

fn fixed(rest: &mut Bytes, len: usize) -> Option<Field> {
    (rest.len() >= len).then(|| {
        rest.advance(len);
        Field::Fixed
    })
}

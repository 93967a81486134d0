//! How a server says that a call has ended: trailers, or a head that is all of the answer.
//!
//! Who has joined late does not know the names that stand in entries of the table which were never
//! seen. Then the form tells: a code is a small number, and a message that was not sent before is
//! there in full, ahead of other text.

#[cfg(test)]
mod tests;

use crate::decode::http2::{Field, Text};
use crate::decode::rpc::End;

/// Longest message that is kept, in bytes.
const MESSAGE_LIMIT: usize = 4096;
/// The highest code (gRPC `doc/statuscodes.md`, `UNAUTHENTICATED`).
const CODE_MAX: u32 = 16;

/// What is found of a status in a header block.
#[derive(Default)]
struct Found<'a> {
    /// There is a field that is the code, or may be.
    is_there: bool,
    code: Option<u32>,
    message: Option<&'a [u8]>,
    unnamed_code: Option<u32>,
    unnamed_message: Option<&'a [u8]>,
}

/// Reads the header block with which an answer ends. `http` is the status code of the answer's head.
pub(super) fn end(fields: &[Field], http: Option<u16>) -> End {
    let mut found = Found::default();
    for field in fields {
        match (&field.name, &field.value) {
            (Text::Known(name), Text::Known(value)) => match &name[..] {
                b"grpc-status" => {
                    found.is_there = true;
                    found.code = number(value);
                }
                b"grpc-message" => found.message = Some(value),
                _ => {}
            },
            (Text::Known(name), _) => found.is_there |= name == "grpc-status",
            (_, Text::Known(value)) => found.take_unnamed(value),
            _ => found.is_there = true,
        }
    }
    if !found.is_there {
        return without_status(http);
    }
    let message = found.message.or(found.unnamed_message);
    End::Status {
        code: found.code.or(found.unnamed_code),
        message: message.map(percent_decoded).unwrap_or_default(),
    }
}

impl<'a> Found<'a> {
    /// A value whose name was never seen.
    fn take_unnamed(&mut self, value: &'a [u8]) {
        self.is_there = true;
        match number(value).filter(|code| *code <= CODE_MAX) {
            Some(code) => self.unnamed_code = self.unnamed_code.or(Some(code)),
            None => self.unnamed_message = self.unnamed_message.or(Some(value)),
        }
    }
}

/// The status code of an answer's head, where that can be read.
pub(super) fn http(fields: &[Field]) -> Option<u16> {
    let field = fields
        .iter()
        .find(|field| is_known(&field.name, b":status"))?;
    match &field.value {
        Text::Known(value) => u16::try_from(number(value)?).ok(),
        _ => None,
    }
}

fn is_known(text: &Text, wanted: &[u8]) -> bool {
    matches!(text, Text::Known(known) if known == wanted)
}

/// The server is done and told no status: something before it has refused the call, with a status
/// of HTTP (gRPC `doc/http-grpc-status-mapping.md`), or it gave the call up.
pub(super) fn without_status(http: Option<u16>) -> End {
    let Some(http) = http.filter(|http| *http != 200) else {
        return End::Cancelled;
    };
    let code = match http {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502..=504 => 14,
        _ => 2,
    };
    End::Status {
        code: Some(code),
        message: format!("HTTP status {http}"),
    }
}

fn number(value: &[u8]) -> Option<u32> {
    let is_number = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(value).ok().filter(|_| is_number)?;
    text.parse().ok()
}

/// Undoes the percent-encoding of `grpc-message`; what is none stays as it is.
fn percent_decoded(value: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(value.len().min(MESSAGE_LIMIT));
    let mut rest = value;
    while let Some((&byte, after)) = rest.split_first()
        && bytes.len() < MESSAGE_LIMIT
    {
        let escaped = after
            .first_chunk()
            .filter(|_| byte == b'%')
            .and_then(|digits| hex(*digits));
        bytes.push(escaped.unwrap_or(byte));
        let taken = if escaped.is_some() { 2 } else { 0 };
        rest = after.get(taken..).unwrap_or_default();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex([high, low]: [u8; 2]) -> Option<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

//! One JSON object a line, written so that a terminal may show it.
//!
//! JSON itself lets C1 controls, bidi overrides and zero-width characters stand in a string. Here
//! they are written as `\uXXXX`: the same value to every parser, and harmless to `cat`.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use crate::show::escape::is_plain;

/// Appends a value and a line feed.
///
/// # Errors
/// A value whose map keys are no strings, or whose own `Serialize` fails, has no JSON. Then `out`
/// is as it was.
pub fn append(value: &impl Serialize, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    let before = out.len();
    let written = value.serialize(&mut Serializer::with_formatter(&mut *out, Visible));
    match written {
        Ok(()) => out.push(b'\n'),
        Err(_) => out.truncate(before),
    }
    written
}

/// `serde_json`'s compact form, with what is not plain escaped.
struct Visible;

impl Formatter for Visible {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + Write,
    {
        let mut rest = fragment;
        while let Some((at, hidden)) = rest.char_indices().find(|&(_, c)| !is_plain(c)) {
            let (plain, from) = rest.split_at(at);
            writer.write_all(plain.as_bytes())?;
            for unit in hidden.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = from.get(hidden.len_utf8()..).unwrap_or_default();
        }
        writer.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests;

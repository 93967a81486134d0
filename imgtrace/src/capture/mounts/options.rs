//! The options of an overlay, as mountinfo and statmount show them: which layers it has.
//!
//! Two kinds of escapes lie upon each other. The kernel shows separators and white space of a
//! value as `\` and three octal digits (`seq_show_option`). Below that, whoever mounts with
//! `lowerdir=` escapes `:`, `,` and `\` of a path with `\` (`ovl_unescape`, overlayfs.rst).

use crate::mountinfo::octal;

/// Layers, as they were given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Layers {
    /// The lower ones, topmost first; those with nothing but data stand last.
    pub(super) lower: Vec<String>,
    /// The upper one.
    pub(super) upper: Option<String>,
}

/// A byte of a value, and whether the kernel escaped it.
#[derive(Clone, Copy)]
struct Byte {
    value: u8,
    escaped: bool,
}

/// Reads the layers out of the options.
pub(super) fn layers(options: &[u8]) -> Layers {
    let mut layers = Layers::default();
    let mut data = Vec::new();
    for option in options.split(|byte| *byte == b',') {
        let Some(equals) = option.iter().position(|byte| *byte == b'=') else {
            continue;
        };
        let (name, value) = option.split_at(equals);
        let value = bytes(value.get(1..).unwrap_or_default());
        match name {
            b"lowerdir" => layers.lower.extend(split(&value)),
            // These are taken as they are (ovl_parse_layer): no escapes of the mounter's.
            b"lowerdir+" => layers.lower.push(text(value.iter().map(|byte| byte.value))),
            b"datadir+" => data.push(text(value.iter().map(|byte| byte.value))),
            b"upperdir" => layers.upper = Some(unescape(&value)),
            _ => {}
        }
    }
    layers.lower.append(&mut data);
    layers
}

/// Resolves the kernel's octal escapes (`mangle_path`, `seq_escape`); what is none stays.
fn bytes(mut value: &[u8]) -> Vec<Byte> {
    let mut all = Vec::with_capacity(value.len());
    while let [first, rest @ ..] = value {
        let octal = (*first == b'\\').then(|| octal(rest)).flatten();
        let (byte, rest) = match octal {
            Some((byte, rest)) => (byte, rest),
            None => (*first, rest),
        };
        all.push(Byte {
            value: byte,
            escaped: octal.is_some(),
        });
        value = rest;
    }
    all
}

/// The paths of `lowerdir=a:b::data`. A colon of a path is `\:`, or what the kernel escaped
/// (6.5 and 6.6 show it so).
fn split(value: &[Byte]) -> Vec<String> {
    let mut paths = vec![Vec::new()];
    let mut rest = value.iter();
    while let Some(byte) = rest.next() {
        let is_end = byte.value == b':' && !byte.escaped;
        let literal = (byte.value == b'\\').then(|| rest.next()).flatten();
        match paths.last_mut() {
            Some(path) if !is_end => path.push(literal.unwrap_or(byte).value),
            _ => paths.push(Vec::new()),
        }
    }
    let given = paths.into_iter().filter(|path| !path.is_empty());
    given.map(text).collect()
}

/// One path with the mounter's escapes.
fn unescape(value: &[Byte]) -> String {
    let mut rest = value.iter();
    text(std::iter::from_fn(|| {
        let byte = rest.next()?;
        let literal = (byte.value == b'\\').then(|| rest.next()).flatten();
        Some(literal.unwrap_or(byte).value)
    }))
}

fn text(bytes: impl IntoIterator<Item = u8>) -> String {
    let bytes: Vec<u8> = bytes.into_iter().collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests;

//! Free text from traffic, made fit to leave the decoder: short, printable and without secrets.
//!
//! Error messages quote what the client has sent: URLs with credentials, query strings, headers,
//! commands. What is taken for a secret is replaced by `***`. This knows the shapes in which
//! registries and runtimes write secrets; it cannot know a password that stands alone in a
//! sentence. When in doubt it hides too much.

pub(crate) mod names;
mod quoted;
mod secret;

#[cfg(test)]
mod tests;

pub(crate) use secret::{MASK, mask_forms};

/// Most bytes of a cleaned text (operations.md's bound for `error`).
const MAX_CLEAN: usize = 512;
/// Bytes that are looked at; a secret may be longer than what is shown.
pub(crate) const MAX_RAW: usize = 4096;

/// The text without secrets and control characters, cut at 512 bytes.
pub(crate) fn clean(text: &str) -> String {
    if is_id(text) {
        return text.to_owned();
    }
    let printable = secret::mask(whole_words(text)).replace(is_unprintable, " ");
    let printable = printable.trim();
    let end = printable.floor_char_boundary(MAX_CLEAN);
    printable.get(..end).unwrap_or(printable).to_owned()
}

/// True of a container's or an image's id, as most texts are. No shape of a secret is without other
/// letters.
fn is_id(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The beginning of a long text, without the last word: a secret that is cut may no longer look
/// like one.
fn whole_words(text: &str) -> &str {
    if text.len() < MAX_RAW {
        return text;
    }
    let text = text
        .get(..text.floor_char_boundary(MAX_RAW))
        .unwrap_or_default();
    text.rsplit_once(char::is_whitespace)
        .map_or("", |(words, _)| words)
}

/// Control characters, and the invisible ones that reorder a line.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

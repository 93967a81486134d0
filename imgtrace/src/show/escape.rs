//! Text that came from outside, made safe for a terminal: what would move a cursor, change a
//! colour, reorder or hide is written out as an escape that can be read.
//!
//! It knows characters, no layout. `a` + ESC + `[2J` becomes `a\u{1b}[2J`, and the eye sees that
//! somebody tried.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

/// Characters that some terminal or editor obeys or hides although they have a width, or that
/// have a width in one table and none in another (Unicode 16, general category Cf, plus line and
/// paragraph separators, fillers and tags).
const HIDDEN: [(char, char); 16] = [
    ('\u{00ad}', '\u{00ad}'),   // soft hyphen
    ('\u{034f}', '\u{034f}'),   // combining grapheme joiner
    ('\u{0600}', '\u{0605}'),   // Arabic number signs
    ('\u{061c}', '\u{061c}'),   // Arabic letter mark
    ('\u{06dd}', '\u{06dd}'),   // end of ayah
    ('\u{070f}', '\u{070f}'),   // Syriac abbreviation mark
    ('\u{115f}', '\u{1160}'),   // Hangul fillers
    ('\u{180e}', '\u{180e}'),   // Mongolian vowel separator
    ('\u{200b}', '\u{200f}'),   // zero width, left-to-right and right-to-left marks
    ('\u{2028}', '\u{202e}'),   // separators, bidi embeddings and overrides
    ('\u{2060}', '\u{206f}'),   // word joiner, bidi isolates, deprecated format characters
    ('\u{3164}', '\u{3164}'),   // Hangul filler
    ('\u{fe00}', '\u{fe0f}'),   // variation selectors
    ('\u{feff}', '\u{feff}'),   // byte order mark
    ('\u{fff0}', '\u{fffb}'),   // interlinear annotation
    ('\u{e0000}', '\u{e0fff}'), // tags and further variation selectors
];

/// True if a character may be written to a terminal as it is: it has a width, and no terminal
/// takes it for a command.
pub fn is_plain(character: char) -> bool {
    if character.is_ascii() {
        return !character.is_ascii_control();
    }
    let hidden = HIDDEN
        .iter()
        .any(|&(first, last)| (first..=last).contains(&character));
    !hidden && character.width().is_some_and(|width| width > 0)
}

/// The text with everything that is not plain written as `\n`, `\t`, `\r` or `\u{…}`.
///
/// A backslash stays as it is: the result is for eyes, not for parsing.
pub fn escape(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_plain(character) {
            out.push(character);
        } else {
            // `escape_default` leaves printable ASCII alone, which cannot come here.
            out.extend(character.escape_default());
        }
    }
    Cow::Owned(out)
}

/// The columns that an escaped text takes.
pub fn width(text: &str) -> usize {
    text.chars().filter_map(UnicodeWidthChar::width).sum()
}

#[cfg(test)]
mod tests;

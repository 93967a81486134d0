//! One line of text under construction: columns, colours, truncation.
//!
//! The only way to put text into a line escapes it, so nothing unescaped can get out. It knows
//! no operation.

use std::fmt::Write;

use anstyle::Style;

use super::escape::{escape, width};

/// What stands for text that was left out.
pub(super) const ELLIPSIS: &str = "…";

/// One line. Columns count from 0.
#[derive(Debug)]
pub(super) struct Line {
    text: String,
    column: usize,
    colour: bool,
}

impl Line {
    /// An empty line; without `colour` every style is ignored.
    pub(super) fn new(colour: bool) -> Self {
        Self {
            text: String::new(),
            column: 0,
            colour,
        }
    }

    /// The next column.
    pub(super) fn column(&self) -> usize {
        self.column
    }

    /// Adds text in a style, escaped.
    pub(super) fn push(&mut self, style: Style, text: &str) -> &mut Self {
        let text = escape(text);
        self.column += width(&text);
        if self.colour && !text.is_empty() {
            let (set, reset) = (style.render(), style.render_reset());
            // Writing into a `String` cannot fail.
            let _ = write!(self.text, "{set}{text}{reset}");
        } else {
            self.text.push_str(&text);
        }
        self
    }

    /// Adds text without a style, escaped.
    pub(super) fn plain(&mut self, text: &str) -> &mut Self {
        self.push(Style::new(), text)
    }

    /// Adds spaces up to a column, at least one.
    pub(super) fn pad_to(&mut self, column: usize) -> &mut Self {
        let spaces = column.saturating_sub(self.column).max(1);
        self.text.extend(std::iter::repeat_n(' ', spaces));
        self.column += spaces;
        self
    }

    /// Writes the line without spaces at its end, and its line feed.
    pub(super) fn finish(self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.text.trim_end_matches(' ').as_bytes());
        out.push(b'\n');
    }
}

/// The end of a text in at most `columns`, with an ellipsis before it if it was cut.
///
/// Names grow on the left (registry, repository) and differ on the right (name, tag).
pub(super) fn keep_end(text: &str, columns: usize) -> String {
    cut(text.chars().rev(), columns, text).map_or_else(
        || text.to_owned(),
        |kept| ELLIPSIS.chars().chain(kept.into_iter().rev()).collect(),
    )
}

/// The begin of a text in at most `columns`, with an ellipsis after it if it was cut.
pub(super) fn keep_begin(text: &str, columns: usize) -> String {
    cut(text.chars(), columns, text).map_or_else(
        || text.to_owned(),
        |kept| kept.into_iter().chain(ELLIPSIS.chars()).collect(),
    )
}

/// The characters that fit beside an ellipsis; none at all if the text fits as it is.
fn cut(characters: impl Iterator<Item = char>, columns: usize, whole: &str) -> Option<Vec<char>> {
    if width(&escape(whole)) <= columns {
        return None;
    }
    let mut room = columns.saturating_sub(width(ELLIPSIS));
    let fits = |character: &char| {
        let needed = width(&escape(character.encode_utf8(&mut [0; 4])));
        let fits = needed <= room;
        room = if fits { room - needed } else { 0 };
        fits
    };
    Some(characters.take_while(fits).collect())
}

#[cfg(test)]
mod tests;

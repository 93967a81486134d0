//! The body of an answer: JSON documents, or a plain text.

use crate::decode::clean;
use crate::decode::http1::Piece;
use crate::decode::json::{Document, Scanner};

/// A body as it comes.
#[derive(Debug)]
pub(super) enum Body {
    /// Nobody asks for it.
    Ignored,
    /// Nothing but space has come; an error may be either.
    Undecided(&'static [&'static str]),
    Json(Scanner),
    /// An error of an old daemon, or of something between: the message itself.
    Text(Vec<u8>),
}

impl Body {
    /// A body of JSON documents with these fields.
    pub(super) fn json(fields: &'static [&'static str]) -> Self {
        Self::Json(Scanner::new(fields))
    }

    /// Takes a piece, and hands over each document that it completes.
    pub(super) fn read(&mut self, piece: &Piece, mut each: impl FnMut(&Document)) {
        let Piece::Bytes(bytes) = piece else {
            return self.interrupt();
        };
        let mut bytes = bytes.as_ref();
        if let Self::Undecided(fields) = self {
            bytes = bytes.trim_ascii_start();
            match bytes.first() {
                None => return,
                Some(b'{' | b'[' | b'"') => *self = Self::json(fields),
                Some(_) => *self = Self::Text(Vec::new()),
            }
        }
        match self {
            Self::Json(scanner) => {
                while let Some(document) = scanner.next(&mut bytes) {
                    each(&document);
                }
            }
            Self::Text(text) => {
                let room = clean::MAX_RAW.saturating_sub(text.len());
                text.extend(bytes.iter().take(room));
            }
            Self::Ignored | Self::Undecided(_) => {}
        }
    }

    fn interrupt(&mut self) {
        match self {
            Self::Json(scanner) => {
                scanner.interrupt();
            }
            Self::Ignored => {}
            Self::Undecided(_) | Self::Text(_) => *self = Self::Ignored,
        }
    }

    /// The whole of a plain text.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
            _ => None,
        }
    }

    /// True if it was no JSON where it should have been.
    pub(super) const fn is_malformed(&self) -> bool {
        matches!(self, Self::Json(scanner) if scanner.is_malformed())
    }
    /// True if a document has begun and not ended.
    pub(super) const fn is_open(&self) -> bool {
        matches!(self, Self::Json(scanner) if scanner.is_open())
    }
}

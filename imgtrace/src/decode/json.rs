//! JSON as a listener reads it (RFC 8259): in pieces, with gaps, and only the fields that it knows.
//!
//! A body is never held. The scanner walks over the bytes as they come, keeps the values of the
//! paths that it was asked for and steps over everything else, so the environment of a container
//! or a credential is never copied, and a list of many megabytes takes no more room than one of
//! its elements. It is lenient: it is there to find fields, not to judge daemons.

mod document;
mod text;

#[cfg(test)]
mod tests;

use std::mem;

use document::Value;
pub(crate) use document::{Document, Object};
use text::{Step, Text};

/// Objects and arrays inside of each other; what is deeper is taken for malformed.
const MAX_DEPTH: usize = 128;
/// Bytes of a key that are compared; no key that is asked for is as long.
const MAX_KEY: usize = 64;
/// Bytes of a value that are kept; an error message is the longest thing that is asked for.
pub(crate) const MAX_TEXT: usize = 4096;
/// Letters of `true`, `false` and `null`.
const MAX_WORD: usize = 5;
/// Digits of a number; more do not fit `u64`.
const MAX_NUMBER: usize = 20;

/// What the next byte may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    /// The first byte of a value, or the end of an array that is still empty.
    Value,
    /// The quote before a key, or the end of an object that is still empty.
    Key,
    /// The colon behind a key.
    Colon,
    /// A comma, or the end of what surrounds the value.
    After,
    /// The rest of a key.
    KeyText,
    /// The rest of a string.
    StringText,
    /// The rest of a number.
    Number,
    /// The rest of `true`, `false` or `null`.
    Word,
    /// A line's end, behind which a new document may begin.
    LineEnd,
}

/// Whether a line's beginning is known to be a document's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Footing {
    Firm,
    /// Bytes were lost, or were none of JSON; until a whole document was read.
    Lost,
}

/// An object or array that is open.
#[derive(Debug)]
struct Level {
    object: bool,
    /// Length of its own path.
    path: usize,
    /// True if nothing inside of it was asked for.
    skipped: bool,
}

/// Reads JSON documents that follow each other, with or without line ends between them.
///
/// Each top-level value is a [`Document`], and so is each element of a top-level array.
#[derive(Debug)]
pub(crate) struct Scanner {
    wanted: &'static [&'static str],
    expect: Expect,
    levels: Vec<Level>,
    /// Keys from the document to the value at hand, in lower case, joined by dots.
    path: String,
    /// True if the value at hand is on no path that was asked for.
    skipped: bool,
    text: Text,
    document: Document,
    /// A document was completed by the last byte.
    complete: bool,
    footing: Footing,
    malformed: bool,
}

impl Scanner {
    /// A scanner for these paths: keys in lower case joined by dots, arrays left out
    /// (`config.image`, `repotags`). Keys are compared without case, as Go's decoder does.
    pub(crate) fn new(wanted: &'static [&'static str]) -> Self {
        Self {
            wanted,
            expect: Expect::Value,
            levels: Vec::new(),
            path: String::new(),
            skipped: false,
            text: Text::default(),
            document: Document::default(),
            complete: false,
            footing: Footing::Firm,
            malformed: false,
        }
    }

    /// Takes bytes up to the end of the next document; null if they were used up before.
    pub(crate) fn next(&mut self, bytes: &mut &[u8]) -> Option<Document> {
        while let Some((&byte, rest)) = bytes.split_first() {
            // The byte that ends a number is not part of it.
            if self.step(byte) {
                *bytes = rest;
            }
            if mem::take(&mut self.complete) {
                self.footing = Footing::Firm;
                return Some(mem::take(&mut self.document));
            }
        }
        None
    }

    /// The bytes that follow are lost, or there are none: gives what the open document has told,
    /// and looks for the next one behind a line's end (there is none inside of documents as the
    /// daemons write them).
    pub(crate) fn interrupt(&mut self) -> Document {
        let told = mem::take(&mut self.document);
        self.footing = Footing::Lost;
        self.lose();
        told
    }

    /// True if a document is open.
    pub(crate) const fn is_open(&self) -> bool {
        !self.levels.is_empty()
    }

    /// True if something that is no JSON was met where no bytes had been lost.
    pub(crate) const fn is_malformed(&self) -> bool {
        self.malformed
    }

    /// Takes one byte; false if it must be looked at again.
    fn step(&mut self, byte: u8) -> bool {
        match self.expect {
            Expect::KeyText | Expect::StringText => self.string(byte),
            Expect::Number | Expect::Word => return self.scalar(byte),
            Expect::LineEnd if byte == b'\n' => self.expect = Expect::Value,
            Expect::LineEnd => {}
            _ if byte.is_ascii_whitespace() => {}
            Expect::Value => self.value(byte),
            Expect::Key if byte == b'"' => self.begin(Expect::KeyText, MAX_KEY),
            Expect::Colon if byte == b':' => self.expect = Expect::Value,
            Expect::After if byte == b',' => self.separate(),
            Expect::After | Expect::Key => self.close(byte),
            Expect::Colon => self.lose(),
        }
        true
    }

    fn value(&mut self, byte: u8) {
        let doubtful = self.footing == Footing::Lost && self.levels.is_empty();
        if doubtful && !matches!(byte, b'{' | b'[') {
            return self.lose();
        }
        let wanted = usize::from(self.wanted_path().is_some());
        match byte {
            b'{' | b'[' => self.open(byte == b'{'),
            b'"' => self.begin(Expect::StringText, wanted * MAX_TEXT),
            b'-' | b'0'..=b'9' => {
                self.begin(Expect::Number, wanted * MAX_NUMBER);
                self.text.push(byte);
            }
            b't' | b'f' | b'n' => {
                self.begin(Expect::Word, wanted * MAX_WORD);
                self.text.push(byte);
            }
            _ => self.close(byte),
        }
    }

    fn begin(&mut self, expect: Expect, limit: usize) {
        self.expect = expect;
        self.text.begin(limit);
    }

    fn open(&mut self, object: bool) {
        if self.levels.len() == MAX_DEPTH {
            return self.lose();
        }
        if let Some(path) = self.wanted_path().filter(|_| object) {
            self.document.add(path, Value::Object);
        }
        self.levels.push(Level {
            object,
            path: self.path.len(),
            skipped: self.skipped,
        });
        self.expect = if object { Expect::Key } else { Expect::Value };
    }

    fn separate(&mut self) {
        match self.levels.last() {
            Some(level) if level.object => self.expect = Expect::Key,
            Some(_) => self.expect = Expect::Value,
            None => self.lose(),
        }
    }

    fn close(&mut self, byte: u8) {
        match self.levels.pop() {
            Some(level) if byte == if level.object { b'}' } else { b']' } => {
                self.path.truncate(level.path);
                self.skipped = level.skipped;
                self.end_value(level.object || !self.levels.is_empty());
            }
            _ => self.lose(),
        }
    }

    /// A value has ended. A top-level array is no document of its own, its elements were.
    fn end_value(&mut self, document: bool) {
        let inside = self.levels.iter().skip(1).count();
        let element = inside == 0 && self.levels.first().is_none_or(|level| !level.object);
        self.complete = document && element;
        self.expect = if self.levels.is_empty() {
            Expect::Value
        } else {
            Expect::After
        };
    }

    fn string(&mut self, byte: u8) {
        match self.text.step(byte) {
            Step::More => {}
            Step::Invalid => self.lose(),
            Step::End if self.expect == Expect::KeyText => self.key(),
            Step::End => {
                if let Some(path) = self.wanted_path() {
                    self.document.add(path, Value::Text(self.text.take()));
                }
                self.end_value(true);
            }
        }
    }

    fn key(&mut self) {
        self.expect = Expect::Colon;
        let Some(level) = self.levels.last() else {
            return self.lose();
        };
        self.skipped = level.skipped;
        self.path.truncate(level.path);
        if self.skipped {
            return;
        }
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(&self.text.take().to_ascii_lowercase());
        self.skipped = !self.wanted.iter().any(|wanted| {
            wanted
                .strip_prefix(self.path.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
    }

    fn scalar(&mut self, byte: u8) -> bool {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-') {
            self.text.push(byte);
            return true;
        }
        if let Some(path) = self.wanted_path() {
            let text = self.text.take();
            let value = match self.expect {
                Expect::Number => text.parse().ok().map(Value::Number),
                _ => (text == "true").then_some(Value::True),
            };
            if let Some(value) = value {
                self.document.add(path, value);
            }
        }
        self.end_value(true);
        false
    }

    fn wanted_path(&self) -> Option<&'static str> {
        let path = self.wanted.iter().find(|&&wanted| wanted == self.path);
        path.copied().filter(|_| !self.skipped)
    }

    fn lose(&mut self) {
        self.malformed |= self.footing == Footing::Firm;
        self.footing = Footing::Lost;
        self.expect = Expect::LineEnd;
        self.levels.clear();
        self.path.clear();
        self.skipped = false;
        self.document = Document::default();
    }
}

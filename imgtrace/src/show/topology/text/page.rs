//! Lines with a label, broken between words where they are too long.

use anstyle::Style;

use crate::show::escape::{escape, width};
use crate::show::line::Line;
use crate::show::palette::{DIM, OP, PLAIN};

/// Columns where the width is not known: a pipe, or a file.
const COLUMNS: usize = 100;

/// Columns that a text has at the least, however narrow the terminal is.
const LEAST: usize = 30;

/// Where labels begin.
const LABEL: usize = 6;

/// Where labelled texts begin.
const TEXT: usize = 16;

/// What is written to.
pub(super) struct Page<'a> {
    colour: bool,
    columns: usize,
    out: &'a mut Vec<u8>,
}

impl<'a> Page<'a> {
    pub(super) fn new(colour: bool, columns: Option<usize>, out: &'a mut Vec<u8>) -> Self {
        Self {
            colour,
            columns: columns.unwrap_or(COLUMNS),
            out,
        }
    }

    pub(super) fn line(&self) -> Line {
        Line::new(self.colour)
    }

    pub(super) fn finish(&mut self, line: Line) {
        line.finish(self.out);
    }

    /// The name of a section, after an empty line if there is something above it.
    pub(super) fn heading(&mut self, name: &str, about: &str) {
        if !self.out.is_empty() {
            self.out.push(b'\n');
        }
        let mut line = self.line();
        line.push(OP, name);
        if !about.is_empty() {
            line.plain("  ").push(DIM, about);
        }
        self.finish(line);
    }

    /// A label and what it says.
    pub(super) fn labelled(&mut self, label: &str, text: &str) {
        let mut line = self.line();
        line.pad_to(LABEL).push(DIM, label).pad_to(TEXT);
        self.words(line, PLAIN, text, TEXT);
    }

    /// What a fact rests on.
    pub(super) fn evidence(&mut self, sentence: &str) {
        let mut line = self.line();
        line.pad_to(LABEL).push(DIM, "· ");
        self.words(line, DIM, sentence, LABEL + 2);
    }

    /// Adds a text to a line, and goes on in lines below that begin at `indent`.
    pub(super) fn words(&mut self, mut line: Line, style: Style, text: &str, indent: usize) {
        let end = self.columns.max(indent + LEAST);
        let mut is_first = true;
        for word in text.split(' ') {
            let needed = width(&escape(word)) + usize::from(!is_first);
            if !is_first && line.column() + needed > end {
                self.finish(std::mem::replace(&mut line, Line::new(self.colour)));
                line.pad_to(indent);
                is_first = true;
            }
            if !is_first {
                line.plain(" ");
            }
            line.push(style, word);
            is_first = false;
        }
        self.finish(line);
    }
}

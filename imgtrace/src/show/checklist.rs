//! Lines with a mark before them: what is as it should be, and what to do where it is not.
//!
//! It knows no kernel: `command` judges, this aligns.

use super::line::Line;
use super::palette::{BAD, DIM, GOOD, PLAIN};

/// Columns of the names.
const NAME: usize = 34;
/// Where names begin, and the lines below them.
const INDENT: usize = 4;
/// Columns of the labels below a name.
const LABEL: usize = 10;

/// One thing that was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// Whether it is as it should be.
    pub good: bool,
    /// What was looked at.
    pub name: String,
    /// What was found.
    pub found: String,
    /// More about it: a label and a text each.
    pub below: Vec<(&'static str, String)>,
}

/// Appends the lines of a list.
pub fn render(items: &[Item], colour: bool, out: &mut Vec<u8>) {
    for item in items {
        let mut line = Line::new(colour);
        let (style, mark) = if item.good { (GOOD, "ok") } else { (BAD, "!!") };
        line.push(style, mark).pad_to(INDENT).plain(&item.name);
        line.pad_to(INDENT + NAME).plain(&item.found);
        line.finish(out);
        for (label, text) in &item.below {
            let mut line = Line::new(colour);
            line.pad_to(INDENT).push(DIM, label);
            line.pad_to(INDENT + LABEL).push(PLAIN, text);
            line.finish(out);
        }
    }
}

#[cfg(test)]
mod tests;

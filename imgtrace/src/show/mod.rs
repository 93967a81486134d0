//! From reports to bytes: lines for people, one long line, JSON.
//!
//! Pure: what is printed depends on the reports and the [`Settings`] alone, so a replay prints
//! what the live run printed. Who writes the bytes, and where to, is known to `command`.

mod caller;
pub mod checklist;
pub mod escape;
mod filter;
mod json;
mod line;
mod lines;
mod palette;
mod start;
mod subject;
pub mod topology;
mod way;
mod wide;
mod zone;

use serde::{Deserialize, Serialize};

pub use filter::{Filter, Term, TermError};
pub use zone::{Change, MAX_CHANGES, Zone, rfc3339_utc};

use crate::model::{Operation, Report};

/// The forms of output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Output {
    /// One line an operation, for people
    #[default]
    Text,
    /// One long line an operation, with everything that is known
    Wide,
    /// One JSON object a line, for programs
    Json,
}

/// Everything that the form of the output depends on.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Which form.
    pub output: Output,
    /// Whether the evidence of findings and operations is printed in text.
    pub evidence: bool,
    /// Whether text is coloured.
    pub colour: bool,
    /// Columns of the terminal; null in a pipe, where nothing is cut.
    pub columns: Option<usize>,
    /// The zone of the times in text.
    pub zone: Zone,
    /// Which operations are shown.
    pub filter: Filter,
}

/// Turns reports into bytes, in the order in which they are given.
#[derive(Debug)]
pub struct Renderer {
    settings: Settings,
    lines: lines::State,
}

impl Renderer {
    /// A renderer that has printed nothing yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            lines: lines::State::default(),
        }
    }

    /// The terminal has another width now.
    pub fn resize(&mut self, columns: Option<usize>) {
        self.settings.columns = columns;
    }

    /// Appends what a report looks like; nothing if it is not shown in this form.
    pub fn render(&mut self, report: &Report, out: &mut Vec<u8>) {
        if operation(report).is_some_and(|operation| !self.settings.filter.shows(operation)) {
            return;
        }
        match self.settings.output {
            Output::Text => self.lines.render(&self.settings, report, out),
            Output::Wide => wide::render(&self.settings, report, out),
            Output::Json => json::render(report, out),
        }
    }
}

/// The operation that a report is about.
fn operation(report: &Report) -> Option<&Operation> {
    match report {
        Report::Began(operation) | Report::Progress(operation) | Report::Ended(operation) => {
            Some(operation)
        }
        Report::Merged { .. }
        | Report::Withdrawn { .. }
        | Report::Finding(_)
        | Report::Endpoint(..)
        | Report::Store(..)
        | Report::Loss(_)
        | Report::Notice(_)
        | Report::Summary(_) => None,
    }
}

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

//! `-o text`: one line a thing, aligned, readable at 100 columns.

mod loss;
mod operation;
mod statement;
mod summary;

use std::collections::BTreeMap;

use jiff::civil::Date;

pub(super) use loss::sentence as loss_sentence;
pub(super) use summary::render as summary;

use crate::model::{
    Confidence, Endpoint, EndpointId, EndpointState, Operation, OperationId, ProcessKey, Report,
    Runtime, Stamp,
};

use super::Settings;
use super::line::Line;
use super::palette::DIM;
use super::subject;
use operation::Extent;

/// The column after the time, where every line's word stands and further lines are indented to.
const WORD: usize = 14;

/// Endpoints that are remembered to tell two daemons of a kind apart. A host has a handful; a
/// recording may claim anything.
const MAX_ENDPOINTS: usize = 4096;

/// Lines that may be taken back; the oldest is forgotten when there are more.
const MAX_GUESSED: usize = 1024;

/// What earlier lines have said, as far as later ones depend on it.
#[derive(Debug, Default)]
pub(super) struct State {
    watched: BTreeMap<EndpointId, (Runtime, Option<ProcessKey>)>,
    day: Option<Date>,
    /// Why the last connection was refused.
    refused: Option<String>,
    /// What stands in lines that may be taken back.
    guessed: BTreeMap<OperationId, String>,
}

impl State {
    /// Appends a report's lines; none for the begin of an operation, which `Progress` shows if it
    /// takes long.
    pub(super) fn render(&mut self, settings: &Settings, report: &Report, out: &mut Vec<u8>) {
        match report {
            // Nobody has seen the begin of what is part of another operation.
            Report::Began(_) | Report::Merged { .. } => {}
            Report::Progress(operation) => {
                let line = self.begin(settings, operation.at, out);
                operation::render(line, self, settings, operation, Extent::Running, out);
            }
            Report::Ended(operation) => {
                let line = self.begin(settings, operation.at, out);
                let extent = self.extent(operation);
                operation::render(line, self, settings, operation, extent, out);
                self.guessed(operation);
            }
            Report::Withdrawn { at, id } => {
                if let Some(guess) = self.guessed.remove(id) {
                    let line = self.begin(settings, *at, out);
                    statement::withdrawn(line, &guess, out);
                }
            }
            Report::Finding(finding) => {
                let line = self.begin(settings, finding.at, out);
                statement::finding(line, settings, finding, out);
            }
            // There is one for each container.
            Report::Endpoint(_, endpoint) if endpoint.runtime == Runtime::Shim => {}
            Report::Endpoint(at, endpoint) => {
                if self.remember(endpoint) {
                    let line = self.begin(settings, *at, out);
                    statement::endpoint(line, endpoint, out);
                }
            }
            // Every operation that it matters for names it.
            Report::Store(..) if !settings.evidence => {}
            Report::Store(at, id, store) => {
                let line = self.begin(settings, *at, out);
                statement::store(line, *id, store, out);
            }
            Report::Loss(loss) => {
                let line = self.begin(settings, loss.at, out);
                statement::loss(line, loss, out);
            }
            Report::Notice(notice) => {
                let line = self.begin(settings, notice.at, out);
                statement::notice(line, notice, out);
            }
            Report::Summary(all) => {
                let line = self.begin(settings, all.at, out);
                summary::render(line, settings, all, out);
            }
        }
    }

    /// A line that begins with its time; before it, the day if it is another than before.
    fn begin(&mut self, settings: &Settings, at: Stamp, out: &mut Vec<u8>) -> Line {
        let civil = settings.zone.civil(at.wall);
        let mut line = Line::new(settings.colour);
        match self.day {
            // An operation that began before midnight may be printed after it.
            Some(day) if civil.date() <= day => {}
            before => {
                self.day = Some(civil.date());
                if before.is_some() {
                    line.push(DIM, &format!("-- {} --", civil.date()));
                    std::mem::replace(&mut line, Line::new(settings.colour)).finish(out);
                }
            }
        }
        let (hour, minute, second) = (civil.hour(), civil.minute(), civil.second());
        let millis = civil.subsec_nanosecond() / 1_000_000;
        line.push(
            DIM,
            &format!("{hour:02}:{minute:02}:{second:02}.{millis:03}"),
        )
        .pad_to(WORD);
        line
    }

    /// Notes what an endpoint's line would say. False if that stands on the screen already: who
    /// serves it is worth a line, a version that is learnt later is not.
    fn remember(&mut self, endpoint: &Endpoint) -> bool {
        if endpoint.state == EndpointState::Gone {
            self.watched.remove(&endpoint.id);
            return true;
        }
        let server = endpoint.server.as_ref().map(|server| server.process);
        let line = (endpoint.runtime, server);
        if self.watched.len() < MAX_ENDPOINTS || self.watched.contains_key(&endpoint.id) {
            return self.watched.insert(endpoint.id, line) != Some(line);
        }
        true
    }

    /// Whether the reason of a refused connection stands above already: a Docker CLI tries three
    /// times.
    fn extent(&mut self, operation: &Operation) -> Extent {
        if operation.denial.is_none() {
            return Extent::Ended;
        }
        let told = std::mem::replace(&mut self.refused, operation.error.clone());
        if told.is_some() && told == operation.error {
            Extent::Repeated
        } else {
            Extent::Ended
        }
    }

    /// Remembers a line that says something that was concluded, for when it is taken back.
    fn guessed(&mut self, operation: &Operation) {
        if operation.confidence == Confidence::Observed {
            return;
        }
        let word = operation.op.as_str();
        let guess = format!("{word} {}", subject::what(operation, None));
        self.guessed.insert(operation.id, guess);
        if self.guessed.len() > MAX_GUESSED {
            self.guessed.pop_first();
        }
    }

    /// True if a runtime's name alone does not say which endpoint is meant.
    fn ambiguous(&self, runtime: Runtime) -> bool {
        self.watched
            .values()
            .filter(|(other, _)| *other == runtime)
            .count()
            > 1
    }
}

#[cfg(test)]
mod tests;

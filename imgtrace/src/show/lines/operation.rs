//! The line of an operation, and the lines below it that say why it failed.

use crate::model::{Operation, Outcome};

use super::super::Settings;
use super::super::line::{ELLIPSIS, Line};
use super::super::palette::{BAD, DIM, GOOD, OP, PLAIN, UNSURE};
use super::super::way::way;
use super::super::{caller, start, subject};
use super::{State, WORD};
use crate::amount;

/// Columns of the operation's word, if what it is about is to stand in line with the others.
const WORD_COLUMNS: usize = 8;
/// Columns of outcome, duration and endpoint, each with the gap after it.
const OUTCOME_COLUMNS: usize = 6;
const DURATION_COLUMNS: usize = 8;
const ENDPOINT_COLUMNS: usize = 12;
/// Columns of the duration itself.
const DURATION_DIGITS: usize = 6;

/// Columns of the word and what it is about, with the gap after them: in a pipe, on a terminal of
/// 100 columns, and on the narrowest and widest terminal.
const WHAT_IN_PIPE: usize = 46;
const WHAT_AT_100: usize = 33;
const WHAT_MIN: usize = 24;
const WHAT_MAX: usize = 60;

/// How much of an operation is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// How far it is.
    Running,
    /// How it ended, and why.
    Ended,
    /// How it ended; why was told just before.
    Repeated,
}

/// Completes a line that has its time, and writes it.
pub(super) fn render(
    mut line: Line,
    state: &State,
    settings: &Settings,
    operation: &Operation,
    extent: Extent,
    out: &mut Vec<u8>,
) {
    let what = what_columns(settings.columns);
    let word = operation.op.as_str();
    line.push(OP, word);
    let begin = line.column().max(WORD + WORD_COLUMNS - 1) + 1;
    line.pad_to(begin);
    let room = settings
        .columns
        .map(|_| (WORD + what).saturating_sub(begin + 1));
    line.plain(&subject::what(operation, room))
        .pad_to(WORD + what);
    // What was too long in a pipe moves the rest of its line.
    let outcome = line.column();
    push_outcome(&mut line, operation, extent);
    let endpoint = outcome + OUTCOME_COLUMNS + DURATION_COLUMNS;
    line.pad_to(endpoint);
    push_endpoint(&mut line, state, operation);
    line.pad_to(endpoint + ENDPOINT_COLUMNS);
    let left = settings
        .columns
        .map(|columns| columns.saturating_sub(line.column()));
    caller::push(&mut line, operation, left);
    line.finish(out);
    if extent == Extent::Ended {
        below(settings, operation, out);
    }
}

/// The columns of the word and what it is about: what a wide terminal has more is shared with the
/// caller.
fn what_columns(terminal: Option<usize>) -> usize {
    let Some(columns) = terminal else {
        return WHAT_IN_PIPE;
    };
    let more = columns.saturating_sub(100) / 2;
    let less = 100_usize.saturating_sub(columns) / 2;
    (WHAT_AT_100 + more)
        .saturating_sub(less)
        .clamp(WHAT_MIN, WHAT_MAX)
}

/// How it ended and how long it took, or how far it is.
fn push_outcome(line: &mut Line, operation: &Operation, extent: Extent) {
    if extent == Extent::Running {
        let subject = &operation.subject;
        let far = amount::progress(subject.bytes, subject.bytes_total);
        line.push(UNSURE, ELLIPSIS)
            .plain(" ")
            .push(DIM, far.as_deref().unwrap_or("running"));
        return;
    }
    let (style, word) = match operation.outcome {
        Some(Outcome::Ok) => (GOOD, "ok"),
        Some(Outcome::Error) => (BAD, "error"),
        Some(Outcome::Unknown) | None => (UNSURE, "?"),
    };
    let begin = line.column();
    line.push(style, word);
    if let Some(millis) = operation.millis().filter(|_| operation.denial.is_none()) {
        let took = amount::duration(millis);
        line.pad_to(begin + OUTCOME_COLUMNS)
            .push(PLAIN, &format!("{took:>DURATION_DIGITS$}"));
    }
}

/// The daemon, and its number where there are several of its kind.
fn push_endpoint(line: &mut Line, state: &State, operation: &Operation) {
    let endpoint = &operation.endpoint;
    line.plain(endpoint.runtime.as_str());
    if let Some(id) = endpoint.id.filter(|_| state.ambiguous(endpoint.runtime)) {
        line.push(DIM, &format!(" {id}"));
    }
}

/// What does not fit into the columns: the error and the evidence.
fn below(settings: &Settings, operation: &Operation, out: &mut Vec<u8>) {
    let mut say = |style, text: &str| {
        let mut line = Line::new(settings.colour);
        line.pad_to(WORD).push(style, text);
        line.finish(out);
    };
    if let Some(error) = &operation.error {
        say(BAD, error);
    }
    if settings.evidence {
        if let Some(way) = way(operation) {
            say(DIM, &format!("· via {way}"));
        }
        if let Some(rootfs) = start::rootfs(operation) {
            say(DIM, &format!("· {rootfs}"));
        }
        for sentence in &operation.evidence {
            say(DIM, &format!("· {sentence}"));
        }
    }
}

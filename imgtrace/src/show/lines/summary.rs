//! The lines at the end of a run: what it came to.

use crate::model::{AnomalyCount, EndpointCount, Summary};
use crate::observation::Anomaly;

use super::super::Settings;
use super::super::line::Line;
use super::super::palette::{BAD, DIM, OP, PLACE, PLAIN, UNSURE, WARNING};
use super::WORD;
use crate::amount;

/// Where the lists begin: behind the longest word before them.
const LIST: usize = WORD + 18;

/// Completes a line that has its time, and writes it and the lists below it.
pub(in crate::show) fn render(
    mut line: Line,
    settings: &Settings,
    summary: &Summary,
    out: &mut Vec<u8>,
) {
    line.push(OP, "summary")
        .plain("  ")
        .plain(&headline(summary));
    line.finish(out);
    operations(settings, summary, out);
    callers(settings, summary, out);
    let mut say = |style, name: &str, text: String| {
        let mut line = Line::new(settings.colour);
        line.pad_to(WORD)
            .push(style, name)
            .pad_to(LIST)
            .plain(&text);
        line.finish(out);
    };
    for finding in &summary.findings {
        let text = counted(finding.count, finding.severity.as_str());
        say(WARNING, finding.rule.as_str(), text);
    }
    for endpoint in summary
        .endpoints
        .iter()
        .filter(|endpoint| is_used(endpoint))
    {
        let name = format!("{} {}", endpoint.id, endpoint.runtime.as_str());
        let connections = counted(endpoint.connections, "connection");
        let operations = counted(endpoint.operations, "operation");
        let text = format!("{connections}, {operations}  {}", endpoint.path);
        say(PLAIN, &name, text);
    }
    let unused = summary
        .endpoints
        .iter()
        .filter(|endpoint| !is_used(endpoint));
    match unused.count() {
        0 => {}
        1 => say(DIM, "1 endpoint", "no connection".to_owned()),
        count => say(
            DIM,
            &format!("{count} endpoints"),
            "no connection".to_owned(),
        ),
    }
    for loss in &summary.losses {
        let size = match loss.bytes {
            0 => String::new(),
            bytes => format!(" ({})", amount::bytes(bytes)),
        };
        let records = counted(loss.records, "record");
        let name = format!("lost: {}", loss.what.as_str());
        say(UNSURE, &name, format!("{records}{size}"));
    }
    // Where a connection was joined, most calls that only look have no name: no news for most.
    let shown = |it: &&AnomalyCount| it.anomaly != Anomaly::UnknownMethod || settings.evidence;
    for anomaly in summary.anomalies.iter().filter(shown) {
        let text = format!("{} not decoded", anomaly.count);
        say(UNSURE, anomaly.anomaly.as_str(), text);
    }
}

/// True if anybody has spoken to an endpoint.
const fn is_used(endpoint: &EndpointCount) -> bool {
    endpoint.connections > 0 || endpoint.operations > 0
}

/// `5m53s, 14 operations, 2 findings, nothing lost`.
fn headline(summary: &Summary) -> String {
    let all = summary
        .operations
        .iter()
        .map(|count| count.ok + count.error + count.unknown);
    let findings = summary.findings.iter().map(|finding| finding.count).sum();
    let lost = match summary.losses.iter().map(|loss| loss.records).sum() {
        0 => "nothing lost".to_owned(),
        records => format!("{} lost", counted(records, "record")),
    };
    let watched = amount::duration(summary.at.millis_since(summary.began));
    let (operations, findings) = (
        counted(all.sum(), "operation"),
        counted(findings, "finding"),
    );
    format!("{watched}, {operations}, {findings}, {lost}")
}

/// A line for each kind of operation.
fn operations(settings: &Settings, summary: &Summary, out: &mut Vec<u8>) {
    for count in &summary.operations {
        let mut line = Line::new(settings.colour);
        line.pad_to(WORD).push(OP, count.op.as_str()).pad_to(LIST);
        let outcomes = [
            (count.ok, PLAIN, format!("{} ok", count.ok)),
            (count.error, BAD, counted(count.error, "error")),
            (count.unknown, UNSURE, format!("{} unknown", count.unknown)),
        ];
        let happened = outcomes.iter().filter(|(count, ..)| *count > 0);
        for (position, (_, style, text)) in happened.enumerate() {
            line.plain(if position == 0 { "" } else { ", " })
                .push(*style, text);
        }
        line.finish(out);
    }
}

/// A line for each of the busiest callers.
fn callers(settings: &Settings, summary: &Summary, out: &mut Vec<u8>) {
    for caller in &summary.callers {
        let mut line = Line::new(settings.colour);
        line.pad_to(WORD)
            .push(DIM, "by")
            .plain(" ")
            .plain(&caller.program)
            .pad_to(LIST);
        line.plain(&counted(caller.operations, "operation"));
        if let Some(place) = &caller.place {
            line.plain("  ").push(PLACE, &format!("[{place}]"));
        }
        line.finish(out);
    }
    if summary.other_callers > 0 {
        let mut line = Line::new(settings.colour);
        line.pad_to(WORD).push(DIM, "by others").pad_to(LIST);
        line.plain(&counted(summary.other_callers, "operation"));
        line.finish(out);
    }
}

/// A number and its noun; what is for information alone has no plural.
fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 || noun == "info" {
        ""
    } else {
        "s"
    };
    format!("{count} {noun}{plural}")
}

//! `-o json`: one object a line, the form that people build on. `docs/json.md` documents it; it
//! changes only by adding.
//!
//! The objects here are views: the order of their fields is the order of the output.

mod operation;
mod start;
mod summary;

pub(super) use operation::{CallerView, ContainerView, PodView};

use serde::Serialize;

use crate::jsonl;
use crate::model::{
    Endpoint, EndpointId, EndpointState, Finding, Loss, LossKind, Notice, OperationId, Report,
    Rule, Runtime, Severity, Stamp,
};

use super::zone::rfc3339_utc;

/// Appends a report's object. Progress has none: `began` and `operation` tell the whole.
pub(super) fn render(report: &Report, out: &mut Vec<u8>) {
    let written = match report {
        Report::Began(begun) => jsonl::append(&operation::View::new("began", begun), out),
        Report::Progress(_) => Ok(()),
        Report::Ended(ended) => jsonl::append(&operation::View::new("operation", ended), out),
        Report::Merged { at, id, into } => jsonl::append(
            &MergedView {
                kind: "merged",
                id: *id,
                into: *into,
                at: moment(*at),
            },
            out,
        ),
        Report::Withdrawn { at, id } => jsonl::append(
            &WithdrawnView {
                kind: "withdrawn",
                id: *id,
                at: moment(*at),
            },
            out,
        ),
        Report::Finding(finding) => jsonl::append(&FindingView::new(finding), out),
        Report::Endpoint(at, endpoint) => jsonl::append(&EndpointView::new(*at, endpoint), out),
        Report::Store(at, id, store) => {
            jsonl::append(&start::FoundView::new(moment(*at), *id, store), out)
        }
        Report::Loss(loss) => jsonl::append(&LossView::new(loss), out),
        Report::Notice(notice) => jsonl::append(&NoticeView::new(notice), out),
        Report::Summary(all) => jsonl::append(&summary::View::new(all), out),
    };
    debug_assert!(
        written.is_ok(),
        "views have string keys and derived `Serialize` only"
    );
}

/// A moment as it stands in every object.
fn moment(stamp: Stamp) -> String {
    rfc3339_utc(stamp.wall)
}

#[derive(Serialize)]
struct MergedView {
    kind: &'static str,
    id: OperationId,
    into: OperationId,
    at: String,
}

#[derive(Serialize)]
struct WithdrawnView {
    kind: &'static str,
    id: OperationId,
    at: String,
}

#[derive(Serialize)]
struct FindingView<'a> {
    kind: &'static str,
    at: String,
    rule: Rule,
    severity: Severity,
    summary: &'a str,
    evidence: &'a [String],
    image: Option<&'a str>,
    stores: Vec<start::StoreView<'a>>,
    fetched_bytes: Option<u64>,
    wasted_bytes: Option<u64>,
    remedy: Option<&'a str>,
    count: u64,
    operations: &'a [OperationId],
}

impl<'a> FindingView<'a> {
    fn new(finding: &'a Finding) -> Self {
        Self {
            kind: "finding",
            at: moment(finding.at),
            rule: finding.rule,
            severity: finding.severity,
            summary: &finding.summary,
            evidence: &finding.evidence,
            image: finding.image.as_deref(),
            stores: finding.stores.iter().map(start::StoreView::new).collect(),
            fetched_bytes: finding.fetched_bytes,
            wasted_bytes: finding.wasted_bytes,
            remedy: finding.remedy.as_deref(),
            count: finding.count,
            operations: &finding.operations,
        }
    }
}

#[derive(Serialize)]
struct EndpointView<'a> {
    kind: &'static str,
    id: EndpointId,
    at: String,
    runtime: Runtime,
    path: &'a str,
    inode: String,
    server: Option<ServerView<'a>>,
    joined: u32,
    state: EndpointState,
}

#[derive(Serialize)]
struct ServerView<'a> {
    pid: u32,
    exe: Option<&'a str>,
    version: Option<&'a str>,
}

impl<'a> EndpointView<'a> {
    fn new(at: Stamp, endpoint: &'a Endpoint) -> Self {
        Self {
            kind: "endpoint",
            id: endpoint.id,
            at: moment(at),
            runtime: endpoint.runtime,
            path: &endpoint.path,
            inode: endpoint.listener.to_string(),
            server: endpoint.server.as_ref().map(|server| ServerView {
                pid: server.process.pid,
                exe: server.exe.as_deref(),
                version: server.version.as_deref(),
            }),
            joined: endpoint.joined,
            state: endpoint.state,
        }
    }
}

#[derive(Serialize)]
struct LossView {
    kind: &'static str,
    at: String,
    what: LossKind,
    endpoint: Option<EndpointId>,
    connection: Option<u64>,
    records: u64,
    bytes: u64,
}

impl LossView {
    fn new(loss: &Loss) -> Self {
        Self {
            kind: "loss",
            at: moment(loss.at),
            what: loss.what,
            endpoint: loss.endpoint,
            connection: loss.connection,
            records: loss.records,
            bytes: loss.bytes,
        }
    }
}

#[derive(Serialize)]
struct NoticeView<'a> {
    kind: &'static str,
    at: String,
    about: &'a str,
    text: &'a str,
    endpoint: Option<EndpointId>,
}

impl<'a> NoticeView<'a> {
    fn new(notice: &'a Notice) -> Self {
        Self {
            kind: "notice",
            at: moment(notice.at),
            about: &notice.about,
            text: &notice.text,
            endpoint: notice.endpoint,
        }
    }
}

#[cfg(test)]
mod tests;

//! The lines that are no operation: endpoints, stores, findings, losses, notices.

use crate::model::{Endpoint, EndpointState, Finding, Loss, Notice, Severity, Store, StoreId};

use super::super::Settings;
use super::super::line::Line;
use super::super::palette::{DIM, OP, UNSURE, WARNING};
use super::{WORD, loss};

/// Where the text of these lines begins: under what operations are about.
const TEXT: usize = WORD + 8;

/// `! dood  …`, what to do about it, and its evidence where that is asked for.
pub(super) fn finding(mut line: Line, settings: &Settings, finding: &Finding, out: &mut Vec<u8>) {
    let style = match finding.severity {
        Severity::Info => OP,
        Severity::Warning => WARNING,
    };
    line.push(style, "! ")
        .push(style, finding.rule.as_str())
        .pad_to(TEXT);
    line.plain(&finding.summary);
    line.finish(out);
    let mut below = |mark: char, sentence: &str| {
        let mut line = Line::new(settings.colour);
        line.pad_to(TEXT).push(DIM, &format!("{mark} {sentence}"));
        line.finish(out);
    };
    if let Some(remedy) = &finding.remedy {
        below('→', remedy);
    }
    for sentence in finding.evidence.iter().filter(|_| settings.evidence) {
        below('·', sentence);
    }
}

/// `watch  e1 docker /run/docker.sock  dockerd 28.5.2 (pid 812), 3 connections joined`.
pub(super) fn endpoint(mut line: Line, endpoint: &Endpoint, out: &mut Vec<u8>) {
    line.push(OP, endpoint.state.verb()).pad_to(TEXT);
    line.push(DIM, &endpoint.id.to_string())
        .plain(" ")
        .plain(endpoint.runtime.as_str());
    line.plain(" ").plain(&endpoint.path);
    let rest = match endpoint.state {
        EndpointState::Watched => served(endpoint),
        EndpointState::Gone => "no longer listening".to_owned(),
    };
    line.push(DIM, &format!("  {rest}"));
    line.finish(out);
}

/// Who serves an endpoint, and how many of its connections were joined in mid-stream.
fn served(endpoint: &Endpoint) -> String {
    let server = endpoint
        .server
        .as_ref()
        .map_or("daemon not known yet".to_owned(), |server| {
            let exe = server.exe.as_deref().and_then(|exe| exe.rsplit('/').next());
            let words = [exe, server.version.as_deref()].into_iter().flatten();
            let named: String = words.flat_map(|word| [word, " "]).collect();
            format!("{named}(pid {})", server.process.pid)
        });
    match endpoint.joined {
        0 => server,
        1 => format!("{server}, 1 connection joined"),
        count => format!("{server}, {count} connections joined"),
    }
}

/// `store  s1 containerd /var/lib/containerd  overlayfs, namespace k8s.io`.
pub(super) fn store(mut line: Line, id: StoreId, store: &Store, out: &mut Vec<u8>) {
    line.push(OP, "store").pad_to(TEXT);
    line.push(DIM, &id.to_string())
        .plain(" ")
        .plain(store.kind.as_str());
    line.plain(" ").plain(&store.root);
    line.push(DIM, &format!("  {}", store.driver));
    if let Some(namespace) = &store.namespace {
        line.push(DIM, &format!(", namespace {namespace}"));
    }
    line.finish(out);
}

/// `undone  pull docker.io/library/nginx:1.27 was a wrong guess`.
pub(super) fn withdrawn(mut line: Line, guess: &str, out: &mut Vec<u8>) {
    line.push(UNSURE, "undone").pad_to(TEXT);
    line.plain(guess).push(UNSURE, " was a wrong guess");
    line.finish(out);
}

/// `! loss  …`.
pub(super) fn loss(mut line: Line, loss: &Loss, out: &mut Vec<u8>) {
    line.push(WARNING, "! loss")
        .pad_to(TEXT)
        .push(UNSURE, &loss::sentence(loss));
    line.finish(out);
}

/// `note  …`.
pub(super) fn notice(mut line: Line, notice: &Notice, out: &mut Vec<u8>) {
    line.push(OP, "note").pad_to(TEXT);
    if let Some(id) = notice.endpoint {
        line.push(DIM, &format!("{id} "));
    }
    line.plain(&notice.text);
    line.finish(out);
}

//! `-o wide`: one long line a thing, with every id in full.
//!
//! After the words that every line has, what is known follows as `name=value`; what is not known
//! is left out.

use std::fmt::Display;

use crate::model::{
    Caller, Cause, DigestKind, Endpoint, Finding, Hop, Operation, Outcome, Pod, Report, Runtime,
    Subject,
};

use super::Settings;
use super::line::Line;
use super::lines::{loss_sentence, summary};
use super::palette::{BAD, DIM, GOOD, OP, PLACE, UNSURE, WARNING};
use super::subject;
use super::way::way;

/// Appends a report's line; none for begins, which have nothing that the end does not say.
pub(super) fn render(settings: &Settings, report: &Report, out: &mut Vec<u8>) {
    let mut line = Line::new(settings.colour);
    let at = |line: &mut Line, wall| {
        line.push(DIM, &settings.zone.rfc3339(wall)).plain("  ");
    };
    match report {
        Report::Began(_) => return,
        Report::Progress(operation) | Report::Ended(operation) => {
            at(&mut line, operation.at.wall);
            push_operation(&mut line, operation);
        }
        Report::Merged {
            at: stamp,
            id,
            into,
        } => {
            at(&mut line, stamp.wall);
            line.push(DIM, &format!("#{} ", id.0))
                .push(OP, "merged")
                .plain(&format!("  it is part of #{}", into.0));
        }
        Report::Withdrawn { at: stamp, id } => {
            at(&mut line, stamp.wall);
            line.push(DIM, &format!("#{} ", id.0))
                .push(UNSURE, "withdrawn")
                .plain("  it was a wrong guess");
        }
        Report::Finding(finding) => {
            at(&mut line, finding.at.wall);
            push_finding(&mut line, finding);
        }
        // There is one for each container.
        Report::Endpoint(_, endpoint) if endpoint.runtime == Runtime::Shim => return,
        Report::Endpoint(stamp, endpoint) => {
            at(&mut line, stamp.wall);
            line.push(OP, endpoint.state.verb()).plain("  ");
            line.plain(&format!("{} {} ", endpoint.id, endpoint.runtime.as_str()));
            line.plain(&endpoint.path);
            push_endpoint(&mut line, endpoint);
        }
        Report::Store(stamp, id, store) => {
            at(&mut line, stamp.wall);
            line.push(OP, "store").plain("  ");
            line.plain(&format!("{id} {} ", store.kind.as_str()))
                .plain(&store.root);
            field(&mut line, "driver", Some(&store.driver));
            field(&mut line, "namespace", store.namespace.as_ref());
        }
        Report::Loss(loss) => {
            at(&mut line, loss.at.wall);
            line.push(WARNING, "! loss")
                .plain("  ")
                .push(UNSURE, &loss_sentence(loss));
        }
        Report::Notice(notice) => {
            at(&mut line, notice.at.wall);
            line.push(OP, "note").plain("  ").plain(&notice.text);
            field(&mut line, "about", Some(&notice.about));
            field(&mut line, "endpoint", notice.endpoint);
        }
        Report::Summary(all) => {
            at(&mut line, all.at.wall);
            return summary(line, settings, all, out);
        }
    }
    line.finish(out);
}

/// A finding with all that it says.
fn push_finding(line: &mut Line, finding: &Finding) {
    line.push(WARNING, "! ")
        .push(WARNING, finding.rule.as_str());
    line.plain("  ").plain(&finding.summary);
    field(line, "image", finding.image.as_ref());
    let stores = finding.stores.iter().map(|store| {
        let namespace = store.namespace.as_deref();
        let namespace = namespace.map(|name| format!("({name})"));
        let (id, kind) = (store.id, store.kind.as_str());
        format!(
            "{id}:{kind}:{}{}",
            store.root,
            namespace.unwrap_or_default()
        )
    });
    list(line, "stores", stores);
    field(line, "fetched-bytes", finding.fetched_bytes);
    field(line, "wasted-bytes", finding.wasted_bytes);
    let several = (finding.count > 1).then_some(finding.count);
    field(line, "count", several);
    let remedy = finding.remedy.as_ref();
    field(line, "remedy", remedy.map(|remedy| quoted(remedy)));
    for sentence in &finding.evidence {
        field(line, "evidence", Some(quoted(sentence)));
    }
    let ids = finding.operations.iter().map(|id| format!("#{}", id.0));
    list(line, "operations", ids);
}

/// What is known of an endpoint besides its number, kind and path.
fn push_endpoint(line: &mut Line, endpoint: &Endpoint) {
    field(line, "inode", Some(endpoint.listener));
    if let Some(server) = &endpoint.server {
        field(line, "pid", Some(server.process.pid));
        field(line, "exe", server.exe.as_ref());
        field(line, "version", server.version.as_ref());
    }
    if let Some(file) = &endpoint.file {
        let owner = file.owner.clone().unwrap_or_else(|| file.uid.to_string());
        let group = file.group.clone().unwrap_or_else(|| file.gid.to_string());
        field(
            line,
            "file",
            Some(quoted(&format!(
                "{:04o} {owner}:{group}",
                file.mode & 0o7777
            ))),
        );
    }
    field(line, "joined", Some(endpoint.joined));
}

/// An operation, from what every line has to what few have.
fn push_operation(line: &mut Line, operation: &Operation) {
    line.push(DIM, &format!("#{} ", operation.id.0))
        .push(OP, operation.op.as_str());
    let (style, outcome) = match (operation.ended_at, operation.outcome) {
        (None, None) => (UNSURE, "running"),
        (_, Some(Outcome::Ok)) => (GOOD, "ok"),
        (_, Some(Outcome::Error)) => (BAD, "error"),
        (_, Some(Outcome::Unknown) | None) => (UNSURE, "unknown"),
    };
    line.plain(" ").push(style, outcome);
    if let Some(millis) = operation.millis() {
        line.plain(&format!(" {millis:.3}ms"));
    }
    let endpoint = &operation.endpoint;
    let api = endpoint.api.map_or("-", |api| api.as_str());
    let id = endpoint.id.map(|id| format!("{id} ")).unwrap_or_default();
    line.plain(&format!("  {id}{}/{api} ", endpoint.runtime.as_str()))
        .plain(endpoint.path.as_deref().unwrap_or("-"));
    push_subject(line, &operation.subject);
    push_start(line, operation);
    field(
        line,
        "error",
        operation.error.as_ref().map(|error| quoted(error)),
    );
    let denial = operation.denial.as_ref();
    field(line, "errno", denial.map(|denial| &denial.errno));
    match &operation.caller {
        Some(caller) => push_caller(line, caller),
        None => field(line, "caller", Some("?")),
    }
    field(line, "via", way(operation).map(|way| quoted(&way)));
    for hop in &operation.hops {
        field(line, "hop", Some(quoted(&self::hop(hop))));
    }
    field(line, "confidence", Some(operation.confidence.as_str()));
    field(
        line,
        "retry-of",
        operation.retry_of.map(|id| format!("#{}", id.0)),
    );
    list(line, "inferred", operation.inferred_fields.iter());
    for sentence in &operation.evidence {
        field(line, "evidence", Some(quoted(sentence)));
    }
}

/// What it is about, ids in full.
fn push_subject(line: &mut Line, subject: &Subject) {
    line.plain(" ");
    field(line, "image", subject.image.as_ref());
    list(line, "images", subject.images.iter());
    field(line, "all-tags", subject.all_tags.then_some("yes"));
    field(line, "digest", subject.digest.as_ref());
    field(
        line,
        "digest-kind",
        subject.digest_kind.map(DigestKind::as_str),
    );
    field(line, "platform", subject.platform.as_ref());
    field(line, "target", subject.target.as_ref());
    field(line, "container", subject.container.as_ref());
    field(line, "name", subject.container_name.as_ref());
    field(line, "sandbox", subject.sandbox.as_ref());
    field(line, "pod", subject.pod.as_ref().map(pod));
    field(line, "namespace", subject.namespace.as_ref());
    for bind in &subject.binds {
        let mode = if bind.read_only { ":ro" } else { "" };
        let bind = format!("{}:{}{mode}", bind.source, bind.target);
        field(line, "bind", Some(quoted(&bind)));
    }
    field(line, "what", subject.what.as_ref());
    field(line, "bytes", subject.bytes);
    field(line, "of-bytes", subject.bytes_total);
}

/// What was mounted for it, and why it was started if nobody asked.
fn push_start(line: &mut Line, operation: &Operation) {
    let store = operation.store.as_ref();
    field(line, "store", store.map(|store| store.id));
    if let Some(rootfs) = &operation.rootfs {
        let identity = &rootfs.identity;
        field(line, "rootfs", Some(&rootfs.path));
        field(line, "on-host", rootfs.host_path.as_ref());
        field(line, "driver", Some(&identity.driver));
        field(line, "chain-id", identity.chain_id.as_ref());
        field(line, "layers", identity.layers);
        field(line, "layer-bytes", identity.bytes);
    }
    field(line, "cause", operation.cause.map(Cause::as_str));
    field(line, "restarts", operation.restarts);
    let several = (operation.count > 1).then_some(operation.count);
    field(line, "count", several);
}

/// Who asked, with pids.
fn push_caller(line: &mut Line, caller: &Caller) {
    line.plain(" ");
    field(line, "pid", Some(caller.key.pid));
    field(line, "comm", Some(quoted(&caller.comm)));
    field(line, "exe", caller.exe.as_ref());
    if let Some(args) = &caller.args {
        let args = args.iter().map(|arg| quoted(arg)).collect::<Vec<_>>();
        field(line, "args", Some(format!("[{}]", args.join(" "))));
    }
    let user = caller
        .user
        .as_deref()
        .map(|user| format!("({user})"))
        .unwrap_or_default();
    field(line, "uid", Some(format!("{}{user}", caller.uid)));
    let above = caller.ancestors.iter();
    list(
        line,
        "ancestors",
        above.map(|above| format!("{}[{}]", above.comm, above.key.pid)),
    );
    field(line, "unit", caller.unit.as_ref());
    if let Some(inside) = &caller.container {
        place(line, "in-container", &inside.id);
        list(line, "in-outer", inside.outer.iter());
        field(line, "in-name", inside.name.as_ref());
        field(line, "in-image", inside.image.as_ref());
        field(line, "in-runtime", inside.runtime.map(Runtime::as_str));
    }
    if let Some(named) = &caller.pod {
        place(line, "in-pod", &pod(named));
    }
}

/// A pod by name and uid.
fn pod(pod: &Pod) -> String {
    let uid = pod.uid.as_deref().filter(|_| pod.name.is_some());
    format!(
        "{}{}",
        subject::pod(pod),
        uid.map(|uid| format!("({uid})")).unwrap_or_default()
    )
}

/// `e2 cri-dockerd/cri pid 88 pull ok observed`.
fn hop(hop: &Hop) -> String {
    let outcome = hop.outcome.map_or("running", |outcome| outcome.as_str());
    let place = format!(
        "{} {}/{}",
        hop.endpoint,
        hop.runtime.as_str(),
        hop.api.as_str()
    );
    let sure = hop.confidence.as_str();
    format!(
        "{place} pid {} {} {outcome} {sure}",
        hop.pid,
        hop.op.as_str()
    )
}

/// Adds ` name=value` if there is a value.
fn field(line: &mut Line, name: &str, value: Option<impl Display>) {
    if let Some(value) = value {
        line.plain(" ")
            .push(DIM, &format!("{name}="))
            .plain(&value.to_string());
    }
}

/// Adds ` name=a,b` if there is anything in it.
fn list(line: &mut Line, name: &str, values: impl Iterator<Item = impl Display>) {
    let values = values.map(|value| value.to_string()).collect::<Vec<_>>();
    field(
        line,
        name,
        Some(values.join(",")).filter(|values| !values.is_empty()),
    );
}

/// Adds a field that the eye should find.
fn place(line: &mut Line, name: &str, value: &str) {
    line.plain(" ")
        .push(DIM, &format!("{name}="))
        .push(PLACE, value);
}

/// A text with spaces or quotes in it as one word.
fn quoted(text: &str) -> String {
    let bare = |c: char| !c.is_whitespace() && c != '"' && c != '\\';
    if !text.is_empty() && text.chars().all(bare) {
        text.to_owned()
    } else {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

#[cfg(test)]
mod tests;

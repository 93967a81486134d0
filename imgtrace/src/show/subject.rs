//! What an operation is about, in the few words of a line: `nginx:1.27 web`, `web 3f9c2a71`.

use crate::model::{Op, Operation, Pod, Subject};

use super::escape::{escape, width};
use super::line::keep_end;
use crate::amount;

/// Hex digits of an id beside a name.
const SHORT_ID: usize = 8;
/// Hex digits of an id that stands alone, as the Docker CLI prints it.
const LONE_ID: usize = 12;

/// A reference as the Docker CLI shows it: `docker.io/library/nginx` is `nginx`.
pub(super) fn familiar(image: &str) -> &str {
    let local = image.strip_prefix("docker.io/").unwrap_or(image);
    local.strip_prefix("library/").unwrap_or(local)
}

/// A full id short enough to stand beside a name; what is no id stays as it is.
pub(super) fn short_id(id: &str) -> &str {
    shortened(id, SHORT_ID)
}

/// A pod as `namespace/name`, else by what is known of it.
pub(super) fn pod(pod: &Pod) -> String {
    match (&pod.namespace, &pod.name, &pod.uid) {
        (Some(namespace), Some(name), _) => format!("{namespace}/{name}"),
        (None, Some(name), _) => name.clone(),
        (_, None, Some(uid)) => shortened(uid, SHORT_ID).to_owned(),
        (_, None, None) => "?".to_owned(),
    }
}

/// What the operation is about, in at most `room` columns where there is a limit.
///
/// The image gives way first: its registry, then its left end.
pub(super) fn what(operation: &Operation, room: Option<usize>) -> String {
    let subject = &operation.subject;
    let rest = match operation.op {
        Op::Create => container(subject),
        Op::Tag => subject
            .target
            .as_deref()
            .map(|target| format!("→ {target}")),
        Op::Start if operation.count > 1 => Some(format!("×{}", operation.count)),
        _ => None,
    };
    let head = head(
        operation,
        room.map(|room| room.saturating_sub(columns_with_gap(rest.as_deref()))),
    );
    let whole = match rest {
        Some(rest) if head.is_empty() => rest,
        Some(rest) => format!("{head} {rest}"),
        None => head,
    };
    room.map_or(whole.clone(), |room| keep_end(&whole, room))
}

/// The columns of a text and of the space before it.
fn columns_with_gap(text: Option<&str>) -> usize {
    text.map_or(0, |text| width(&escape(text)) + 1)
}

/// The first thing that an operation names.
fn head(operation: &Operation, room: Option<usize>) -> String {
    let subject = &operation.subject;
    let named = match operation.op {
        Op::Pull
        | Op::Import
        | Op::Load
        | Op::AddImage
        | Op::Save
        | Op::Build
        | Op::Tag
        | Op::Push
        | Op::RemoveImage
        | Op::Create => return image(subject, room),
        Op::Commit => return commit(subject, room),
        Op::Start | Op::Restart | Op::Stop | Op::Kill | Op::RemoveContainer | Op::Exec => {
            container(subject)
        }
        Op::RunSandbox | Op::StopSandbox | Op::RemoveSandbox => sandbox(subject),
        Op::Prune => prune(subject),
        Op::ConnectDenied => operation.endpoint.path.clone(),
    };
    named.unwrap_or_else(|| "?".to_owned())
}

/// The image: its name, else its digest; how many more there are.
fn image(subject: &Subject, room: Option<usize>) -> String {
    let suffix = match (subject.all_tags, subject.images.len()) {
        (true, _) => " (all tags)".to_owned(),
        (false, 0 | 1) => String::new(),
        (false, count) => format!(" +{}", count - 1),
    };
    let first = subject.image.as_ref().or(subject.images.first());
    let Some(name) = first.or(subject.digest.as_ref()) else {
        return format!("?{suffix}");
    };
    let name = shorten_digest(name);
    let room = room.map(|room| room.saturating_sub(width(&suffix)));
    let fitting = match room {
        Some(room) if width(&escape(&name)) > room => keep_end(familiar(&name), room),
        _ => name,
    };
    format!("{fitting}{suffix}")
}

/// `…@sha256:` and a full digest, or a bare one, with as much of it as people compare.
fn shorten_digest(name: &str) -> String {
    match name.split_once("sha256:") {
        Some((before, digest)) => format!("{before}sha256:{}", shortened(digest, LONE_ID)),
        None => name.to_owned(),
    }
}

/// The container that was committed, and the image that it became.
fn commit(subject: &Subject, room: Option<usize>) -> String {
    let from = container(subject).unwrap_or_else(|| "?".to_owned());
    if subject.image.is_none() {
        return from;
    }
    let room = room.map(|room| room.saturating_sub(width(&escape(&from)) + 3));
    format!("{from} → {}", image(subject, room))
}

/// `name id`, or the one that is known.
fn container(subject: &Subject) -> Option<String> {
    match (
        subject.container_name.as_deref(),
        subject.container.as_deref(),
    ) {
        (Some(name), Some(id)) if name != id => Some(format!("{name} {}", short_id(id))),
        (Some(name), _) => Some(name.to_owned()),
        (None, Some(id)) => Some(shortened(id, LONE_ID).to_owned()),
        (None, None) => None,
    }
}

/// The pod of a sandbox and the sandbox' id.
fn sandbox(subject: &Subject) -> Option<String> {
    let id = subject.sandbox.as_deref();
    match (&subject.pod, id) {
        (Some(named), Some(id)) => Some(format!("pod {} {}", pod(named), short_id(id))),
        (Some(named), None) => Some(format!("pod {}", pod(named))),
        (None, id) => id.map(|id| shortened(id, LONE_ID).to_owned()),
    }
}

/// What was pruned, and how much came free.
fn prune(subject: &Subject) -> Option<String> {
    let freed = subject
        .bytes
        .map(|count| format!("({} freed)", amount::bytes(count)));
    let words = subject.what.iter().cloned().chain(freed);
    Some(words.collect::<Vec<_>>().join(" ")).filter(|text| !text.is_empty())
}

/// The first `digits` of a long row of hex digits (a uid's dashes included).
fn shortened(id: &str, digits: usize) -> &str {
    let hex = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
    if id.len() >= 32 && id.bytes().all(hex) {
        id.get(..digits).unwrap_or(id)
    } else {
        id
    }
}

#[cfg(test)]
mod tests;

//! Who asked, as a chain: the process first, then those above it, last the container, pod or
//! unit that it sits in – the part that the eye should find, and the last to be shortened.

use anstyle::Style;

use crate::model::{Caller, CallerContainer, Confidence, Op, Operation};

use super::escape::{escape, width};
use super::line::{ELLIPSIS, Line, keep_begin, keep_end};
use super::palette::{DIM, PLACE, PLAIN};
use super::subject::{pod, short_id};

/// Stands between a process and its parent.
const ABOVE: &str = " ‹ ";

/// Names that Node.js (22 and later) gives its main thread, and with it the process: the
/// program's own name says more.
const THREAD_NAMES: [&str; 2] = ["MainThread", "node-MainThread"];

/// Bytes of a name that the kernel keeps (`TASK_COMM_LEN` less its NUL).
const COMM_BYTES: usize = 15;

/// The name of a caller's program: `comm`, which tells a script from its interpreter, unless the
/// kernel cut it.
pub(super) fn name(caller: &Caller) -> &str {
    let comm = caller.comm.as_str();
    let base = caller.exe.as_deref().and_then(|exe| exe.rsplit('/').next());
    match base {
        Some(base) if THREAD_NAMES.contains(&comm) => base,
        Some(base) if comm.len() >= COMM_BYTES && base.starts_with(comm) => base,
        Some(base) if comm.is_empty() => base,
        _ if comm.is_empty() => "?",
        _ => comm,
    }
}

/// Adds the caller of an operation, in at most `room` columns where there is a limit.
pub(super) fn push(line: &mut Line, operation: &Operation, room: Option<usize>) {
    let remark = remark(operation);
    let Some(caller) = &operation.caller else {
        line.push(DIM, "caller not seen").push(DIM, &remark);
        return;
    };
    let room = room.map(|room| room.saturating_sub(width(&remark)));
    for (style, text) in fit(&Chain::new(caller, for_pod(operation)), room) {
        line.push(style, &text);
    }
    line.push(DIM, &remark);
}

/// How sure the line is, where it is not seen as a whole.
fn remark(operation: &Operation) -> String {
    match operation.confidence {
        Confidence::Observed if operation.inferred_fields.is_empty() => String::new(),
        Confidence::Observed => format!(" ({} inferred)", operation.inferred_fields.join(", ")),
        Confidence::Inferred => " (inferred)".to_owned(),
        Confidence::Unknown => " (unsure)".to_owned(),
    }
}

/// The pod that the request was made for, where the line does not say it already.
fn for_pod(operation: &Operation) -> Option<String> {
    let named = operation.subject.pod.as_ref()?;
    let said = matches!(
        operation.op,
        Op::RunSandbox | Op::StopSandbox | Op::RemoveSandbox
    );
    (!said).then(|| format!("(pod {})", pod(named)))
}

/// The parts of a chain, unfitted.
struct Chain<'a> {
    name: &'a str,
    above: Vec<&'a str>,
    user: Option<String>,
    /// Where the caller sits, in brackets.
    place: Option<String>,
    /// What it asked for, in parentheses.
    about: Option<String>,
}

impl<'a> Chain<'a> {
    fn new(caller: &'a Caller, about: Option<String>) -> Self {
        let mut above: Vec<&str> = Vec::new();
        for ancestor in caller
            .ancestors
            .iter()
            .filter(|ancestor| ancestor.key.pid != 1)
        {
            // sshd, sudo and shells fork themselves: one mention is enough.
            if above.last() != Some(&ancestor.comm.as_str()) {
                above.push(&ancestor.comm);
            }
        }
        let place = place(caller).map(|place| format!("[{place}]"));
        Self {
            name: name(caller),
            above,
            user: user(caller),
            place,
            about,
        }
    }

    /// The chain with at most `ancestors` of those above.
    fn spans(&self, ancestors: usize) -> Vec<(Style, String)> {
        let mut spans = vec![(PLAIN, self.name.to_owned())];
        let mut above = String::new();
        for name in self.above.iter().take(ancestors) {
            above.push_str(ABOVE);
            above.push_str(name);
        }
        if ancestors < self.above.len() {
            above.push_str(ABOVE);
            above.push_str(ELLIPSIS);
        }
        spans.push((DIM, above));
        spans.extend(self.user.iter().map(|user| (PLAIN, format!(" ({user})"))));
        if let Some(place) = &self.place {
            spans.extend([(DIM, ABOVE.to_owned()), (PLACE, place.clone())]);
        }
        spans.extend(self.about.iter().map(|about| (PLACE, format!(" {about}"))));
        spans
    }

    /// The one place that is kept when there is no room for both, and what stands before it.
    fn end(&self) -> Option<(&'static str, &str)> {
        let place = self.place.as_deref().map(|place| (ABOVE, place));
        place.or(self.about.as_deref().map(|about| (" ", about)))
    }
}

/// The user's name; the uid where it has none here; nothing for root, who is the rule.
fn user(caller: &Caller) -> Option<String> {
    match (&caller.user, caller.uid) {
        (_, 0) => None,
        (Some(user), _) => Some(user.clone()),
        (None, uid) => Some(format!("uid {uid}")),
    }
}

/// Where the caller sits: its pod, else its container, else the service that it belongs to.
fn place(caller: &Caller) -> Option<String> {
    if let Some(named) = &caller.pod {
        let container = caller.container.as_ref().filter(|_| named.name.is_none());
        let inside = container.map(|inside| format!(" {}", self::container(inside)));
        return Some(format!("pod {}{}", pod(named), inside.unwrap_or_default()));
    }
    if let Some(inside) = &caller.container {
        return Some(container(inside));
    }
    caller
        .unit
        .clone()
        .filter(|unit| unit.ends_with(".service"))
}

/// `container name 3f9c2a71 in 9f8e7d6c`, nearest first as everywhere.
fn container(inside: &CallerContainer) -> String {
    let mut text = "container".to_owned();
    for word in inside
        .name
        .as_deref()
        .into_iter()
        .chain([short_id(&inside.id)])
    {
        text.push(' ');
        text.push_str(word);
    }
    for outer in inside.outer.iter().rev() {
        text.push_str(" in ");
        text.push_str(short_id(outer));
    }
    text
}

/// The chain, shortened as far as it must be: far ancestors first, then names.
fn fit(chain: &Chain<'_>, room: Option<usize>) -> Vec<(Style, String)> {
    let Some(room) = room else {
        return chain.spans(chain.above.len());
    };
    let fitting = (0..=chain.above.len())
        .rev()
        .map(|ancestors| chain.spans(ancestors));
    let columns = |spans: &[(Style, String)]| -> usize {
        spans.iter().map(|(_, text)| width(&escape(text))).sum()
    };
    if let Some(spans) = fitting.into_iter().find(|spans| columns(spans) <= room) {
        return spans;
    }
    let Some((between, end)) = chain.end() else {
        return vec![(PLAIN, keep_begin(chain.name, room))];
    };
    let name = keep_begin(chain.name, room / 3);
    let left = room.saturating_sub(width(&escape(&name)) + width(between));
    vec![
        (PLAIN, name),
        (DIM, between.to_owned()),
        (PLACE, keep_end(end, left)),
    ]
}

#[cfg(test)]
mod tests;

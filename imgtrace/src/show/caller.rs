//! Who asked, as a chain: the process first, then those above it, last the container, pod or
//! unit that it sits in – the part that the eye should find, and the last to be shortened.

use anstyle::Style;

use crate::model::{Caller, CallerContainer, Confidence, Op, Operation};

use super::escape::{escape, width};
use super::line::{ELLIPSIS, Line, keep_begin, keep_end};
use super::palette::{DIM, PLACE, PLAIN};
use super::start;
use super::subject::{pod, short_id};

/// Columns of a caller's name that are kept beside a long place.
const LEAST_NAME: usize = 6;

/// Stands between a process and its parent.
const ABOVE: &str = " ‹ ";

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

/// Whether a client stands behind a daemon, and how sure the line is, where it is not seen as a
/// whole.
fn remark(operation: &Operation) -> String {
    if let Some(why) = start::why(operation) {
        // That nobody was seen to ask for it says that it is concluded.
        return format!(" ({why})");
    }
    let unasked = if operation.unasked {
        " (no client seen)"
    } else {
        ""
    };
    format!("{unasked}{}", sureness(operation))
}

fn sureness(operation: &Operation) -> String {
    let inferred = &operation.inferred_fields;
    match operation.confidence {
        Confidence::Unknown => " (unsure)".to_owned(),
        _ if !inferred.is_empty() => format!(" ({} inferred)", inferred.join(", ")),
        Confidence::Inferred => " (inferred)".to_owned(),
        Confidence::Observed => String::new(),
    }
}

/// The pod that the request was made for, where the line does not say it already.
fn for_pod(operation: &Operation) -> Option<String> {
    let named = operation.subject.pod.as_ref()?;
    let said = matches!(
        operation.op,
        Op::RunSandbox | Op::StopSandbox | Op::RemoveSandbox
    );
    (!said).then(|| format!("pod {}", pod(named)))
}

/// The parts of a chain, unfitted.
struct Chain<'a> {
    name: &'a str,
    above: Vec<&'a str>,
    user: Option<String>,
    /// Where the caller sits; shown in brackets.
    place: Option<String>,
    /// The name of its container, if that is where it sits.
    container: Option<&'a str>,
    /// What it asked for; shown in parentheses.
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
        let container = caller.container.as_ref().filter(|_| caller.pod.is_none());
        Self {
            name: caller.name(),
            above,
            user: user(caller),
            place: place(caller),
            container: container.and_then(|inside| inside.name.as_deref()),
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
            spans.extend([(DIM, ABOVE.to_owned()), (PLACE, format!("[{place}]"))]);
        }
        spans.extend(
            self.about
                .iter()
                .map(|about| (PLACE, format!(" ({about})"))),
        );
        spans
    }

    /// The one place that is kept when there is no room for both.
    fn end(&self) -> Option<End<'_>> {
        let place = self.place.as_deref();
        let sits = place.map(|text| End {
            before: ABOVE,
            brackets: ["[", "]"],
            text,
            short: self.container.unwrap_or(text),
        });
        let about = self.about.as_deref();
        sits.or(about.map(|text| End {
            before: " ",
            brackets: ["(", ")"],
            text,
            short: text,
        }))
    }
}

/// The end of a chain for which there is little room.
struct End<'a> {
    before: &'static str,
    brackets: [&'static str; 2],
    text: &'a str,
    /// What says the most of it in few columns.
    short: &'a str,
}

impl End<'_> {
    /// The caller's name and this, in that many columns: the name gives way first.
    fn beside(&self, name: &str, room: usize) -> Vec<(Style, String)> {
        let columns = |text: &str| width(&escape(text));
        let fixed = columns(self.before) + 2;
        let least = columns(name).min(LEAST_NAME);
        let left = room.saturating_sub(fixed + least);
        let fitting = if columns(self.text) <= left {
            self.text
        } else {
            self.short
        };
        let text = keep_end(fitting, left);
        let name = keep_begin(name, room.saturating_sub(fixed + columns(&text)));
        let [open, close] = self.brackets;
        vec![
            (PLAIN, name),
            (DIM, self.before.to_owned()),
            (PLACE, format!("{open}{text}{close}")),
        ]
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
    let Some(end) = chain.end() else {
        return vec![(PLAIN, keep_begin(chain.name, room))];
    };
    end.beside(chain.name, room)
}

#[cfg(test)]
mod tests;

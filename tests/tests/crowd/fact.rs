//! What one process did, and whether imgtrace says so of it.

use std::path::Path;

use serde_json::Value;

/// What a process asked for.
#[derive(Debug)]
pub(super) struct Deed {
    /// The process that was started; it may have asked by a child of its own.
    pub(super) pid: i32,
    /// What it did, or was to do.
    pub(super) facts: Vec<Fact>,
    /// Whether it did all of that; else it did nothing, a part, or all.
    pub(super) sure: bool,
    /// What it was and said, if it failed.
    pub(super) failure: Option<String>,
}

impl Deed {
    /// Whether this line may be of it, though it is not sure: it was asked for that, by the process or one below it.
    fn may_have_made(&self, line: &Value) -> bool {
        let asked_for = |fact: &Fact| match line["outcome"].as_str() {
            Some("ok") if !fact.object.1.is_empty() => fact.is_told_by(line),
            _ => line["op"] == fact.op,
        };
        is_by(line, self.pid) && self.facts.iter().any(asked_for)
    }
}

/// One operation: what, and to which image or container.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fact {
    pub(super) op: &'static str,
    /// The field that names the object, and the name: `image`, `container`, `container_name` or `sandbox`. The name
    /// is empty where a process failed before it told which object it made.
    pub(super) object: (&'static str, String),
}

impl Fact {
    /// An operation on an image, by its normalised reference.
    pub(super) fn image(op: &'static str, image: &str) -> Self {
        Self {
            op,
            object: ("image", image.to_owned()),
        }
    }

    /// An operation on a container, by its full id.
    pub(super) fn container(op: &'static str, id: &str) -> Self {
        Self {
            op,
            object: ("container", id.to_owned()),
        }
    }

    /// An operation on a container, by its name.
    pub(super) fn named(op: &'static str, name: &str) -> Self {
        Self {
            op,
            object: ("container_name", name.to_owned()),
        }
    }

    /// An operation on a sandbox, by its full id.
    pub(super) fn sandbox(op: &'static str, id: &str) -> Self {
        Self {
            op,
            object: ("sandbox", id.to_owned()),
        }
    }

    fn is_told_by(&self, line: &Value) -> bool {
        let (field, name) = &self.object;
        line["op"] == self.op && line[field] == *name && line["outcome"] == "ok"
    }
}

/// What was done and not told of its process, with `-`, and what was told of a process that did not do it, with `+`;
/// None if there is neither. All that was asked at or below the path `ours` counts. What is not sure need not be
/// told, but what is told of such a process must be what it was asked for.
pub(super) fn difference(deeds: &[Deed], lines: &[Value], ours: &Path) -> Option<String> {
    let here = |line: &&Value| {
        let path = line["endpoint"]["path"].as_str();
        line["kind"] == "operation" && path.is_some_and(|path| Path::new(path).starts_with(ours))
    };
    let mut open: Vec<&Value> = lines.iter().filter(here).collect();
    let mut text = Vec::new();
    let (sure, unsure): (Vec<_>, Vec<_>) = deeds.iter().partition(|deed| deed.sure);
    for deed in sure {
        for fact in &deed.facts {
            let told = |line: &&Value| is_by(line, deed.pid) && fact.is_told_by(line);
            match open.iter().position(told) {
                Some(at) => _ = open.swap_remove(at),
                None => text.push(format!("- {fact:?} by {}", deed.pid)),
            }
        }
    }
    open.retain(|line| !unsure.iter().any(|deed| deed.may_have_made(line)));
    text.extend(open.iter().map(|line| format!("+ {line}")));
    (!text.is_empty()).then(|| text.join("\n"))
}

/// Whether this process asked, or one that it had started.
fn is_by(line: &Value, pid: i32) -> bool {
    let caller = &line["caller"];
    let above = caller["ancestors"].as_array();
    caller["pid"] == pid
        || above.is_some_and(|above| above.iter().any(|process| process["pid"] == pid))
}

#[cfg(test)]
mod tests;

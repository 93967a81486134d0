//! What an operation line of `-o json` says, reduced to what a test can know by itself, and how two lists differ.

use std::fmt;

use anyhow::{Context as _, Result};
use serde_json::Value;

/// One operation: what was done, to what, by whom, and what came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Row {
    op: String,
    image: Option<String>,
    target: Option<String>,
    digest: Option<String>,
    container: Option<String>,
    name: Option<String>,
    what: Option<String>,
    all_tags: bool,
    failed: bool,
    /// What no expected operation has: an end that was not seen, a confidence below observed, an error without its
    /// message.
    odd: Vec<String>,
    caller: Who,
}

/// Who asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Who {
    /// Its pid, in the host's namespace.
    pub(super) pid: u32,
    /// The path by which its program was executed.
    pub(super) exe: String,
    /// Its command line.
    pub(super) args: Vec<String>,
    /// The pids above it, nearest first.
    pub(super) ancestors: Vec<u32>,
}

impl Row {
    /// An operation that went well, of a caller that is [named](Row::by) later.
    pub(super) fn ok(op: &str) -> Self {
        Self {
            op: op.to_owned(),
            ..Self::default()
        }
    }

    /// An operation that was refused or broke.
    pub(super) fn error(op: &str) -> Self {
        Self {
            failed: true,
            ..Self::ok(op)
        }
    }

    /// Of this image, by its normalised reference.
    pub(super) fn image(mut self, image: &str) -> Self {
        self.image = Some(image.to_owned());
        self
    }

    /// With this new name of the image.
    pub(super) fn target(mut self, target: &str) -> Self {
        self.target = Some(target.to_owned());
        self
    }

    /// With this digest, as the client heard it too.
    pub(super) fn digest(mut self, digest: &str) -> Self {
        self.digest = Some(digest.to_owned());
        self
    }

    /// Of this container, by its full id where it has one.
    pub(super) fn container(mut self, container: &str) -> Self {
        self.container = Some(container.to_owned());
        self
    }

    /// Of a container of this name.
    pub(super) fn name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// What was pruned.
    pub(super) fn what(mut self, what: &str) -> Self {
        self.what = Some(what.to_owned());
        self
    }

    /// With no tag asked for.
    pub(super) fn all_tags(mut self) -> Self {
        self.all_tags = true;
        self
    }

    /// Asked for by this process.
    pub(super) fn by(mut self, caller: &Who) -> Self {
        self.caller = caller.clone();
        self
    }

    /// What a line says.
    ///
    /// # Errors
    /// It lacks what every operation has.
    pub(super) fn of(line: &Value) -> Result<Self> {
        let text = |field: &str| line[field].as_str().map(str::to_owned);
        let caller = Who::of(&line["caller"]).with_context(|| format!("no caller in {line}"))?;
        let failed = line["outcome"] == "error";
        let mut odd = Vec::new();
        if !failed && line["outcome"] != "ok" {
            odd.push(format!("outcome {}", line["outcome"]));
        }
        if failed
            != line["error"]
                .as_str()
                .is_some_and(|message| !message.is_empty())
        {
            odd.push(format!("error {}", line["error"]));
        }
        if line["confidence"] != "observed" {
            odd.push(format!("confidence {}", line["confidence"]));
        }
        Ok(Self {
            op: text("op").context("no op")?,
            image: text("image"),
            target: text("target"),
            digest: text("digest"),
            container: text("container"),
            name: text("container_name"),
            what: text("what"),
            all_tags: line["all_tags"] == true,
            failed,
            odd,
            caller,
        })
    }
}

impl Who {
    fn of(caller: &Value) -> Option<Self> {
        let words = caller["args"].as_array()?.iter();
        let above = caller["ancestors"].as_array()?.iter();
        Some(Self {
            pid: u32::try_from(caller["pid"].as_u64()?).ok()?,
            exe: caller["exe"].as_str()?.to_owned(),
            args: words
                .map(|word| word.as_str().map(str::to_owned))
                .collect::<Option<_>>()?,
            ancestors: above
                .map(|process| {
                    process["pid"]
                        .as_u64()
                        .and_then(|pid| u32::try_from(pid).ok())
                })
                .collect::<Option<_>>()?,
        })
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}{}",
            self.op,
            if self.failed { " (error)" } else { "" }
        )?;
        let fields = [
            ("image", &self.image),
            ("target", &self.target),
            ("digest", &self.digest),
            ("container", &self.container),
            ("name", &self.name),
            ("what", &self.what),
        ];
        for (field, value) in fields {
            if let Some(value) = value {
                write!(f, " {field}={value}")?;
            }
        }
        if self.all_tags {
            write!(f, " all tags")?;
        }
        for odd in &self.odd {
            write!(f, " ({odd})")?;
        }
        let Who {
            pid,
            exe,
            args,
            ancestors,
        } = &self.caller;
        // A whole script may stand there.
        let words: Vec<_> = args
            .iter()
            .filter(|word| word.len() < 99)
            .map(String::as_str)
            .collect();
        write!(
            f,
            " by {pid} {exe} [{}] below {ancestors:?}",
            words.join(" ")
        )
    }
}

/// Both lists line by line, with `-` before what was expected and not seen and `+` before what was seen and not
/// expected; None if they are the same.
pub(super) fn difference(expected: &[Row], seen: &[Row]) -> Option<String> {
    if expected == seen {
        return None;
    }
    let mut lines = Vec::new();
    let mut rest = seen;
    for row in expected {
        if let Some(at) = rest.iter().position(|other| other == row) {
            let (before, after) = rest.split_at(at);
            for extra in before {
                lines.push(format!("+ {extra}"));
            }
            lines.push(format!("  {row}"));
            rest = &after[1..];
        } else {
            lines.push(format!("- {row}"));
        }
    }
    for extra in rest {
        lines.push(format!("+ {extra}"));
    }
    Some(lines.join("\n"))
}

//! What an operation line of `-o json` says, reduced to what a test can know by itself, and how two lists differ.

#![expect(clippy::indexing_slicing, reason = "a field that a line lacks is null")]

use std::fmt;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{Ground, Who};

/// As [`Row::of`] tells of a line that is inferred.
const INFERRED: &str = "confidence \"inferred\"";

/// One operation: what was done, to what, by whom, and what came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    op: String,
    image: Option<String>,
    target: Option<String>,
    digest: Option<String>,
    container: Option<String>,
    name: Option<String>,
    what: Option<String>,
    namespace: Option<String>,
    sandbox: Option<String>,
    /// Namespace, name and uid, with slashes between.
    pod: Option<String>,
    all_tags: bool,
    failed: bool,
    /// What no expected operation has: an end that was not seen, a confidence below observed, an error without its
    /// message.
    odd: Vec<String>,
    caller: Who,
    /// Why, where no client asked.
    cause: Option<String>,
    /// Of the fields from here on, what a test does not say is not compared. This one is part of the message.
    error: Option<String>,
    bytes: Option<u64>,
    /// The daemon and the API: `docker/docker`.
    endpoint: Option<String>,
    /// API, op and outcome of each, sorted: `containerd start ok`.
    hops: Option<Vec<String>>,
    ground: Option<Box<Ground>>,
}

impl Row {
    /// An operation that went well, of a caller that is [named](Row::by) later.
    #[must_use]
    pub fn ok(op: &str) -> Self {
        Self {
            op: op.to_owned(),
            ..Self::default()
        }
    }

    /// An operation that was refused or broke.
    #[must_use]
    pub fn error(op: &str) -> Self {
        Self {
            failed: true,
            ..Self::ok(op)
        }
    }

    /// The same, refused.
    #[must_use]
    pub fn refused(mut self) -> Self {
        self.failed = true;
        self
    }

    /// Of this image, by its normalised reference.
    #[must_use]
    pub fn image(mut self, image: &str) -> Self {
        self.image = Some(image.to_owned());
        self
    }

    /// With this new name of the image.
    #[must_use]
    pub fn target(mut self, target: &str) -> Self {
        self.target = Some(target.to_owned());
        self
    }

    /// With this digest, as the client heard it too.
    #[must_use]
    pub fn digest(mut self, digest: &str) -> Self {
        self.digest = Some(digest.to_owned());
        self
    }

    /// Of this container, by its full id where it has one.
    #[must_use]
    pub fn container(mut self, container: &str) -> Self {
        self.container = Some(container.to_owned());
        self
    }

    /// Of a container of this name.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// What was pruned.
    #[must_use]
    pub fn what(mut self, what: &str) -> Self {
        self.what = Some(what.to_owned());
        self
    }

    /// With no tag asked for.
    #[must_use]
    pub fn all_tags(mut self) -> Self {
        self.all_tags = true;
        self
    }

    /// In this namespace of containerd.
    #[must_use]
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.namespace = Some(namespace.to_owned());
        self
    }

    /// Of this pod sandbox, by its id.
    #[must_use]
    pub fn sandbox(mut self, sandbox: &str) -> Self {
        self.sandbox = Some(sandbox.to_owned());
        self
    }

    /// For this pod.
    #[must_use]
    pub fn pod(mut self, namespace: &str, name: &str, uid: &str) -> Self {
        self.pod = Some(format!("{namespace}/{name}/{uid}"));
        self
    }

    /// With these words in its message.
    #[must_use]
    pub fn saying(mut self, words: &str) -> Self {
        self.error = Some(words.to_owned());
        self
    }

    /// Which moved so many bytes.
    #[must_use]
    pub fn bytes(mut self, bytes: u64) -> Self {
        self.bytes = Some(bytes);
        self
    }

    /// Asked of this daemon in this API, as in `containerd/cri`.
    #[must_use]
    pub fn endpoint(mut self, endpoint: &str) -> Self {
        self.endpoint = Some(endpoint.to_owned());
        self
    }

    /// Which caused exactly these requests: API, op and outcome, as in `containerd start ok`.
    #[must_use]
    pub fn hops(mut self, hops: &[&str]) -> Self {
        let mut hops: Vec<String> = hops.iter().map(|hop| (*hop).to_owned()).collect();
        hops.sort_unstable();
        self.hops = Some(hops);
        self
    }

    /// On this root file system.
    #[must_use]
    pub fn on(mut self, ground: &Ground) -> Self {
        self.ground = Some(Box::new(ground.clone()));
        self
    }

    /// Which no client asked for, and why.
    #[must_use]
    pub fn because(mut self, cause: &str) -> Self {
        self.cause = Some(cause.to_owned());
        self
    }

    /// Concluded, not seen as such.
    #[must_use]
    pub fn inferred(mut self) -> Self {
        self.odd.push(INFERRED.to_owned());
        self
    }

    /// Asked for by this process.
    #[must_use]
    pub fn by(mut self, caller: &Who) -> Self {
        self.caller = caller.clone();
        self
    }

    /// Whether nobody was seen to ask for it.
    pub(super) fn is_unasked(&self) -> bool {
        let endpoint = self.endpoint.as_deref();
        endpoint.is_some_and(|endpoint| endpoint.ends_with("/null"))
    }

    /// Whether it is about this container, which may be the one that holds a sandbox.
    pub(super) fn concerns(&self, container: &str) -> bool {
        [&self.container, &self.sandbox]
            .map(Option::as_deref)
            .contains(&Some(container))
    }

    /// Whether this line is what was expected.
    fn is_told_by(&self, seen: &Self) -> bool {
        let mut seen = seen.clone();
        if self.error.as_ref().is_none_or(|words| {
            let message = seen.error.as_ref();
            message.is_some_and(|message| message.contains(words))
        }) {
            seen.error.clone_from(&self.error);
        }
        if seen.ground.as_ref().is_some_and(|ground| ground.is_told()) {
            self.forget_what_the_store_says(&mut seen);
        }
        seen.bytes = seen.bytes.filter(|_| self.bytes.is_some());
        seen.endpoint = seen.endpoint.filter(|_| self.endpoint.is_some());
        seen.hops = seen.hops.filter(|_| self.hops.is_some());
        seen.ground = seen.ground.filter(|_| self.ground.is_some());
        *self == seen
    }

    /// A root file system adds what its store says of the container; no request had said it, nor does the test.
    fn forget_what_the_store_says(&self, seen: &mut Self) {
        for (own, told) in [
            (&self.image, &mut seen.image),
            (&self.digest, &mut seen.digest),
            (&self.name, &mut seen.name),
            (&self.sandbox, &mut seen.sandbox),
        ] {
            told.take_if(|_| own.is_none());
        }
    }

    /// What a line says.
    ///
    /// # Errors
    /// It lacks what every operation has.
    pub(super) fn of(line: &Value) -> Result<Self> {
        let text = |field: &str| line[field].as_str().map(str::to_owned);
        // Nobody, which no row expects, where the line names none.
        let caller = Who::of(&line["caller"]).unwrap_or_default();
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
        if line["count"].as_u64().is_some_and(|count| count != 1) {
            odd.push(format!("count {}", line["count"]));
        }
        let hops = line["hops"].as_array();
        let mut hops: Vec<String> = hops.into_iter().flatten().map(hop).collect();
        hops.sort_unstable();
        Ok(Self {
            op: text("op").context("no op")?,
            image: text("image"),
            target: text("target"),
            digest: text("digest"),
            container: text("container"),
            name: text("container_name"),
            what: text("what"),
            namespace: text("namespace"),
            sandbox: text("sandbox"),
            pod: pod(&line["pod"]),
            all_tags: line["all_tags"] == true,
            failed,
            odd,
            caller,
            error: text("error"),
            bytes: line["bytes"].as_u64(),
            endpoint: Some(format!(
                "{}/{}",
                word(&line["endpoint"]["runtime"]),
                word(&line["endpoint"]["api"])
            )),
            hops: Some(hops),
            ground: Some(Box::new(Ground::told(line))),
            cause: text("cause"),
        })
    }
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or("null")
}

fn hop(hop: &Value) -> String {
    let words = ["api", "op", "outcome"].map(|field| word(&hop[field]));
    words.join(" ")
}

fn pod(pod: &Value) -> Option<String> {
    let words = ["namespace", "name", "uid"].map(|field| word(&pod[field]));
    pod.is_object().then(|| words.join("/"))
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
            ("namespace", &self.namespace),
            ("sandbox", &self.sandbox),
            ("pod", &self.pod),
            ("error", &self.error),
            ("endpoint", &self.endpoint),
            ("cause", &self.cause),
        ];
        for (field, value) in fields {
            if let Some(value) = value {
                write!(f, " {field}={value}")?;
            }
        }
        if self.all_tags {
            write!(f, " all tags")?;
        }
        if let Some(bytes) = self.bytes {
            write!(f, " bytes={bytes}")?;
        }
        if let Some(hops) = &self.hops {
            write!(f, " hops={hops:?}")?;
        }
        if let Some(ground) = &self.ground {
            write!(f, " {ground}")?;
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
    let is_told = |(row, seen): (&Row, &Row)| row.is_told_by(seen);
    if expected.len() == seen.len() && expected.iter().zip(seen).all(is_told) {
        return None;
    }
    let mut lines = Vec::new();
    let mut rest = seen;
    for row in expected {
        if let Some(at) = rest.iter().position(|other| row.is_told_by(other)) {
            let (before, after) = rest.split_at(at);
            for extra in before {
                lines.push(format!("+ {extra}"));
            }
            lines.push(format!("  {row}"));
            rest = after.get(1..).unwrap_or_default();
        } else {
            lines.push(format!("- {row}"));
        }
    }
    for extra in rest {
        lines.push(format!("+ {extra}"));
    }
    Some(lines.join("\n"))
}

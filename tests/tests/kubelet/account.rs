//! What happened and what imgtrace says of it, one against the other.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde_json::Value;

use super::deed::{Deed, Fit};

/// How well imgtrace saw it.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// Of each op: how many happened, and how many of them were told as they were.
    ops: BTreeMap<String, (usize, usize)>,
    /// How many of those told as they were had which confidence.
    confidence: BTreeMap<String, usize>,
    /// Happened and not told.
    missed: Vec<Deed>,
    /// Told with less than there was to say.
    partial: Vec<String>,
    /// Told and not happened, or otherwise, or twice, or of another caller.
    wrong: Vec<String>,
    /// Whether the pulls, creates and starts were told as they were, of those that happened.
    counted: (usize, usize),
}

impl Account {
    /// Compares all operations that were asked at this socket with all that were done, by the process `kubelet`.
    /// A start of containerd's own, at a shim, is a start that kubelet asked for and that is told a second time.
    pub(super) fn of(deeds: &[Deed], lines: &[Value], socket: &Path, kubelet: u64) -> Self {
        let mut account = Self::default();
        let mut open: Vec<&Deed> = deeds.iter().collect();
        let here = |line: &&Value| {
            let path = line["endpoint"]["path"].as_str().map(Path::new);
            // Of what failed, only pulls are known from elsewhere.
            let known = line["outcome"] != "error" || line["op"] == "pull";
            line["kind"] == "operation" && path == Some(socket) && known
        };
        // Another test's daemon may run on this machine, too.
        let is_server = |line: &&Value| {
            let path = line["path"].as_str().map(Path::new);
            line["kind"] == "endpoint" && path == Some(socket)
        };
        let servers: Vec<_> = lines
            .iter()
            .filter(is_server)
            .filter_map(|line| line["server"]["pid"].as_u64())
            .collect();
        if servers.is_empty() {
            account
                .wrong
                .push("an endpoint without a server".to_owned());
        }
        let at_shim = |line: &&Value| {
            let is_start = line["kind"] == "operation" && line["op"] == "start";
            let caller = line["caller"]["pid"].as_u64();
            let is_own = caller.is_some_and(|caller| servers.contains(&caller));
            is_start && line["endpoint"]["api"] == "shim" && is_own
        };
        for line in lines.iter().filter(at_shim) {
            account.wrong.push(format!("{}, {line}", Deed::of(line)));
        }
        for line in lines.iter().filter(here) {
            let seen = Deed::of(line);
            let best = open
                .iter()
                .enumerate()
                .max_by_key(|(_, deed)| deed.fit(&seen));
            let Some((at, deed)) = best.filter(|(_, deed)| deed.fit(&seen) > Fit::None) else {
                account.wrong.push(format!("{seen}, {line}"));
                continue;
            };
            if line["caller"]["pid"] != kubelet || line["caller"]["comm"] != "kubelet" {
                account.wrong.push(format!("{seen} by {}", line["caller"]));
            } else if deed.fit(&seen) == Fit::Partial || !has_ended(line) {
                account.partial.push(format!("{seen}, {line}"));
            } else {
                account.told(deed, line["confidence"].as_str().unwrap_or("null"));
            }
            account.ops.entry(deed.op.clone()).or_default().0 += 1;
            open.remove(at);
        }
        for deed in open {
            account.ops.entry(deed.op.clone()).or_default().0 += 1;
            account.missed.push(deed.clone());
        }
        account.counted.0 = deeds.iter().filter(|deed| deed.counts()).count();
        account
    }

    fn told(&mut self, deed: &Deed, confidence: &str) {
        self.ops.entry(deed.op.clone()).or_default().1 += 1;
        *self.confidence.entry(confidence.to_owned()).or_default() += 1;
        self.counted.1 += usize::from(deed.counts());
    }

    /// Whether all that was done was told as it was, and nothing else.
    pub(super) fn is_complete(&self) -> bool {
        self.missed.is_empty() && self.partial.is_empty() && self.wrong.is_empty()
    }

    /// Whether nothing of that was concluded.
    pub(super) fn is_observed(&self) -> bool {
        self.confidence.keys().all(|word| word == "observed")
    }

    /// How many were told and not done.
    pub(super) fn wrong(&self) -> usize {
        self.wrong.len()
    }

    /// How many of a hundred pulls, creates and starts were told as they were.
    pub(super) fn hundredths(&self) -> usize {
        let (done, told) = self.counted;
        (told * 100).checked_div(done).unwrap_or_default()
    }
}

/// Whether the end was seen, and a failure has its message.
fn has_ended(line: &Value) -> bool {
    match line["outcome"].as_str() {
        Some("ok") => true,
        Some("error") => line["error"]
            .as_str()
            .is_some_and(|text| text.contains("not found")),
        _ => false,
    }
}

/// A line for people; the alternate form says what was not told, and what was told otherwise.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (done, told) = self.counted;
        write!(
            f,
            "{told} of {done} pulls, creates and starts right ({} %), {} wrong;",
            self.hundredths(),
            self.wrong.len()
        )?;
        for (op, (done, told)) in &self.ops {
            write!(f, " {op} {told}/{done}")?;
        }
        write!(f, "; confidence {:?}", self.confidence)?;
        if f.alternate() {
            for deed in &self.missed {
                write!(f, "\n- {deed}")?;
            }
            for text in &self.partial {
                write!(f, "\n~ {text}")?;
            }
            for text in &self.wrong {
                write!(f, "\n+ {text}")?;
            }
        }
        Ok(())
    }
}

//! What an imgtrace said of a situation.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::watch::{SOON, replay};
use crate::lab::Place;
use crate::run::Run;
use crate::tracer::Trace;

/// All that a recording imgtrace said, of which the part counts that is about the lab: a machine may have other daemons
/// and stores, such as those of another lab.
#[derive(Debug)]
pub struct Told {
    /// Its lines, in order.
    pub lines: Vec<Value>,
    /// Its stderr.
    pub stderr: String,
    recording: PathBuf,
    /// Holds the recording.
    _folder: TempDir,
    place: Place,
}

impl Told {
    pub(super) fn new(trace: Trace, folder: TempDir, recording: PathBuf, place: Place) -> Self {
        Self {
            lines: trace.lines,
            stderr: trace.stderr,
            recording,
            _folder: folder,
            place,
        }
    }

    /// The recording, which replays to what was said.
    pub fn recording(&self) -> &Path {
        &self.recording
    }

    /// What it printed in the form for people.
    ///
    /// # Errors
    /// The recording cannot be replayed.
    pub fn text(&self) -> Result<String> {
        replay(&self.recording, "text")
    }

    /// What `imgtrace topology` makes of it: the machine as it stood at the end.
    ///
    /// # Errors
    /// It cannot be asked.
    pub fn topology(&self) -> Result<Value> {
        let file = self.recording.to_str().context("no UTF-8")?;
        let ended = Run::start(&["topology", file, "--output", "json"])?.ended(SOON)?;
        ensure!(ended.status.success(), "topology: {}", ended.stderr);
        Ok(serde_json::from_slice(&ended.stdout)?)
    }

    /// The stores whose root folder this is, as `imgtrace topology` shows them.
    ///
    /// # Errors
    /// As [`Told::topology`].
    pub fn stores(&self, root: &Path) -> Result<Vec<Value>> {
        let mut topology = self.topology()?;
        let Value::Array(mut stores) = topology["stores"].take() else {
            anyhow::bail!("no stores in {topology:#}")
        };
        stores.retain(|store| store["root"] == *root.to_string_lossy());
        Ok(stores)
    }

    /// What is about the lab: its operations, findings and the rest of a kind.
    pub fn of_kind(&self, kind: &str) -> Vec<&Value> {
        let lines = self.lines.iter();
        lines
            .filter(|line| line["kind"] == kind && concerns(line, &self.place))
            .collect()
    }

    /// The lab's operations of one sort, such as `pull`, in the order in which they ended.
    pub fn operations(&self, op: &str) -> Vec<&Value> {
        let mut all = self.of_kind("operation");
        all.retain(|line| line["op"] == op);
        all
    }

    /// The findings about the lab of one rule, in order.
    pub fn findings(&self, rule: &str) -> Vec<&Value> {
        let mut all = self.of_kind("finding");
        all.retain(|line| line["rule"] == rule);
        all
    }

    /// The only finding of a rule about the lab.
    ///
    /// # Errors
    /// There is none, or more than one.
    pub fn finding(&self, rule: &str) -> Result<&Value> {
        match self.findings(rule).as_slice() {
            [one] => Ok(one),
            other => anyhow::bail!(
                "one finding of {rule} is expected, not {other:#?} among {:#?}",
                self.of_kind("finding")
            ),
        }
    }

    /// Has the rules of all findings about the lab be these, however often each was met.
    ///
    /// # Errors
    /// They are others; the error shows the findings.
    pub fn only(&self, rules: &[&str]) -> Result<()> {
        let findings = self.of_kind("finding");
        let said = |rule: &&str| findings.iter().any(|finding| finding["rule"] == **rule);
        let expected = |finding: &&&Value| rules.iter().any(|rule| finding["rule"] == **rule);
        ensure!(
            rules.iter().all(said) && findings.iter().filter(expected).count() == findings.len(),
            "findings of {rules:?} and no others are expected, not {findings:#?}"
        );
        Ok(())
    }

    /// Keeps the recording in a file that is not there yet.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn keep(&self, file: &Path) -> Result<()> {
        fs::copy(&self.recording, file)
            .with_context(|| format!("failed to write {}", file.display()))?;
        Ok(())
    }
}

/// Whether a line speaks of a path of this lab, or of an image of its registry.
fn concerns(line: &Value, place: &Place) -> bool {
    let text = line.to_string();
    let registry = fs::read_to_string(place.run().join("registry.address"));
    let below = |path: &Path| text.contains(&format!("{}/", path.display()));
    below(place.run())
        || below(place.data())
        || registry.is_ok_and(|address| text.contains(&format!("{address}/")))
}

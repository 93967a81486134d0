//! An imgtrace that records while a situation is played.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::Told;
use crate::lab::{Lab, Place, until};
use crate::run::Run;
use crate::tracer::{self, Tracer};

/// How long a thing may take that is about to happen.
pub(super) const SOON: Duration = Duration::from_secs(30);
/// imgtrace's exit code after SIGINT.
const INTERRUPTED: i32 = 130;

/// A recording imgtrace with `-o json`. Dropping it kills it.
#[derive(Debug)]
pub struct Watch {
    tracer: Tracer,
    folder: TempDir,
    place: Place,
}

impl Watch {
    /// Starts imgtrace with these sockets as `--endpoint KIND=PATH` and waits until it watches them and has listed the
    /// stores that are there: what happens after that is seen.
    ///
    /// # Errors
    /// It ends early, or does not come so far; the error holds what it printed.
    pub fn begin(lab: &Lab, sockets: &[(&str, &Path)]) -> Result<Self> {
        Self::of(Command::new(tracer::program()?), lab, sockets)
    }

    /// As [`Watch::begin`], by a command that becomes imgtrace with the arguments that are added.
    ///
    /// # Errors
    /// As [`Watch::begin`].
    pub fn of(command: Command, lab: &Lab, sockets: &[(&str, &Path)]) -> Result<Self> {
        let folder = tempfile::tempdir().context("failed to make a folder for a recording")?;
        let recording = recording(&folder);
        let recording = format!("--record={}", recording.display());
        let watch = Self {
            tracer: Tracer::start_command(command, sockets, &[&recording])?,
            folder,
            place: lab.place().clone(),
        };
        watch.records("\"inventoried\"")?;
        Ok(watch)
    }

    /// Waits for a line that satisfies the condition.
    ///
    /// # Errors
    /// None comes soon, or imgtrace ends; the error holds what came instead.
    pub fn line(&self, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        self.tracer.line(SOON, wanted)
    }

    /// Waits for a finding of this rule that speaks of this, such as an image's reference or a path.
    ///
    /// # Errors
    /// None comes soon; the error holds the other findings.
    pub fn finding(&self, rule: &str, about: &str) -> Result<Value> {
        self.finding_within(SOON, rule, about)
    }

    /// As [`Watch::finding`], of one that is said only after a while.
    ///
    /// # Errors
    /// None comes in this time.
    pub fn finding_within(&self, patience: Duration, rule: &str, about: &str) -> Result<Value> {
        let wanted = |line: &Value| line["rule"] == rule && line.to_string().contains(about);
        let mut found = None;
        until(patience, || {
            found = self.tracer.lines().into_iter().find(wanted);
            found.is_some()
        });
        found.with_context(|| {
            let mut others = self.tracer.lines();
            others.retain(|line| line["kind"] == "finding" || line["kind"] == "operation");
            format!("no finding of {rule} speaks of {about}, but there are these: {others:#?}")
        })
    }

    /// Waits until this text stands in its recording: for what is seen and not printed.
    ///
    /// # Errors
    /// It does not soon; the error holds what was printed.
    pub fn records(&self, text: &str) -> Result<()> {
        let file = recording(&self.folder);
        let there = || fs::read_to_string(&file).is_ok_and(|recording| recording.contains(text));
        let lines = || self.tracer.lines();
        ensure!(
            until(SOON, there),
            "{text} is not recorded; these lines came: {:#?}",
            lines()
        );
        Ok(())
    }

    /// Ends imgtrace as a user does, and replays its recording, which must print the same to the byte; gives what it
    /// said.
    ///
    /// # Errors
    /// It does not end in an orderly way, or the replay differs.
    pub fn end(self) -> Result<Told> {
        let live = self.tracer.stop()?;
        ensure!(
            live.status.code() == Some(INTERRUPTED),
            "imgtrace ended with {}: {}",
            live.status,
            live.stderr
        );
        let file = recording(&self.folder);
        let replayed = replay(&file, "json")?;
        ensure!(
            replayed == live.text,
            "the replay differs from the live run\nlive:\n{}\nreplayed:\n{replayed}",
            live.text
        );
        Ok(Told::new(live, self.folder, file, self.place))
    }
}

fn recording(folder: &TempDir) -> PathBuf {
    folder.path().join("recording.jsonl")
}

/// What a replay prints in this form.
pub(super) fn replay(recording: &Path, form: &str) -> Result<String> {
    let file = recording.to_str().context("no UTF-8")?;
    let ended = Run::start(&["replay", file, "--output", form])?.ended(SOON)?;
    ensure!(
        ended.status.success() && ended.stderr.is_empty(),
        "the replay ended with {}: {}",
        ended.status,
        ended.stderr
    );
    Ok(ended.text())
}

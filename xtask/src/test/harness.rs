//! What `cargo test` says: results of test programs, and tests that say that they cannot run here.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};

use crate::process::shown;

#[cfg(test)]
mod tests;

/// The results of one or more test programs.
#[derive(Debug, Default)]
pub(super) struct Results {
    /// As libtest counts, to which a test that cannot run has passed.
    returned: usize,
    said: BTreeMap<String, String>,
    ignored: BTreeMap<String, String>,
    /// How many tests failed.
    pub(super) failed: usize,
}

/// Runs `cargo test`, shows what it writes, and sums up its results.
///
/// # Errors
/// It cannot be run, or fails without a failed test: it does not compile, or a test program died.
pub(super) fn cargo_test(command: &mut Command) -> Result<Results> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("failed to start {}", shown(command)))?;
    let output = child.stdout.take().context("no output to read")?;
    let mut results = Results::default();
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        // What a test prints need not be text.
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        results.read(&line);
    }
    let status = child.wait()?;
    ensure!(
        status.success() || results.failed > 0,
        "{} ended with {status}",
        shown(command)
    );
    Ok(results)
}

impl Results {
    /// Takes in one line of output.
    pub(super) fn read(&mut self, line: &str) {
        if let Some(counts) = line.strip_prefix("test result: ") {
            self.returned += count(counts, " passed");
            self.failed += count(counts, " failed");
        } else if let Some((name, reason)) = said(line) {
            self.said.insert(name.to_owned(), reason.to_owned());
        } else if let Some((name, reason)) = ignored(line) {
            self.ignored.insert(name.to_owned(), reason.to_owned());
        }
    }

    /// How many tests ran and passed.
    pub(super) fn passed(&self) -> usize {
        self.returned.saturating_sub(self.said.len())
    }

    /// The tests that did not run, with the reason.
    pub(super) fn skipped(&self) -> impl Iterator<Item = (&str, &str)> {
        self.said
            .iter()
            .chain(&self.ignored)
            .map(|(name, reason)| (name.as_str(), reason.as_str()))
    }
}

/// `SKIP <name>: <reason>`, as a test that cannot run on this machine prints before it returns.
/// With one thread, libtest leaves it on the line that begins with the test's name.
fn said(line: &str) -> Option<(&str, &str)> {
    let line = match line.strip_prefix("test ") {
        Some(rest) => rest.split_once(" ... ")?.1,
        None => line,
    };
    line.strip_prefix("SKIP ")?.split_once(": ")
}

/// `test <name> ... ignored, <reason>`, as libtest prints for `#[ignore = "<reason>"]`.
fn ignored(line: &str) -> Option<(&str, &str)> {
    let (name, outcome) = line.strip_prefix("test ")?.split_once(" ... ")?;
    let reason = outcome.strip_prefix("ignored")?;
    Some((name, reason.strip_prefix(", ").unwrap_or("ignored")))
}

/// The number before a word of libtest's summary.
fn count(counts: &str, word: &str) -> usize {
    counts
        .split(';')
        .filter_map(|part| {
            part.strip_suffix(word)?
                .rsplit(' ')
                .next()?
                .parse::<usize>()
                .ok()
        })
        .sum()
}

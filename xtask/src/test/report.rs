//! The tally of a test run: what passed, failed and was skipped, and the line that says so.

use std::{collections::BTreeMap, process::ExitCode, time::Duration};

use super::{Outcome, leave};

#[cfg(test)]
mod tests;

/// What came of the steps so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// The skips that are allowed, with the reason; `None` where all are.
    leave: Option<BTreeMap<String, String>>,
    passed: usize,
    failed: usize,
    /// One line each, as printed at the end.
    failures: Vec<String>,
    skips: Vec<String>,
}

impl Report {
    /// An empty report. With `leave`, a skip that it does not name is a failure.
    pub(super) fn new(leave: Option<BTreeMap<String, String>>) -> Self {
        Self {
            leave,
            ..Self::default()
        }
    }

    /// Counts what came of a step, and says it.
    pub(super) fn add(&mut self, step: &str, outcome: Outcome, took: Duration) {
        let took = took.as_secs_f64();
        match outcome {
            Outcome::Passed => {
                self.passed += 1;
                println!("== {step}: passed in {took:.1} s\n");
            }
            Outcome::Failed(reason) => {
                println!("== {step}: failed after {took:.1} s\n");
                self.failed += 1;
                self.failures.push(format!("{step}: {reason}"));
            }
            Outcome::Skipped(reason) => {
                println!("== {step}: skipped\n");
                self.skip(step, &reason);
            }
            Outcome::Ran(results) => {
                let (passed, failed) = (results.passed(), results.failed);
                println!("== {step}: {passed} passed, {failed} failed in {took:.1} s\n");
                self.passed += passed;
                self.failed += failed;
                if failed > 0 {
                    self.failures
                        .push(format!("{step}: {failed} tests failed, see above"));
                }
                for (name, reason) in results.skipped() {
                    self.skip(name, reason);
                }
            }
        }
    }

    fn skip(&mut self, name: &str, reason: &str) {
        match &self.leave {
            Some(leave) if !leave.contains_key(name) => {
                self.failed += 1;
                self.failures.push(format!(
                    "{name}: skipped ({reason}), and {} does not allow that with CI set",
                    leave::FILE
                ));
            }
            Some(_) | None => self.skips.push(format!("{name}: {reason}")),
        }
    }

    /// Prints every skip and failure with its reason, and the closing line.
    pub(super) fn close(&self) -> ExitCode {
        for (title, lines) in [("skipped", &self.skips), ("failed", &self.failures)] {
            if !lines.is_empty() {
                println!("{title}:");
                lines.iter().for_each(|line| println!("  {line}"));
            }
        }
        println!("{}", self.closing_line());
        ExitCode::from(u8::from(self.failed > 0))
    }

    fn closing_line(&self) -> String {
        let Self { passed, failed, .. } = self;
        format!(
            "{passed} passed, {failed} failed, {} skipped",
            self.skips.len()
        )
    }
}

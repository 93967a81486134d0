//! `test`: everything that a change must pass, step by step, and one line that sums it up.

mod harness;
mod leave;
mod report;
mod steps;

use std::{collections::BTreeMap, process::ExitCode, time::Instant};

use anyhow::Result;

use self::{report::Report, steps::STEPS};
use crate::{packages::Consent, workspace::Workspace};

/// What `test` was asked.
#[derive(clap::Args, Debug)]
pub(crate) struct Options {
    /// Run only this part
    #[arg(long, value_enum)]
    only: Option<Part>,
    #[command(flatten)]
    consent: Consent,
    /// Run only the tests whose name contains this
    filter: Option<String>,
}

/// The parts of a test run.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
enum Part {
    /// Formatting, clippy, licences
    Lint,
    /// Tests that need neither root nor a kernel
    Unit,
    /// The built program against real daemons
    Whole,
}

/// What came of a step.
#[derive(Debug)]
enum Outcome {
    Passed,
    /// With the reason.
    Failed(String),
    /// With the reason.
    Skipped(String),
    /// The step ran tests, and these are their results.
    Ran(harness::Results),
}

/// What every step may look at.
struct Run<'a> {
    workspace: &'a Workspace,
    consent: Consent,
    filter: Option<&'a str>,
}

/// Runs the steps, whatever comes of the earlier ones, and reports.
///
/// The exit code is not 0 if something failed, or was skipped without leave.
///
/// # Errors
/// The list of what may be skipped cannot be read.
pub(crate) fn test(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    let run = Run {
        workspace,
        consent: options.consent,
        filter: options.filter.as_deref(),
    };
    // Where nobody looks on, a test that stops running must not go unnoticed.
    let leave: Option<BTreeMap<String, String>> = std::env::var_os("CI")
        .map(|_| leave::read(&workspace.root))
        .transpose()?;
    let mut report = Report::new(leave);
    for step in STEPS {
        if options.only.is_some_and(|part| part != step.part) {
            continue;
        }
        println!("== {}", step.name);
        let begin = Instant::now();
        let outcome =
            (step.run)(&run).unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")));
        report.add(step.name, outcome, begin.elapsed());
    }
    Ok(report.close())
}

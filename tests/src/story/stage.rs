//! What is watched, and the list of what was done to it.

#![expect(clippy::indexing_slicing, reason = "a field that a line lacks is null")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::Value;

use super::row::difference;
use super::{Ground, Row, Who};
use crate::lab::{Place, until};
use crate::tracer::{Trace, Tracer};

/// How long a line may take after the client has ended.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sockets under imgtrace, and what their operations must have been.
#[derive(Debug)]
pub struct Stage {
    tracer: Tracer,
    ours: Vec<PathBuf>,
    expected: Vec<Row>,
}

impl Stage {
    /// Starts imgtrace on these sockets (kind and path, as for [`Tracer::start`]) of a lab. Of what it sees, all that was
    /// asked or lies within the lab counts, and all that concerns a container that a row names; another lab may run
    /// beside this one.
    ///
    /// # Errors
    /// imgtrace does not watch them.
    pub fn open(sockets: &[(&str, &Path)], lab: &Place) -> Result<Self> {
        let tracer = Tracer::start(sockets, &[])?;
        Ok(Self::over(tracer, &[lab.run(), lab.data()]))
    }

    /// With an imgtrace that runs already; what is at or below these paths counts.
    pub fn over(tracer: Tracer, ours: &[&Path]) -> Self {
        Self {
            tracer,
            ours: ours.iter().map(|path| (*path).to_owned()).collect(),
            expected: Vec::new(),
        }
    }

    /// The imgtrace that watches.
    pub fn tracer(&self) -> &Tracer {
        &self.tracer
    }

    /// The rows that this caller must have made, after all that came before.
    pub fn expect(&mut self, caller: &Who, rows: impl IntoIterator<Item = Row>) {
        self.expected
            .extend(rows.into_iter().map(|row| row.by(caller)));
    }

    /// Waits for as many operations as are expected so far.
    pub fn settle(&self) -> bool {
        until(PATIENCE, || {
            self.operations(&self.tracer.lines()).len() >= self.expected.len()
        })
    }

    /// Waits for the operations, ends imgtrace and compares: all that it saw here, in the order in which it was asked
    /// for, is what was expected; and so is what nobody asked for, in its own order.
    ///
    /// # Errors
    /// It is not; the error shows both lists, line by line.
    pub fn close(self) -> Result<Trace> {
        self.settle();
        let (ours, mut expected) = (self.ours, self.expected);
        // What nobody asked for is told when it shows, which may be before or after what was asked next.
        expected.sort_by_key(Row::is_unasked);
        let trace = self.tracer.stop()?;
        let mut lines = operations(&trace.lines, &ours, &expected);
        lines.sort_by_key(|line| (line["at"].as_str(), line["id"].as_u64()));
        let seen = lines.into_iter().map(Row::of);
        let mut seen = seen.collect::<Result<Vec<_>>>()?;
        seen.sort_by_key(Row::is_unasked);
        if let Some(text) = difference(&expected, &seen) {
            bail!(
                "expected (-) and seen (+) differ:\n{text}\n{:?}\n{:?}\n{}",
                trace.of_kind("loss"),
                trace.of_kind("notice"),
                trace.stderr
            );
        }
        Ok(trace)
    }

    fn operations<'l>(&self, lines: &'l [Value]) -> Vec<&'l Value> {
        operations(lines, &self.ours, &self.expected)
    }
}

/// The operation lines that count.
fn operations<'l>(lines: &'l [Value], ours: &[PathBuf], expected: &[Row]) -> Vec<&'l Value> {
    // The lab itself knocks until a daemon is up.
    let knock = |line: &Value| {
        line["op"] == "connect-denied" && line["caller"]["pid"] == std::process::id()
    };
    let here = |line: &Value| {
        let path = line["endpoint"]["path"].as_str();
        path.is_some_and(|path| ours.iter().any(|ours| Path::new(path).starts_with(ours)))
            || Ground::lies_below(line, ours)
    };
    let known = |line: &Value| {
        let container = line["container"].as_str();
        container.is_some_and(|container| expected.iter().any(|row| row.concerns(container)))
    };
    lines
        .iter()
        .filter(|line| line["kind"] == "operation" && !knock(line) && (here(line) || known(line)))
        .collect()
}

//! What happens to an observation: it is recorded, understood, rendered and printed, in this
//! order. Live, record and replay share it, so that they print the same.

use std::io;

use super::error::{Failure, Kind};
use super::screen::Screen;
use super::watch::Sink;
use crate::model::{Report, Rule};
use crate::observation::Observed;
use crate::record::{Recorder, WriteError};
use crate::show::{Renderer, Settings};
use crate::trace::Trace;

/// Bytes of output that may wait for the end of a drain.
const MAX_WAITING: usize = 256 << 10;

/// Whether it makes sense to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// Somebody reads what is printed, or records.
    Open,
    /// The reader of the output has gone away (`| head`), which is no error.
    Closed,
}

/// One run.
#[derive(Debug)]
pub(super) struct Session<S> {
    recorder: Option<Recorder>,
    trace: Trace,
    reports: Vec<Report>,
    judged: Judged,
    view: Option<View<S>>,
    flow: Flow,
}

/// The part of a run that is seen.
#[derive(Debug)]
struct View<S> {
    renderer: Renderer,
    waiting: Vec<u8>,
    screen: S,
}

/// Which findings a run is to fail on, and whether there was one.
#[derive(Debug, Default)]
struct Judged {
    rules: Vec<Rule>,
    is_found: bool,
}

impl<S: Screen> Session<S> {
    /// A run that is printed.
    pub(super) fn new(screen: S, settings: Settings) -> Self {
        let view = View {
            renderer: Renderer::new(settings),
            waiting: Vec::new(),
            screen,
        };
        Self {
            recorder: None,
            trace: Trace::new(),
            reports: Vec::new(),
            judged: Judged::default(),
            view: Some(view),
            flow: Flow::Open,
        }
    }

    /// The same run, recorded.
    pub(super) fn recorded(mut self, recorder: Recorder) -> Self {
        self.recorder = Some(recorder);
        self
    }

    /// The same run, with nothing printed.
    pub(super) fn quiet(mut self) -> Self {
        self.view = None;
        self
    }

    /// The same run, which is to fail on a finding of one of these rules, be it printed or not.
    pub(super) fn failing_on(mut self, rules: &[Rule]) -> Self {
        self.judged.rules = rules.to_vec();
        self
    }

    /// True if there was a finding to fail on.
    pub(super) const fn is_found(&self) -> bool {
        self.judged.is_found
    }

    /// Takes in one observation. What it makes to record and to print waits for
    /// [`flush`](Self::flush), or is written now if much is waiting.
    ///
    /// # Errors
    /// The recording or the output cannot be written.
    pub(super) fn take(&mut self, observed: &Observed) -> Result<(), Failure> {
        if let Some(recorder) = &mut self.recorder {
            recorder
                .append(observed)
                .map_err(|error| recording(&error))?;
        }
        if self.is_understood() {
            self.trace.observe(observed, &mut self.reports);
            for report in self.reports.drain(..) {
                self.judged.see(&report);
                if let Some(view) = &mut self.view {
                    view.renderer.render(&report, &mut view.waiting);
                }
            }
        }
        let waiting = self.view.as_ref().map_or(0, |view| view.waiting.len());
        if waiting > MAX_WAITING {
            self.flush()?;
        }
        Ok(())
    }

    /// True if anybody wants to know what the observations mean.
    fn is_understood(&self) -> bool {
        self.view.is_some() || !self.judged.rules.is_empty()
    }

    /// True if nobody reads the output any more.
    pub(super) fn is_closed(&self) -> bool {
        self.flow == Flow::Closed
    }

    /// Ends a drain: writes the recording, then the output, so that nothing is printed that is
    /// not recorded.
    ///
    /// # Errors
    /// The recording or the output cannot be written.
    pub(super) fn flush(&mut self) -> Result<Flow, Failure> {
        if let Some(recorder) = &mut self.recorder {
            recorder.flush().map_err(|error| recording(&error))?;
        }
        if let Some(view) = self.view.as_mut().filter(|view| !view.waiting.is_empty()) {
            let written = view.screen.write(&view.waiting);
            view.waiting.clear();
            view.renderer.resize(view.screen.columns());
            match written {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.flow = Flow::Closed,
                written => written.map_err(|error| {
                    Failure::new(Kind::Internal, "failed to write to stdout").because(error)
                })?,
            }
        }
        Ok(self.flow)
    }
}

impl<S: Screen> Sink for Session<S> {
    fn take(&mut self, observed: &Observed) -> Result<(), Failure> {
        Self::take(self, observed)
    }

    fn flush(&mut self) -> Result<Flow, Failure> {
        Self::flush(self)
    }
}

impl Judged {
    fn see(&mut self, report: &Report) {
        if let Report::Finding(finding) = report {
            self.is_found |= self.rules.contains(&finding.rule);
        }
    }
}

/// A recording that cannot be made or continued, and what to do about it.
pub(super) fn recording(error: &WriteError) -> Failure {
    match error {
        WriteError::Exists(path) => Failure::from_error(Kind::Usage, error).hint(format!(
            "choose another name, or remove it: rm {}",
            path.display()
        )),
        WriteError::NotRotatable(_) => {
            Failure::from_error(Kind::Usage, error).hint("leave out --max-size")
        }
        WriteError::Create { .. } => Failure::from_error(Kind::Usage, error),
        WriteError::Write { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
            Failure::from_error(Kind::Internal, error)
                .hint("what was written until now can be replayed")
                .hint("--max-size 100M --max-files 5 bounds what a recording takes")
        }
        WriteError::Rename { .. } | WriteError::Write { .. } | WriteError::Json(_) => {
            Failure::from_error(Kind::Internal, error)
        }
    }
}

#[cfg(test)]
mod tests;

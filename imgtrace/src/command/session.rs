//! What happens to an observation: it is recorded, understood, rendered and printed, in this
//! order. Live, record and replay share it, so that they print the same.

use std::io;

use super::error::{Failure, Kind};
use super::screen::Screen;
use super::watch::Sink;
use crate::model::Report;
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
    view: Option<View<S>>,
    flow: Flow,
}

/// The part of a run that is seen.
#[derive(Debug)]
struct View<S> {
    trace: Trace,
    renderer: Renderer,
    reports: Vec<Report>,
    waiting: Vec<u8>,
    screen: S,
}

impl<S: Screen> Session<S> {
    /// A run that is printed.
    pub(super) fn new(screen: S, settings: Settings) -> Self {
        let view = View {
            trace: Trace::new(),
            renderer: Renderer::new(settings),
            reports: Vec::new(),
            waiting: Vec::new(),
            screen,
        };
        Self {
            recorder: None,
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
        if let Some(view) = &mut self.view {
            view.trace.observe(observed, &mut view.reports);
            for report in view.reports.drain(..) {
                view.renderer.render(&report, &mut view.waiting);
            }
            if view.waiting.len() > MAX_WAITING {
                self.flush()?;
            }
        }
        Ok(())
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

//! What a failed run tells its user: what failed, why, and what to do about it.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use crate::show::escape::escape;

/// What kind of failure it is: what scripts look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// What was asked for makes no sense, or names a file that is not there.
    Usage,
    /// A privilege or a kernel feature is missing.
    Missing,
    /// A recording is damaged or too new.
    Recording,
    /// Nothing that the user has done.
    Internal,
}

/// A failure: a line, its causes, and hints.
#[derive(Debug)]
pub(super) struct Failure {
    kind: Kind,
    what: String,
    source: Option<Box<dyn Error>>,
    hints: Vec<String>,
}

impl Failure {
    /// A failure of which `what` says what failed: "failed to …", or a fact.
    pub(super) fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            source: None,
            hints: Vec::new(),
        }
    }

    /// An error as it describes itself.
    pub(super) fn from_error(kind: Kind, error: &(impl Error + ?Sized)) -> Self {
        Self::new(kind, chain(error).join(": "))
    }

    /// Adds why it failed.
    #[must_use]
    pub(super) fn because(mut self, source: impl Error + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// Adds what can be done.
    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The exit code.
    pub(super) fn code(&self) -> ExitCode {
        ExitCode::from(match self.kind {
            Kind::Usage => 2,
            Kind::Missing => 3,
            Kind::Recording => 4,
            Kind::Internal => 5,
        })
    }

    /// `imgtrace: what: why`, and a line a hint.
    pub(super) fn render(&self) -> String {
        let causes = self.source.iter().flat_map(|source| chain(source.as_ref()));
        let line = [self.what.clone()]
            .into_iter()
            .chain(causes)
            .collect::<Vec<_>>()
            .join(": ");
        let mut text = format!("imgtrace: {}\n", escape(&line));
        for hint in &self.hints {
            text.extend(["  hint: ", &escape(hint), "\n"]);
        }
        text
    }

    /// Writes it to stderr; if that is closed, nobody wants to know.
    pub(super) fn print(&self) {
        let _ = std::io::stderr().write_all(self.render().as_bytes());
    }
}

/// An error and everything below it, in its own words.
fn chain(error: &(impl Error + ?Sized)) -> Vec<String> {
    let mut words = vec![error.to_string()];
    let mut source = error.source();
    while let Some(error) = source {
        words.push(error.to_string());
        source = error.source();
    }
    words
}

#[cfg(test)]
mod tests;

//! The machine as it stands: for people, and for programs.

pub mod json;
pub mod text;

#[cfg(test)]
mod tests;

use crate::model::Daemon;

/// The forms of a topology.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// Sections for people: sockets, daemons, stores, answers
    #[default]
    Text,
    /// One JSON object, for programs
    Json,
}

/// What a daemon's program is called; none if nothing is known of it.
fn program(daemon: &Daemon) -> Option<&str> {
    daemon.process.as_ref().map(crate::model::Caller::name)
}

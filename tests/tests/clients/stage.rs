//! One Docker under imgtrace, and the clients that speak to it.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use imgtrace_tests::lab::{Client, Docker};
use imgtrace_tests::story::{self, Row, Who};
use imgtrace_tests::tracer::{Trace, Tracer};

/// A daemon that is watched, and the list of what was done to it.
#[derive(Debug)]
pub(super) struct Stage<'a> {
    pub(super) docker: &'a Docker,
    story: story::Stage,
}

impl<'a> Stage<'a> {
    /// Starts imgtrace on this daemon's socket.
    pub(super) fn open(docker: &'a Docker) -> Result<Self> {
        let socket = docker.socket();
        Ok(Self::over(
            docker,
            Tracer::start(&[("docker", socket.as_path())], &[])?,
        ))
    }

    /// With an imgtrace that runs already.
    pub(super) fn over(docker: &'a Docker, tracer: Tracer) -> Self {
        let story = story::Stage::over(tracer, &[&docker.socket(), &docker.root()]);
        Self { docker, story }
    }

    /// The imgtrace that watches.
    pub(super) fn tracer(&self) -> &Tracer {
        self.story.tracer()
    }

    /// The rows that this caller must have made, after all that came before.
    pub(super) fn expect(&mut self, caller: &Who, rows: impl IntoIterator<Item = Row>) {
        self.story.expect(caller, rows);
    }

    /// Waits for as many operations as are expected so far.
    pub(super) fn settle(&self) -> bool {
        self.story.settle()
    }

    /// Ends imgtrace and compares.
    pub(super) fn close(self) -> Result<Trace> {
        let name = self.docker.generation().name();
        self.story.close().context(name)
    }
}

/// A library's interpreter with these arguments (a script of ours, and its own) instead of its usual story, in its
/// usual environment.
pub(super) fn program(
    docker: &Docker,
    client: Client,
    args: &[impl AsRef<OsStr>],
) -> Result<Command> {
    let usual = docker.command(client)?;
    let mut command = Command::new(usual.get_program());
    command.env_clear().args(args).stdin(Stdio::null());
    command.envs(
        usual
            .get_envs()
            .filter_map(|(key, value)| Some((key, value?))),
    );
    // Where node finds the modules of a script that lies elsewhere.
    if let Some(folder) = usual
        .get_args()
        .next()
        .and_then(|script| Path::new(script).parent())
    {
        command.env("NODE_PATH", folder.join("node_modules"));
    }
    Ok(command)
}

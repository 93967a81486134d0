//! One daemon under imgtrace, the clients that have spoken to it, and what their operations must have been.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use imgtrace_tests::lab::{Client, Docker, Ran, until};
use imgtrace_tests::tracer::{Trace, Tracer};
use serde_json::Value;

use super::row::{Row, Who, difference};

/// How long a line may take after the client has ended.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// A daemon that is watched, and the list of what was done to it.
#[derive(Debug)]
pub(super) struct Stage<'a> {
    pub(super) docker: &'a Docker,
    tracer: Tracer,
    expected: Vec<Row>,
}

/// A client that has run.
#[derive(Debug)]
pub(super) struct Actor {
    pub(super) who: Who,
    pub(super) ran: Ran,
}

impl Actor {
    /// The lines of its stdout.
    pub(super) fn words(&self) -> Vec<&str> {
        self.ran.stdout.lines().map(str::trim).collect()
    }
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
        Self {
            docker,
            tracer,
            expected: Vec::new(),
        }
    }

    /// The imgtrace that watches.
    pub(super) fn tracer(&self) -> &Tracer {
        &self.tracer
    }

    /// The rows that this caller must have made, after all that came before.
    pub(super) fn expect(&mut self, caller: &Who, rows: impl IntoIterator<Item = Row>) {
        self.expected
            .extend(rows.into_iter().map(|row| row.by(caller)));
    }

    /// Waits for as many operations as are expected so far.
    pub(super) fn settle(&self) -> bool {
        until(PATIENCE, || {
            let lines = self.tracer.lines();
            let seen = operations(&lines, &self.docker.socket());
            seen.iter()
                .filter(|line| line["op"] != "connect-denied")
                .count()
                >= self.expected.len()
        })
    }

    /// Waits for the operations, ends imgtrace and compares: all that it saw at this socket, in the order in which it
    /// was asked for, is what was expected.
    pub(super) fn close(self) -> Result<Trace> {
        self.settle();
        let trace = self.tracer.stop()?;
        let mut lines = operations(&trace.lines, &self.docker.socket());
        // The lab itself knocks until a daemon is up.
        let is_knock = |line: &Value| {
            line["op"] == "connect-denied" && line["caller"]["pid"] == std::process::id()
        };
        lines.retain(|line| !is_knock(line));
        lines.sort_by_key(|line| (line["at"].as_str(), line["id"].as_u64()));
        let seen = lines.into_iter().map(Row::of).collect::<Result<Vec<_>>>()?;
        if let Some(text) = difference(&self.expected, &seen) {
            bail!(
                "{}: expected (-) and seen (+) differ:\n{text}\n{:?}\n{:?}\n{}",
                self.docker.generation().name(),
                trace.of_kind("loss"),
                trace.of_kind("notice"),
                trace.stderr
            );
        }
        Ok(trace)
    }
}

/// Runs a command that must succeed, and tells who it was.
pub(super) fn succeed(command: &mut Command) -> Result<Actor> {
    let actor = attempt(command)?;
    let ran = &actor.ran;
    if !ran.status.success() {
        bail!(
            "{} failed: {}{}",
            actor.who.args.join(" "),
            ran.stdout,
            ran.stderr
        );
    }
    Ok(actor)
}

/// Runs a command, whatever comes of it.
pub(super) fn attempt(command: &mut Command) -> Result<Actor> {
    let ran = Ran::of(command)?;
    let who = who(command, u32::try_from(ran.pid)?)?;
    Ok(Actor { who, ran })
}

/// The operation lines of one socket.
pub(super) fn operations<'l>(lines: &'l [Value], socket: &Path) -> Vec<&'l Value> {
    let here = |line: &&Value| {
        line["kind"] == "operation"
            && line["endpoint"]["path"].as_str().map(Path::new) == Some(socket)
    };
    lines.iter().filter(here).collect()
}

/// Who a child of this process is, that was started by this command.
pub(super) fn who(command: &Command, pid: u32) -> Result<Who> {
    let program = PathBuf::from(command.get_program());
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    Ok(Who {
        pid,
        exe: found(&program)?.display().to_string(),
        args: words
            .map(|word| word.to_string_lossy().into_owned())
            .collect(),
        ancestors: line_from(std::process::id())?,
    })
}

/// Who this process is.
pub(super) fn me() -> Result<Who> {
    let mut ancestors = line_from(std::process::id())?;
    Ok(Who {
        pid: ancestors.remove(0),
        exe: std::env::current_exe()?.display().to_string(),
        args: std::env::args().collect(),
        ancestors,
    })
}

/// A process and those above it, nearest first, up to the first process of the machine.
fn line_from(pid: u32) -> Result<Vec<u32>> {
    let mut line = Vec::new();
    let mut next = pid;
    while next > 0 {
        line.push(next);
        let stat = fs::read_to_string(format!("/proc/{next}/stat"))?;
        // proc(5): the name in parentheses may hold anything, so count from its end; the parent is field 4.
        let (_, rest) = stat.rsplit_once(") ").context("no name in stat")?;
        next = rest
            .split(' ')
            .nth(1)
            .context("no parent in stat")?
            .parse()?;
    }
    Ok(line)
}

/// The path by which this program is executed.
fn found(program: &Path) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = std::env::split_paths(&path).map(|folder| folder.join(program));
    let file = if program.is_absolute() {
        Some(program.to_owned())
    } else {
        places.find(|place| place.exists())
    };
    let file = file.with_context(|| format!("no {} on PATH", program.display()))?;
    Ok(file)
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

//! The processes of a story, as the one who started them knows them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::lab::Ran;

/// A process that asked for something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Who {
    /// Its pid, in the host's namespace.
    pub pid: u32,
    /// The path by which its program was executed.
    pub exe: String,
    /// Its command line.
    pub args: Vec<String>,
    /// The pids above it, nearest first.
    pub ancestors: Vec<u32>,
}

/// A client that has run.
#[derive(Debug)]
pub struct Actor {
    /// Who it was.
    pub who: Who,
    /// What came of it.
    pub ran: Ran,
}

impl Actor {
    /// The lines of its stdout.
    pub fn words(&self) -> Vec<&str> {
        self.ran.stdout.lines().map(str::trim).collect()
    }
}

impl Who {
    /// The caller that an operation line names; None if it names none, or not enough of one.
    pub(super) fn of(caller: &Value) -> Option<Self> {
        let field = |name: &str| caller.get(name);
        let words = field("args")?.as_array()?.iter();
        let above = field("ancestors")?.as_array()?.iter();
        let pid = |process: &Value| u32::try_from(process.get("pid")?.as_u64()?).ok();
        Some(Self {
            pid: pid(caller)?,
            exe: field("exe")?.as_str()?.to_owned(),
            args: words
                .map(|word| word.as_str().map(str::to_owned))
                .collect::<Option<_>>()?,
            ancestors: above.map(pid).collect::<Option<_>>()?,
        })
    }

    /// A process that runs: what /proc says of it.
    ///
    /// # Errors
    /// There is none of this pid.
    pub fn running(pid: u32) -> Result<Self> {
        let mut ancestors = line_from(pid)?;
        let args = fs::read_to_string(format!("/proc/{pid}/cmdline"))?;
        Ok(Self {
            pid: ancestors.remove(0),
            exe: fs::read_link(format!("/proc/{pid}/exe"))?
                .display()
                .to_string(),
            args: args
                .trim_end_matches('\0')
                .split('\0')
                .map(str::to_owned)
                .collect(),
            ancestors,
        })
    }
}

/// Runs a command that must succeed, and tells who it was.
///
/// # Errors
/// It cannot be started, or fails; the error holds what it printed.
pub fn succeed(command: &mut Command) -> Result<Actor> {
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
///
/// # Errors
/// It cannot be started.
pub fn attempt(command: &mut Command) -> Result<Actor> {
    let ran = Ran::of(command)?;
    let who = who(command, u32::try_from(ran.pid)?)?;
    Ok(Actor { who, ran })
}

/// Who a child of this process is, that was started by this command.
///
/// # Errors
/// Its program is not found.
pub fn who(command: &Command, pid: u32) -> Result<Who> {
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
///
/// # Errors
/// /proc does not tell.
pub fn me() -> Result<Who> {
    Ok(Who {
        exe: std::env::current_exe()?.display().to_string(),
        args: std::env::args().collect(),
        ..Who::running(std::process::id())?
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
    file.with_context(|| format!("no {} on PATH", program.display()))
}

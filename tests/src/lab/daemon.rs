//! One background process of a lab: started with a log and a pid file, awaited by a condition, ended exactly.

use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::{Place, ProcessId, read, write};

/// How long a daemon may take to come up. Seen: under 2 s; a loaded machine takes longer.
const START_PATIENCE: Duration = Duration::from_mins(1);
/// How long a daemon may take to end after SIGTERM (dockerd waits up to 15 s for its containers).
const STOP_PATIENCE: Duration = Duration::from_secs(20);
/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(10);
/// How much of a log an error shows.
const LOG_LINES: usize = 20;

/// Waits until the condition holds; false if it does not within `patience`.
pub fn until(patience: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if condition() {
            return true;
        }
        if start.elapsed() > patience {
            return false;
        }
        std::thread::sleep(POLL);
    }
}

/// Starts a daemon in the background, in a process group of its own (a Ctrl-C at the terminal is not meant for it),
/// and waits until it is ready.
pub(super) fn start(
    place: &Place,
    name: &str,
    mut command: Command,
    mut ready: impl FnMut() -> bool,
) -> Result<ProcessId> {
    if let Some(running) = running(place, name) {
        bail!("{name} runs already, as process {}", running.pid);
    }
    let log = place.log(name);
    let out = File::options().create(true).append(true).open(&log);
    let out = out.with_context(|| format!("failed to open {}", log.display()))?;
    command
        .stdout(out.try_clone()?)
        .stderr(out)
        .process_group(0);
    let mut child = command
        .spawn()
        .with_context(|| format!("failed to start {}", program(&command)))?;
    let pid = i32::try_from(child.id())?;
    let Some(id) = ProcessId::of(pid) else {
        bail!(
            "{name} ended at once ({}):\n{}",
            child.wait()?,
            log_end(&log)
        );
    };
    write(&place.pid_file(name), id.text())?;
    let mut up = false;
    until(START_PATIENCE, || {
        up = ready();
        up || !id.is_running()
    });
    if !up {
        let ended = if id.is_running() {
            "is not ready".to_owned()
        } else {
            format!("ended ({})", child.wait()?)
        };
        stop(place, name)?;
        bail!(
            "{name} {ended}; the end of {}:\n{}",
            log.display(),
            log_end(&log)
        );
    }
    Ok(id)
}

/// The daemon of this name, if it runs.
pub(super) fn running(place: &Place, name: &str) -> Option<ProcessId> {
    let id = ProcessId::parse(&fs::read_to_string(place.pid_file(name)).ok()?)?;
    id.is_running().then_some(id)
}

/// Ends the daemon of this name, if it runs.
pub(super) fn stop(place: &Place, name: &str) -> Result<()> {
    if let Some(id) = running(place, name) {
        id.end(STOP_PATIENCE)
            .with_context(|| format!("failed to stop {name}"))?;
    }
    match fs::remove_file(place.pid_file(name)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Kills the daemon of this name, if it runs.
pub(super) fn kill(place: &Place, name: &str) -> Result<()> {
    running(place, name).map_or(Ok(()), ProcessId::kill)
}

fn program(command: &Command) -> String {
    Path::new(command.get_program()).display().to_string()
}

fn log_end(log: &Path) -> String {
    let text = read(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let skip = lines.len().saturating_sub(LOG_LINES);
    lines.into_iter().skip(skip).collect::<Vec<_>>().join("\n")
}

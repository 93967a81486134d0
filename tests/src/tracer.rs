//! The imgtrace program, run beside a lab: started, awaited until it watches, read line by line, stopped by SIGINT.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::Signal;
use serde_json::Value;

use crate::lab::{ProcessId, until};

/// How long imgtrace may take until it watches the wanted sockets.
const ATTACH_PATIENCE: Duration = Duration::from_secs(30);
/// How long it may take to end after SIGINT.
const STOP_PATIENCE: Duration = Duration::from_secs(15);

/// A running imgtrace with `-o json`. Dropping it kills it.
#[derive(Debug)]
pub struct Tracer {
    child: Child,
    seen: Arc<Mutex<Seen>>,
    reader: Option<JoinHandle<()>>,
    stderr: Option<JoinHandle<String>>,
}

/// What it printed to stdout so far.
#[derive(Debug, Default)]
struct Seen {
    /// All of it.
    text: String,
    lines: Vec<Value>,
    /// When each of them came.
    times: Vec<Instant>,
    /// The first line that is not a JSON object: a defect of imgtrace.
    broken: Option<String>,
    ended: bool,
}

/// All that an imgtrace left behind.
#[derive(Debug)]
pub struct Trace {
    /// Its stdout, byte for byte.
    pub text: String,
    /// The lines of that, in order.
    pub lines: Vec<Value>,
    /// Its stderr.
    pub stderr: String,
    /// How it ended.
    pub status: ExitStatus,
}

impl Trace {
    /// The lines of one kind (`operation`, `finding`, …).
    pub fn of_kind(&self, kind: &str) -> Vec<&Value> {
        self.lines
            .iter()
            .filter(|line| is_kind(line, kind))
            .collect()
    }
}

impl Tracer {
    /// Starts imgtrace with these sockets as `--endpoint KIND=PATH` and these further arguments, and waits until it
    /// has printed an endpoint line for each of them: what happens after that is seen.
    ///
    /// # Errors
    /// There is no imgtrace program, it ends early, or the lines do not come; the error holds its stderr.
    pub fn start(sockets: &[(&str, &Path)], args: &[&str]) -> Result<Self> {
        Self::start_command(Command::new(program()?), sockets, args)
    }

    /// As [`Tracer::start`], by a command that becomes imgtrace with the arguments that are added.
    ///
    /// # Errors
    /// As [`Tracer::start`].
    pub fn start_command(
        mut command: Command,
        sockets: &[(&str, &Path)],
        args: &[&str],
    ) -> Result<Self> {
        let endpoint =
            |(kind, path): &(&str, &Path)| format!("--endpoint={kind}={}", path.display());
        command
            .arg("--output=json")
            .args(sockets.iter().map(endpoint))
            .args(args);
        let tracer = Self::spawn(command)?;
        let all = |lines: &[Value]| {
            sockets
                .iter()
                .all(|(_, path)| lines.iter().any(|line| is_endpoint(line, path)))
        };
        until(ATTACH_PATIENCE, || {
            let seen = tracer.seen();
            all(&seen.lines) || seen.ended
        });
        if !all(&tracer.seen().lines) {
            let trace = tracer.stop()?;
            bail!(
                "imgtrace does not watch {sockets:?}; it printed {:?} and {}",
                trace.lines,
                trace.stderr
            );
        }
        Ok(tracer)
    }

    fn spawn(mut command: Command) -> Result<Self> {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = child
            .with_context(|| format!("failed to start {}", command.get_program().display()))?;
        let seen = Arc::new(Mutex::new(Seen::default()));
        let reader = child.stdout.take().map(|stdout| {
            let seen = Arc::clone(&seen);
            thread::spawn(move || collect(stdout, &seen))
        });
        let stderr = child
            .stderr
            .take()
            .map(|stderr| thread::spawn(move || text(stderr)));
        Ok(Self {
            child,
            seen,
            reader,
            stderr,
        })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has printed so far.
    pub fn lines(&self) -> Vec<Value> {
        self.seen().lines.clone()
    }

    /// When the first line came that satisfies the condition, if one has.
    pub fn came(&self, wanted: impl Fn(&Value) -> bool) -> Option<Instant> {
        let seen = self.seen();
        let mut lines = seen.lines.iter().zip(&seen.times);
        lines.find(|(line, _)| wanted(line)).map(|(_, time)| *time)
    }

    /// Waits for a line that satisfies the condition.
    ///
    /// # Errors
    /// None comes within `patience`; the error holds what came instead.
    pub fn line(&self, patience: Duration, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        let mut found = None;
        until(patience, || {
            let seen = self.seen();
            found = seen.lines.iter().find(|line| wanted(line)).cloned();
            found.is_some() || seen.ended
        });
        found.with_context(|| {
            format!(
                "the awaited line did not come, but these: {:#?}",
                self.lines()
            )
        })
    }

    /// Stops it by SIGINT and gives everything that it printed.
    ///
    /// # Errors
    /// It does not end, or a line on its stdout was not a JSON object.
    pub fn stop(mut self) -> Result<Trace> {
        self.finish()
    }

    fn finish(&mut self) -> Result<Trace> {
        if let Some(id) = ProcessId::of(i32::try_from(self.child.id())?) {
            id.signal(Signal::INT)?;
        }
        if !until(STOP_PATIENCE, || !matches!(self.child.try_wait(), Ok(None))) {
            self.child.kill()?;
            bail!("imgtrace did not end within {STOP_PATIENCE:?} of SIGINT");
        }
        let status = self.child.wait()?;
        if let Some(reader) = self.reader.take() {
            reader
                .join()
                .ok()
                .context("the reader of imgtrace's output panicked")?;
        }
        let stderr = self
            .stderr
            .take()
            .and_then(|stderr| stderr.join().ok())
            .unwrap_or_default();
        let mut seen = self.seen();
        if let Some(line) = &seen.broken {
            bail!("imgtrace printed a line that is no JSON object: {line}");
        }
        Ok(Trace {
            text: std::mem::take(&mut seen.text),
            lines: std::mem::take(&mut seen.lines),
            stderr,
            status,
        })
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        // After stop() it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Why nothing can be traced here, or None if it can: for tests, beside [`lab::missing`](crate::lab::missing).
pub fn missing() -> Option<String> {
    let btf = Path::new("/sys/kernel/btf/vmlinux");
    (!btf.exists()).then(|| format!("the kernel has no BTF: {} is missing", btf.display()))
}

/// The program under test: `IMGTRACE_BIN`, or the release build beside the program that runs this (a test, or xtask).
///
/// # Errors
/// It has not been built.
pub fn program() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("IMGTRACE_BIN") {
        return Ok(path.into());
    }
    let me = std::env::current_exe().context("failed to find the running program")?;
    // target/<profile>/[deps/]<program>
    let target = me
        .ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").exists());
    let path = target
        .context("no target folder above the running program; set IMGTRACE_BIN")?
        .join("release/imgtrace");
    if !path.exists() {
        bail!(
            "{} is missing: cargo build --release -p imgtrace, or set IMGTRACE_BIN",
            path.display()
        );
    }
    Ok(path)
}

fn collect(stdout: ChildStdout, seen: &Mutex<Seen>) {
    let lock = || seen.lock().unwrap_or_else(PoisonError::into_inner);
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        let value = serde_json::from_str::<Value>(&line);
        let mut seen = lock();
        seen.text.push_str(&line);
        seen.text.push('\n');
        match value {
            Ok(value) if value.is_object() => {
                seen.lines.push(value);
                seen.times.push(Instant::now());
            }
            _ => _ = seen.broken.get_or_insert(line),
        }
    }
    lock().ended = true;
}

fn text(mut stderr: ChildStderr) -> String {
    let mut text = Vec::new();
    // What came before an error is still worth showing.
    let _ = stderr.read_to_end(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}

fn is_kind(line: &Value, kind: &str) -> bool {
    line.get("kind").and_then(Value::as_str) == Some(kind)
}

fn is_endpoint(line: &Value, path: &Path) -> bool {
    is_kind(line, "endpoint")
        && line.get("path").and_then(Value::as_str).map(Path::new) == Some(path)
}

#[cfg(test)]
mod tests;

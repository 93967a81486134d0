//! How a live run ends, and what it says when it cannot begin.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use imgtrace_tests::lab::{Generation, Lab, missing, skip, until};
use imgtrace_tests::run::{Ended, Run};
use imgtrace_tests::tracer;
use rustix::process::Signal;
use serde_json::Value;

/// How long a thing may take that is about to happen.
const SOON: Duration = Duration::from_secs(20);
/// Debian's nobody.
const STRANGER: u32 = 65_534;

macro_rules! needs {
    ($test:literal) => {
        if skip($test, [missing(), tracer::missing()]) {
            return Ok(());
        }
    };
}

#[test]
fn a_signal_ends_a_run_with_a_summary() -> Result<()> {
    needs!("a_signal_ends_a_run_with_a_summary");
    let lab = Lab::new("t-signals")?;
    let docker = lab.docker(Generation::Debian)?;
    let socket = docker.socket().display().to_string();
    let endpoint = format!("--endpoint=docker={socket}");
    for signal in [Signal::INT, Signal::TERM] {
        let mut run = Run::start(&["-o", "json", &endpoint])?;
        run.prints(SOON, &socket)?;
        docker.try_cli(&["start", "no-such-container"])?;
        until(SOON, || run.stdout().is_ok_and(|out| asked(&out, &socket)));
        run.signal(signal)?;
        let ended = run.ended(SOON)?;
        assert_eq!(ended.status.code(), Some(130), "{signal:?}: {ended:?}");
        assert_eq!(ended.stderr, "", "{signal:?}");
        let last = last_line(&ended)?;
        assert_eq!(last["kind"], "summary");
        // The machine has other daemons; this one was asked once.
        let endpoints = last["endpoints"].as_array().context("no endpoints")?;
        let own = endpoints.iter().find(|it| it["path"] == *socket);
        assert_eq!(own.context("not its own")?["operations"], 1, "{last:#}");
        assert_eq!(last["losses"], serde_json::json!([]));
    }
    Ok(())
}

#[test]
fn a_reader_that_goes_away_ends_a_run_quietly() -> Result<()> {
    needs!("a_reader_that_goes_away_ends_a_run_quietly");
    let lab = Lab::new("t-signals-head")?;
    let docker = lab.docker(Generation::Debian)?;
    let mut child = Command::new(tracer::program()?)
        .args([
            "--endpoint",
            &format!("docker={}", docker.socket().display()),
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().context("no stdout")?);
    stdout.read_line(&mut line)?;
    assert!(line.ends_with('\n'), "{line:?}");
    drop(stdout);
    // It learns of it when it has the next thing to say.
    let ended = until(SOON, || {
        docker.try_cli(&["start", "no-such-container"]).is_err()
            || matches!(child.try_wait(), Ok(Some(_)))
    });
    if !ended {
        child.kill()?;
    }
    let status = child.wait()?;
    let mut stderr = String::new();
    child
        .stderr
        .take()
        .context("no stderr")?
        .read_to_string(&mut stderr)?;
    assert_eq!((status.code(), &*stderr), (Some(0), ""));
    Ok(())
}

#[test]
fn a_duration_ends_a_run_in_an_orderly_way() -> Result<()> {
    needs!("a_duration_ends_a_run_in_an_orderly_way");
    let ended = Run::start(&["-o", "json", "--duration", "1s"])?.ended(SOON)?;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let last = last_line(&ended)?;
    assert_eq!(last["kind"], "summary");
    let took = last["duration_ms"].as_f64().context("no duration")?;
    assert!((1_000.0..10_000.0).contains(&took), "{took} ms");
    Ok(())
}

#[test]
fn who_is_not_root_is_told_what_to_do() -> Result<()> {
    needs!("who_is_not_root_is_told_what_to_do");
    let folder = tempfile::tempdir()?;
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
    // Where it was built, a stranger may not look.
    let copy = folder.path().join("imgtrace");
    fs::copy(tracer::program()?, &copy)?;
    let mut command = Command::new(&copy);
    command.uid(STRANGER).gid(STRANGER);
    let ended = Run::of(command)?.ended(SOON)?;
    assert_eq!(ended.status.code(), Some(3), "{ended:?}");
    assert_eq!(ended.text(), "");
    let mut lines = ended.stderr.lines();
    let first = lines.next().unwrap_or_default();
    assert!(
        first.starts_with("imgtrace: root is needed: there is no CAP_BPF"),
        "{first}"
    );
    assert_eq!(
        lines.next(),
        Some("  hint: sudo imgtrace"),
        "{}",
        ended.stderr
    );
    Ok(())
}

#[test]
fn a_socket_may_come_later() -> Result<()> {
    needs!("a_socket_may_come_later");
    let lab = Lab::new("t-signals-later")?;
    let docker = lab.docker_named(Generation::Debian, "later")?;
    let socket = docker.socket();
    let path = socket.display().to_string();
    let mut run = Run::start(&["-o", "json", &format!("--endpoint=docker={path}")])?;
    run.prints(SOON, &format!("nobody listens on {path} yet"))?;
    docker.start()?;
    let ran = docker.try_cli(&["start", "no-such-container"])?;
    until(SOON, || run.stdout().is_ok_and(|out| asked(&out, &path)));
    run.signal(Signal::INT)?;
    let ended = run.ended(SOON)?;
    let lines = lines(&ended)?;
    let operation = lines
        .iter()
        .find(|line| is_operation(line, &path))
        .context("no operation")?;
    assert_eq!(operation["caller"]["pid"], ran.pid);
    assert_eq!(operation["endpoint"]["path"], *path);
    Ok(())
}

#[test]
fn what_is_no_socket_is_refused_by_name() -> Result<()> {
    needs!("what_is_no_socket_is_refused_by_name");
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("file");
    fs::write(&file, "")?;
    for path in [folder.path(), &file] {
        let (code, stderr) = refused(&[&format!("--endpoint=docker={}", path.display())])?;
        assert_eq!(code, Some(2), "{stderr}");
        let path = path.display().to_string();
        assert!(
            stderr.contains(&path) && stderr.contains("no socket"),
            "{stderr}"
        );
        assert!(stderr.contains("hint: "), "{stderr}");
    }
    Ok(())
}

#[test]
fn a_recording_overwrites_nothing() -> Result<()> {
    needs!("a_recording_overwrites_nothing");
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("mine.jsonl");
    fs::write(&file, "precious")?;
    let (code, stderr) = refused(&["--record", text(&file)?])?;
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("is there already"), "{stderr}");
    assert!(stderr.contains("hint: "), "{stderr}");
    assert_eq!(fs::read_to_string(&file)?, "precious");
    let nowhere = folder.path().join("no/such/folder/r.jsonl");
    let (code, stderr) = refused(&["--record", text(&nowhere)?])?;
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("No such file or directory"), "{stderr}");
    Ok(())
}

/// Exit code and stderr of a run that must not begin.
fn refused(args: &[&str]) -> Result<(Option<i32>, String)> {
    let run = Run::start(&[args, &["--duration", "5s"]].concat())?;
    let ended = run.ended(SOON)?;
    Ok((ended.status.code(), ended.stderr))
}

/// Whether an operation at this socket has been printed.
fn asked(stdout: &[u8], socket: &str) -> bool {
    let mut lines = stdout.split(|byte| *byte == b'\n');
    lines.any(|line| serde_json::from_slice(line).is_ok_and(|line| is_operation(&line, socket)))
}

fn is_operation(line: &Value, socket: &str) -> bool {
    let of = |key| line.get(key).and_then(Value::as_str);
    let path = line.pointer("/endpoint/path").and_then(Value::as_str);
    of("kind") == Some("operation") && path == Some(socket)
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path that is no UTF-8")
}

fn lines(ended: &Ended) -> Result<Vec<Value>> {
    let text = ended.text();
    let lines = text.lines().map(serde_json::from_str);
    Ok(lines.collect::<serde_json::Result<_>>()?)
}

fn last_line(ended: &Ended) -> Result<Value> {
    lines(ended)?.pop().context("it printed nothing")
}

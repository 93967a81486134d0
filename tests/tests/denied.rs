//! Who is refused by a runtime's socket, why, and what would help; and that a busy daemon refuses nobody.

#![expect(clippy::indexing_slicing, reason = "a field that a line lacks is null")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};
use imgtrace_tests::lab::{Client, Docker, Generation, Lab, ProcessId, Ran, missing, skip};
use imgtrace_tests::tracer::{self, Tracer};
use rustix::process::Signal;
use serde_json::Value;

/// How long a line may take that is about to come.
const SOON: Duration = Duration::from_secs(20);
/// Debian's nobody, who is in no group that opens a socket.
const STRANGER: u32 = 65_534;
/// How often a docker command tries to connect at least, before it gives up.
const TRIES: usize = 3;

macro_rules! needs {
    ($test:literal) => {
        if skip($test, [missing(), tracer::missing()]) {
            return Ok(());
        }
    };
}

#[test]
fn a_stranger_learns_which_group_would_help() -> Result<()> {
    needs!("a_stranger_learns_which_group_would_help");
    let lab = Lab::new("t-denied-group")?;
    let docker = lab.docker(Generation::Debian)?;
    let socket = docker.socket().metadata()?;
    let tracer = Tracer::start(&[("docker", &docker.socket())], &[])?;
    let ran = docker.try_cli_as(STRANGER, &["ps"])?;
    assert!(!ran.status.success());
    let pid = u64::try_from(ran.pid)?;
    tracer.line(SOON, |line| is_denied(line, pid))?;
    let trace = tracer.stop()?;

    let denied = denials(&trace.lines, pid);
    assert!(denied.len() >= TRIES, "one for each try: {denied:#?}");
    let group = group(socket.gid())?;
    for line in denied {
        assert_eq!(line["errno"], "EACCES", "{line:#}");
        assert_eq!(line["outcome"], "error");
        assert_eq!(
            line["socket_mode"],
            format!("{:04o}", socket.mode() & 0o7777)
        );
        assert_eq!(line["socket_owner"], "root");
        assert_eq!(line["socket_group"], *group);
        assert_eq!(line["needed_group"], *group);
        assert_eq!(line["caller"]["uid"], STRANGER);
        assert_eq!(line["caller"]["user"], "nobody");
        assert_eq!(line["caller"]["args"][1], "ps");
        assert_eq!(line["endpoint"]["runtime"], "docker");
        assert!(line["endpoint"]["id"].is_string(), "{line:#}");
        let remedy = line["error"].as_str().unwrap_or_default();
        assert!(
            remedy.contains(&format!("group {group} would let user nobody in")),
            "{remedy}"
        );
    }
    Ok(())
}

#[test]
fn each_refusal_is_told_once() -> Result<()> {
    const RUNS: usize = 5;
    needs!("each_refusal_is_told_once");
    let lab = Lab::new("t-denied-once")?;
    let docker = lab.docker(Generation::Debian)?;
    let tracer = Tracer::start(&[("docker", &docker.socket())], &[])?;
    let mut pids = Vec::new();
    for _ in 0..RUNS {
        // One connect(2) a run, and it is over at once.
        let mut curl = docker.command(Client::Curl)?;
        curl.uid(STRANGER).gid(STRANGER).arg("--unix-socket");
        let ran = Ran::of(curl.arg(docker.socket()).arg("http://lab/info"))?;
        assert!(!ran.status.success());
        pids.push(u64::try_from(ran.pid)?);
    }
    for pid in &pids {
        tracer.line(SOON, |line| is_denied(line, *pid))?;
    }
    let trace = tracer.stop()?;
    for pid in pids {
        let denied = denials(&trace.lines, pid);
        assert_eq!(denied.len(), 1, "{denied:#?}");
        assert_eq!(denied[0]["errno"], "EACCES");
        assert_eq!(denied[0]["caller"]["comm"], "curl");
    }
    Ok(())
}

#[test]
fn a_dead_daemon_and_a_missing_socket_are_told_apart() -> Result<()> {
    needs!("a_dead_daemon_and_a_missing_socket_are_told_apart");
    let lab = Lab::new("t-denied-gone")?;
    let docker = lab.docker(Generation::Debian)?;
    let tracer = Tracer::start(&[("docker", &docker.socket())], &[])?;
    let dockerd = ProcessId::of(docker.pid().context("no dockerd")?).context("gone")?;
    // It has no time to take its socket away.
    dockerd.kill()?;
    let stale = u64::try_from(docker.try_cli(&["ps"])?.pid)?;
    tracer.line(SOON, |line| is_denied(line, stale))?;
    fs::remove_file(docker.socket())?;
    let absent = u64::try_from(docker.try_cli(&["ps"])?.pid)?;
    tracer.line(SOON, |line| is_denied(line, absent))?;
    let trace = tracer.stop()?;

    for (pid, errno, words) in [
        (stale, "ECONNREFUSED", "nobody listens"),
        (absent, "ENOENT", "is not there"),
    ] {
        for line in denials(&trace.lines, pid) {
            assert_eq!(line["errno"], errno, "{line:#}");
            assert_eq!(
                line["endpoint"]["path"],
                docker.socket().display().to_string()
            );
            let error = line["error"].as_str().unwrap_or_default();
            assert!(error.contains(words), "{error}");
        }
    }
    Ok(())
}

#[test]
fn a_busy_daemon_refuses_nobody() -> Result<()> {
    const CLIENTS: usize = 10;
    needs!("a_busy_daemon_refuses_nobody");
    let lab = Lab::new("t-denied-busy")?;
    let docker = lab.docker(Generation::Debian)?;
    let tracer = Tracer::start(&[("docker", &docker.socket())], &[])?;
    let dockerd = ProcessId::of(docker.pid().context("no dockerd")?).context("gone")?;
    let judged = thread::scope(|scope| -> Result<()> {
        dockerd.signal(Signal::STOP)?;
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let stream = UnixStream::connect(docker.socket())?;
                Ok(scope.spawn(move || start(stream, &format!("busy-{number}"))))
            })
            .collect::<Result<_>>()?;
        // Attempts are judged in their order: when this one has been, all of those have.
        let judged = refused(&docker, &tracer);
        dockerd.signal(Signal::CONT)?;
        judged?;
        for client in clients {
            client.join().expect("a client does not panic")?;
        }
        Ok(())
    });
    judged?;
    let is_last = |line: &Value| line["kind"] == "operation" && is_busy(line);
    for number in 0..CLIENTS {
        let wanted = format!("busy-{number}");
        tracer.line(SOON, |line| is_last(line) && line["container"] == *wanted)?;
    }
    let trace = tracer.stop()?;
    let me = u64::from(std::process::id());
    assert_eq!(denials(&trace.lines, me), Vec::<&Value>::new());
    let operations: Vec<_> = trace.lines.iter().filter(|line| is_last(line)).collect();
    assert_eq!(operations.len(), CLIENTS, "each once: {operations:#?}");
    for operation in operations {
        assert_eq!(operation["caller"]["pid"], me);
        assert_eq!(operation["outcome"], "error", "there is no such container");
    }
    Ok(())
}

/// Has a stranger be refused, and waits until it has been told.
fn refused(docker: &Docker, tracer: &Tracer) -> Result<()> {
    let ran = docker.try_cli_as(STRANGER, &["ps"])?;
    let pid = u64::try_from(ran.pid)?;
    tracer.line(SOON, |line| is_denied(line, pid))?;
    Ok(())
}

/// Asks to start a container, and reads the answer to its end.
fn start(mut stream: UnixStream, container: &str) -> Result<()> {
    let request = format!(
        "POST /containers/{container}/start HTTP/1.0\r\nHost: lab\r\nContent-Length: 0\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    stream.read_to_end(&mut Vec::new())?;
    Ok(())
}

fn is_busy(line: &Value) -> bool {
    line["container"]
        .as_str()
        .is_some_and(|name| name.starts_with("busy-"))
}

fn is_denied(line: &Value, pid: u64) -> bool {
    line["kind"] == "operation" && line["op"] == "connect-denied" && line["caller"]["pid"] == pid
}

fn denials(lines: &[Value], pid: u64) -> Vec<&Value> {
    lines.iter().filter(|line| is_denied(line, pid)).collect()
}

/// A group's name on this machine.
fn group(gid: u32) -> Result<String> {
    let groups = fs::read_to_string(Path::new("/etc/group"))?;
    let mut fields = groups.lines().map(|line| line.split(':'));
    let name = fields.find_map(|mut fields| {
        let name = fields.next()?;
        (fields.nth(1)? == gid.to_string()).then(|| name.to_owned())
    });
    name.with_context(|| format!("gid {gid} has no name"))
}

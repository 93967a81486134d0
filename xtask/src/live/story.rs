//! A lab to look at: throwaway daemons, imgtrace beside them, and clients that do what it should see.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, ExitStatus},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use imgtrace_tests::lab::{Docker, Generation, Lab, Registry, Scenario, until};
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::{lab::provide_packages, packages::Consent};

/// The name of this lab.
const NAME: &str = "live";

/// What is played, in order.
const SCENARIOS: [Scenario; 2] = [Scenario::PullAndRun, Scenario::Dood];

/// How long imgtrace may take until it watches, and to end after SIGINT.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long the daemons get for what they do after they have answered the last client.
const AFTERMATH: Duration = Duration::from_secs(1);

/// imgtrace's exit code after SIGINT.
const INTERRUPTED: u8 = 130;

/// Starts the lab, traces its scenarios, and takes it down, whatever happens in between.
///
/// # Errors
/// The lab does not start, imgtrace does not, or a scenario fails.
pub(super) fn trace(program: &Path, consent: Consent) -> Result<ExitCode> {
    provide_packages(consent)?;
    println!(
        "live: tracing a lab: a registry and a Docker with sockets and stores of their own. \
         Clients pull an image, start a container, and start one from within another; then \
         everything is taken down again"
    );
    // From here on a Ctrl-C must not leave daemons behind.
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&interrupted))?;
    }
    let lab = Lab::new(NAME)?;
    let told = tell(&lab, program, &interrupted);
    lab.end()?;
    if go_on(&interrupted).is_err() {
        return Ok(ExitCode::from(INTERRUPTED));
    }
    let recording = told?;
    println!(
        "live: the lab is gone. What you saw is recorded; see it again with\n  {} replay {}",
        program.display(),
        recording.display()
    );
    Ok(ExitCode::SUCCESS)
}

/// Plays the scenarios with imgtrace beside them, and gives its recording.
fn tell(lab: &Lab, program: &Path, interrupted: &AtomicBool) -> Result<PathBuf> {
    let registry = lab.registry()?;
    let docker = lab.docker(Generation::Debian)?;
    let recording = program.with_file_name("live.jsonl");
    go_on(interrupted)?;
    let mut tracer = start(program, &docker, &recording)?;
    let played = ready(&mut tracer, &docker, &recording)
        .and_then(|()| play(lab, &docker, &registry, interrupted));
    let status = stop(&mut tracer)?;
    played?;
    ensure!(
        status.success() || status.code() == Some(INTERRUPTED.into()),
        "imgtrace ended with {status}"
    );
    Ok(recording)
}

/// # Errors
/// The user has had enough.
fn go_on(interrupted: &AtomicBool) -> Result<()> {
    ensure!(!interrupted.load(Ordering::Relaxed), "interrupted");
    Ok(())
}

fn start(program: &Path, docker: &Docker, recording: &Path) -> Result<Child> {
    if recording.exists() {
        fs::remove_file(recording)
            .with_context(|| format!("failed to remove {}", recording.display()))?;
    }
    Command::new(program)
        .arg(format!("--endpoint=docker={}", docker.socket().display()))
        .arg("--record")
        .arg(recording)
        .spawn()
        .with_context(|| format!("failed to start {}", program.display()))
}

/// Waits until imgtrace has recorded that it watches the daemon's socket: what clients do after
/// that is seen. Its terminal stays its own.
fn ready(tracer: &mut Child, docker: &Docker, recording: &Path) -> Result<()> {
    let socket = docker.socket();
    let socket = socket.to_str().context("a socket path that is no text")?;
    let mut ended = None;
    let watches = || fs::read_to_string(recording).is_ok_and(|text| text.contains(socket));
    let in_time = until(PATIENCE, || {
        ended = tracer.try_wait().ok().flatten();
        ended.is_some() || watches()
    });
    if let Some(status) = ended {
        bail!("imgtrace ended with {status} before it watched anything; see above why");
    }
    ensure!(
        in_time,
        "imgtrace did not begin to watch {socket} within {PATIENCE:?}"
    );
    Ok(())
}

fn play(lab: &Lab, docker: &Docker, registry: &Registry, interrupted: &AtomicBool) -> Result<()> {
    for scenario in SCENARIOS {
        go_on(interrupted)?;
        scenario.play(lab, docker, registry)?;
    }
    thread::sleep(AFTERMATH);
    Ok(())
}

/// Ends imgtrace as a user does; one that does not end is killed.
fn stop(tracer: &mut Child) -> Result<ExitStatus> {
    if let Some(status) = tracer.try_wait()? {
        return Ok(status);
    }
    kill_process(Pid::from_child(tracer), Signal::INT)?;
    if !until(PATIENCE, || {
        matches!(tracer.try_wait(), Ok(Some(_)) | Err(_))
    }) {
        tracer.kill()?;
    }
    Ok(tracer.wait()?)
}

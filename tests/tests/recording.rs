//! Recordings of live runs: what was printed can be printed again, to the byte, however the run ended.

#![expect(clippy::indexing_slicing, reason = "a field that a line lacks is null")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use imgtrace_tests::lab::{Docker, Generation, Image, Lab, Registry, missing, skip};
use imgtrace_tests::run::{Ended, Run};
use imgtrace_tests::tracer;
use rustix::process::Signal;
use serde_json::Value;

/// How long a thing may take that is about to happen.
const SOON: Duration = Duration::from_secs(30);

macro_rules! needs {
    ($test:literal) => {
        if skip($test, [missing(), tracer::missing()]) {
            return Ok(());
        }
    };
}

#[test]
fn an_orderly_end_replays_byte_for_byte() -> Result<()> {
    needs!("an_orderly_end_replays_byte_for_byte");
    let lab = Lab::new("t-rec-end")?;
    let (docker, registry) = (lab.docker(Generation::Debian)?, lab.registry()?);
    let folder = tempfile::tempdir()?;
    let mut runs = Vec::new();
    for options in [
        &["-o", "json"][..],
        &["-o", "text"],
        &["-o", "wide"],
        &["-v"],
        &["--filter", "op=pull,create"],
    ] {
        let file = folder.path().join(format!("{}.jsonl", runs.len()));
        runs.push((options, record(&docker, &file, options)?, file));
    }
    story(&docker, &registry)?;
    docker.try_cli_as(65_534, &["ps"])?;
    for (options, mut run, file) in runs {
        run.prints(SOON, "start").or_else(|error| {
            if options.contains(&"--filter") {
                Ok(())
            } else {
                Err(error)
            }
        })?;
        run.signal(Signal::INT)?;
        let live = run.ended(SOON)?;
        assert_eq!(live.status.code(), Some(130), "{options:?}: {live:?}");
        assert!(live.text().contains("imgtrace-lab/layers"), "{live:?}");
        assert_eq!(mode(&file)?, 0o600);
        let replayed = replay(&file, options)?;
        assert_eq!(replayed.status.code(), Some(0), "{options:?}");
        assert_eq!(replayed.text(), live.text(), "{options:?}");
    }
    Ok(())
}

#[test]
fn a_kill_loses_nothing_that_was_printed() -> Result<()> {
    needs!("a_kill_loses_nothing_that_was_printed");
    let lab = Lab::new("t-rec-kill")?;
    let (docker, registry) = (lab.docker(Generation::Debian)?, lab.registry()?);
    let folder = tempfile::tempdir()?;
    for options in [&["-o", "json"][..], &["-o", "text"]] {
        let file = folder.path().join(format!("{}.jsonl", options.concat()));
        let mut run = record(&docker, &file, options)?;
        story(&docker, &registry)?;
        let over = AtomicBool::new(false);
        let live = thread::scope(|scope| -> Result<Ended> {
            // Something is going on at every moment, so that the kill comes in the middle.
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    if ask(&docker).is_err() {
                        break;
                    }
                }
            });
            let many = run.prints_times(SOON, "no-such-container", 20);
            let killed = run.signal(Signal::KILL);
            over.store(true, Ordering::Relaxed);
            many.and(killed)?;
            run.ended(SOON)
        })?;
        assert_eq!(live.status.code(), None, "a signal ended it");
        let replayed = replay(&file, options)?;
        assert_eq!(replayed.status.code(), Some(0), "{}", replayed.stderr);
        assert!(
            replayed.stderr.contains("no end mark"),
            "{}",
            replayed.stderr
        );
        assert!(
            replayed.stdout.starts_with(&live.stdout),
            "live:\n{}\nreplayed:\n{}",
            live.text(),
            replayed.text()
        );
        assert!(!replayed.text().contains("\"kind\":\"summary\""));
    }
    Ok(())
}

#[test]
fn every_file_of_a_rotated_recording_can_be_replayed() -> Result<()> {
    // Below twice what a file must begin with, the limit gives way; on a busy machine that is some hundred KB.
    const MAX_SIZE: u64 = 1 << 20;
    const BATCH: usize = 200;
    needs!("every_file_of_a_rotated_recording_can_be_replayed");
    let lab = Lab::new("t-rec-rotate")?;
    let (docker, registry) = (lab.docker(Generation::Debian)?, lab.registry()?);
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("r.jsonl");
    let rotation = ["-o", "json", "--max-size", "1M", "--max-files", "3"];
    let mut run = record(&docker, &file, &rotation)?;
    story(&docker, &registry)?;
    run.prints(SOON, "\"op\":\"start\"")?;
    // Until the beginning has been thrown away.
    let mut number = 0;
    while part(&file).is_none_or(|part| part <= 2) {
        for _ in 0..BATCH {
            number += 1;
            ask_for(&docker, &format!("absent-{number}"))?;
        }
        run.prints(SOON, &format!("\"absent-{number}\""))?;
    }
    run.signal(Signal::INT)?;
    let live = run.ended(SOON)?;
    assert_eq!(live.status.code(), Some(130), "{live:?}");

    let files = [numbered(&file, 2), numbered(&file, 1), file.clone()];
    assert!(!numbered(&file, 3).exists());
    let mut replayed = Vec::new();
    for (age, file) in files.iter().enumerate() {
        assert_eq!(mode(file)?, 0o600);
        let size = fs::metadata(file)?.len();
        assert!(size <= MAX_SIZE, "{}: {size}", file.display());
        let ended = replay(file, &["-o", "json"])?;
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        assert_eq!(ended.stderr, "", "it is whole: part {age}");
        replayed.extend(operations(&ended, &docker)?);
    }
    let all = operations(&live, &docker)?;
    assert!(replayed.len() > 10, "{replayed:#?}");
    assert!(
        all.ends_with(&replayed),
        "the last operations, each once: live\n{:#?}\nreplayed\n{replayed:#?}",
        &all[all.len() - replayed.len().min(all.len())..]
    );
    Ok(())
}

/// What has to be the same of an operation of this daemon in whichever part of the recording it is: its number begins
/// anew in each. (imgtrace sees every other daemon of the machine too, with names that an earlier part had learnt.)
fn operations(ended: &Ended, docker: &Docker) -> Result<Vec<Value>> {
    let socket = docker.socket().display().to_string();
    let mut all = Vec::new();
    for line in ended.text().lines() {
        let line: Value = serde_json::from_str(line)?;
        if line["kind"] == "operation" && line["endpoint"]["path"] == *socket {
            all.push(serde_json::json!([
                line["at"],
                line["ended_at"],
                line["op"],
                line["container"],
                line["caller"],
                line["endpoint"]["path"],
                line["outcome"],
                line["error"]
            ]));
        }
    }
    Ok(all)
}

/// Starts an imgtrace that watches and records, and waits until it watches.
fn record(docker: &Docker, file: &Path, options: &[&str]) -> Result<Run> {
    let socket = docker.socket().display().to_string();
    let endpoint = format!("--endpoint=docker={socket}");
    let args = ["--record", file.to_str().context("no UTF-8")?, &endpoint];
    let mut run = Run::start(&[&args, options].concat())?;
    run.prints(SOON, &socket)?;
    Ok(run)
}

/// Replays with the options of output that a live run had.
fn replay(file: &Path, options: &[&str]) -> Result<Ended> {
    let file = file.to_str().context("no UTF-8")?;
    Run::start(&[&["replay", file], options].concat())?.ended(SOON)
}

/// A pull that takes a while, a container, and one that fails.
fn story(docker: &Docker, registry: &Registry) -> Result<()> {
    let image = registry.add(Image::Layers)?;
    docker.cli(&["pull", &image])?;
    docker.cli(&["run", "--rm", "--name", "told", &image, "true"])?;
    docker.cli(&["rmi", &image])?;
    ask(docker)
}

/// A request that makes one operation at once.
fn ask(docker: &Docker) -> Result<()> {
    let ran = docker.try_cli(&["start", "no-such-container"])?;
    if !ran.stderr.contains("No such container") {
        bail!("docker start: {}", ran.stderr);
    }
    Ok(())
}

/// The same without a program of its own.
fn ask_for(docker: &Docker, container: &str) -> Result<()> {
    let mut stream = UnixStream::connect(docker.socket())?;
    let head = format!("POST /containers/{container}/start HTTP/1.0\r\nHost: lab\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    stream.read_to_end(&mut Vec::new())?;
    Ok(())
}

/// Which part of a rotated recording the present file is.
fn part(file: &Path) -> Option<u64> {
    let content = fs::read_to_string(file).ok()?;
    let header: Value = serde_json::from_str(content.lines().next()?).ok()?;
    header["part"].as_u64()
}

fn numbered(file: &Path, number: u32) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

fn mode(file: &Path) -> Result<u32> {
    Ok(fs::metadata(file)?.permissions().mode() & 0o777)
}

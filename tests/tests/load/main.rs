//! Much at once: fifty clients with two hundred requests a second beside a `docker load` of 500 MB.

#![expect(
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a field that a line lacks is null, a test that cannot go on fails, and the figures are for people"
)]

macro_rules! needs {
    ($test:literal) => {
        if skip($test, [missing(), tracer::missing()]) {
            return Ok(());
        }
    };
}

mod archive;
mod bulk;
mod clients;
mod memory;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use imgtrace_tests::lab::{Docker, Generation, Lab, Ran, missing, skip};
use imgtrace_tests::tracer::{self, Tracer};
use serde_json::Value;

use archive::{IMAGE, MEGABYTES, archive};
use clients::{CLIENTS, client, nothing_lost_silently};

/// How long a line may take that is about to come.
const SOON: Duration = Duration::from_secs(30);
/// How long the clients go on at least, however fast the load is.
const AT_LEAST: Duration = Duration::from_secs(10);

#[test]
fn two_hundred_requests_a_second_beside_a_large_load() -> Result<()> {
    needs!("two_hundred_requests_a_second_beside_a_large_load");
    let lab = Lab::new("t-load")?;
    let docker = lab.docker(Generation::Debian)?;
    let archive = archive(&lab.place().data_dir("archive")?)?;
    let tracer = Tracer::start(&[("docker", &docker.socket())], &[])?;
    let played = play(&docker, tracer.pid(), || load(&docker, &archive))?;
    // A last request by a client of its own: what came before it has been handed over by then.
    docker.try_cli(&["start", "last-of-all"])?;
    tracer.line(SOON, |line| {
        is_operation(line, "start") && line["container"] == "last-of-all"
    })?;
    tracer.line(SOON, |line| is_operation(line, "load"))?;
    let trace = tracer.stop()?;

    let load = trace
        .of_kind("operation")
        .into_iter()
        .find(|line| is_operation(line, "load"))
        .context("no load")?;
    assert_eq!(load["image"], format!("docker.io/{IMAGE}"), "{load:#}");
    assert_eq!(load["outcome"], "ok");
    assert_eq!(load["caller"]["pid"], played.loader.pid);
    nothing_lost_silently(&trace, &played.asked)?;
    memory::is_flat(&played.memory);
    Ok(())
}

/// What was done, beside the clients' requests.
struct Played {
    loader: Ran,
    /// The containers that the clients asked for.
    asked: Vec<String>,
    /// The memory that imgtrace took meanwhile, in KiB.
    memory: Vec<u64>,
}

/// Has the clients ask while `load` lasts.
fn play(docker: &Docker, imgtrace: u32, load: impl FnOnce() -> Result<Ran>) -> Result<Played> {
    let over = AtomicBool::new(false);
    let socket = docker.socket();
    let (over, socket) = (&over, &*socket);
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| scope.spawn(move || client(socket, number, over)))
            .collect();
        let memory = scope.spawn(move || memory::watch(imgtrace, over));
        let began = Instant::now();
        let loader = load();
        let took = began.elapsed();
        thread::sleep(AT_LEAST.saturating_sub(took));
        over.store(true, Ordering::Relaxed);
        let mut asked = Vec::new();
        for client in clients {
            asked.extend(client.join().expect("a client does not panic")?);
        }
        let rate = u128::try_from(asked.len())? * 2_000 / began.elapsed().as_millis();
        println!("{MEGABYTES} MB: {took:.1?}; {rate} requests a second beside it");
        let memory = memory.join().expect("looking does not panic")?;
        Ok(Played {
            loader: loader?,
            asked,
            memory,
        })
    })
}

/// `docker load` of an archive.
fn load(docker: &Docker, archive: &Path) -> Result<Ran> {
    docker.cli(&["load", "--quiet", "--input", &archive.display().to_string()])
}

fn is_operation(line: &Value, op: &str) -> bool {
    line["kind"] == "operation" && line["op"] == op
}

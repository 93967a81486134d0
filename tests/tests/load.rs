//! Much at once: fifty clients with two hundred requests a second beside a `docker load` of 500 MB.

#![expect(
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a field that a line lacks is null, a test that cannot go on fails, and the figures are for people"
)]

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use imgtrace_tests::lab::{Docker, Generation, Lab, Ran, missing, skip};
use imgtrace_tests::tracer::{self, Trace, Tracer};
use serde_json::{Value, json};

/// How long a line may take that is about to come.
const SOON: Duration = Duration::from_secs(30);
/// Clients at once: one half keep their connection, the other half make a new one for each request.
const CLIENTS: u32 = 50;
/// Time between two requests of one client: with all of them, two hundred requests a second.
const PACE: Duration = Duration::from_millis(250);
/// How long the clients go on at least, however fast the load is.
const AT_LEAST: Duration = Duration::from_secs(10);
/// Size of the image that is loaded, in MB.
const MEGABYTES: u64 = 500;
/// Time between two looks at the memory that imgtrace takes.
const LOOK: Duration = Duration::from_millis(250);
/// Looks until it counts: buffers and tables have been touched once by then.
const WARM_UP: usize = 12;
/// How much more it may take after the warm-up, in KiB.
const GROWTH_MAX: u64 = 64 << 10;
/// The name that the image is loaded by.
const IMAGE: &str = "imgtrace-lab/heavy:1";

macro_rules! needs {
    ($test:literal) => {
        if skip($test, [missing(), tracer::missing()]) {
            return Ok(());
        }
    };
}

#[test]
fn two_hundred_requests_a_second_beside_a_large_load() -> Result<()> {
    needs!("two_hundred_requests_a_second_beside_a_large_load");
    let lab = Lab::new("t-load")?;
    let docker = lab.docker(Generation::Debian)?;
    let archive = archive(&lab.place().data_dir("archive")?)?;
    let tracer = Tracer::start(&[("docker", &docker.socket())], &[])?;
    let (loader, asked, memory) = play(&docker, &archive, tracer.pid())?;
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
    assert_eq!(load["caller"]["pid"], loader.pid);
    nothing_lost_silently(&trace, &asked)?;
    memory_is_flat(&memory);
    Ok(())
}

/// The clients and the load. Gives the loader, the containers that were asked for, and the memory that imgtrace took
/// while it lasted, in KiB.
fn play(docker: &Docker, archive: &Path, imgtrace: u32) -> Result<(Ran, Vec<String>, Vec<u64>)> {
    let over = AtomicBool::new(false);
    let socket = docker.socket();
    let (over, socket) = (&over, &*socket);
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| scope.spawn(move || client(socket, number, over)))
            .collect();
        let memory = scope.spawn(move || watch_memory(imgtrace, over));
        let began = Instant::now();
        let loader = docker.cli(&["load", "--quiet", "--input", &archive.display().to_string()]);
        let took = began.elapsed();
        thread::sleep(AT_LEAST.saturating_sub(took));
        over.store(true, Ordering::Relaxed);
        let mut asked = Vec::new();
        for client in clients {
            asked.extend(client.join().expect("a client does not panic")?);
        }
        let rate = u128::try_from(asked.len())? * 2_000 / began.elapsed().as_millis();
        println!("load of {MEGABYTES} MB: {took:.1?}; {rate} requests a second beside it");
        Ok((
            loader?,
            asked,
            memory.join().expect("looking does not panic")?,
        ))
    })
}

/// One client, until all is over: by turns a version and the start of a container that is not there. Gives the names
/// of those containers.
fn client(socket: &Path, number: u32, over: &AtomicBool) -> Result<Vec<String>> {
    let mut kept = Connection::open(socket)?;
    let mut asked = Vec::new();
    let began = Instant::now();
    // Evenly spread over the time between two requests.
    let mut due = PACE * number / CLIENTS;
    for turn in 0.. {
        thread::sleep(due.saturating_sub(began.elapsed()));
        due += PACE;
        if over.load(Ordering::Relaxed) && turn % 2 == 0 {
            break;
        }
        let mut new = None;
        let connection = if number.is_multiple_of(2) {
            &mut kept
        } else {
            new.insert(Connection::open(socket)?)
        };
        if turn % 2 == 0 {
            connection.ask("GET", "/version", 200)?;
        } else {
            let name = format!("absent-{number}-{turn}");
            connection.ask("POST", &format!("/containers/{name}/start"), 404)?;
            asked.push(name);
        }
    }
    Ok(asked)
}

/// Every request for a container has made one operation, or its loss has been shown; and none has made two.
fn nothing_lost_silently(trace: &Trace, asked: &[String]) -> Result<()> {
    let mut found: HashMap<&str, usize> = HashMap::new();
    for line in trace.of_kind("operation") {
        let name = line["container"].as_str().unwrap_or_default();
        if name.starts_with("absent-") {
            assert_eq!(line["op"], "start");
            assert_eq!(line["caller"]["pid"], std::process::id(), "{line:#}");
            *found.entry(name).or_default() += 1;
        }
    }
    let wanted: HashSet<&str> = asked.iter().map(String::as_str).collect();
    let invented = found
        .iter()
        .find(|(name, count)| **count > 1 || !wanted.contains(*name));
    assert_eq!(invented, None);
    let missed = asked.len() - found.len();
    let summary = trace.lines.last().context("no lines")?;
    assert_eq!(summary["kind"], "summary");
    let lost = |place: &Value| place["records"].as_u64().unwrap_or_default();
    let in_summary: u64 = summary["losses"]
        .as_array()
        .into_iter()
        .flatten()
        .map(lost)
        .sum();
    let in_lines: u64 = trace.of_kind("loss").into_iter().map(lost).sum();
    println!(
        "{} operations found of {}; losses {}; anomalies {}",
        found.len(),
        asked.len(),
        summary["losses"],
        summary["anomalies"]
    );
    assert_eq!(in_summary, in_lines, "each loss is shown when it happens");
    assert!(
        u64::try_from(missed)? <= in_summary,
        "{missed} operations are missing, and only {in_summary} records were said to be lost"
    );
    Ok(())
}

fn memory_is_flat(memory: &[u64]) {
    let warm = memory.get(WARM_UP..).unwrap_or_default();
    let (Some(first), Some(most)) = (warm.first(), warm.iter().max()) else {
        panic!("too few looks at the memory: {memory:?}")
    };
    println!(
        "memory: {} KiB at first, {first} KiB after the warm-up, {most} KiB at most",
        memory.first().unwrap_or(&0)
    );
    assert!(most - first < GROWTH_MAX, "in KiB: {memory:?}");
}

fn watch_memory(pid: u32, over: &AtomicBool) -> Result<Vec<u64>> {
    let mut looks = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        looks.push(kib.context("no VmRSS")?.parse()?);
        thread::sleep(LOOK);
    }
    Ok(looks)
}

/// A connection of an HTTP/1.1 client.
struct Connection {
    reader: BufReader<UnixStream>,
}

impl Connection {
    fn open(socket: &Path) -> Result<Self> {
        let reader = BufReader::new(UnixStream::connect(socket)?);
        Ok(Self { reader })
    }

    /// Sends a request without a body and reads the answer, which has this status.
    fn ask(&mut self, method: &str, target: &str, status: u16) -> Result<()> {
        let request =
            format!("{method} {target} HTTP/1.1\r\nHost: lab\r\nContent-Length: 0\r\n\r\n");
        self.reader.get_mut().write_all(request.as_bytes())?;
        let mut head = String::new();
        while self.reader.read_line(&mut head)? > 2 {}
        if !head.starts_with(&format!("HTTP/1.1 {status} ")) {
            bail!("{method} {target}: {head}");
        }
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length: "))
            .context("an answer without a length")?;
        let mut body = vec![0; length.parse()?];
        self.reader.read_exact(&mut body)?;
        Ok(())
    }
}

/// An archive as `docker save` makes it (image specification 1.2), of one layer with one large file.
fn archive(folder: &Path) -> Result<PathBuf> {
    File::create(folder.join("heavy"))?.set_len(MEGABYTES << 20)?;
    tar(folder, "layer.tar", &["heavy"])?;
    let sum = Ran::ok(Command::new("sha256sum").arg(folder.join("layer.tar")))?;
    let digest = sum
        .stdout
        .split(' ')
        .next()
        .context("no digest")?
        .to_owned();
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{digest}")] },
    });
    let manifest =
        json!([{ "Config": "config.json", "RepoTags": [IMAGE], "Layers": ["layer.tar"] }]);
    fs::write(folder.join("config.json"), config.to_string())?;
    fs::write(folder.join("manifest.json"), manifest.to_string())?;
    tar(
        folder,
        "image.tar",
        &["manifest.json", "config.json", "layer.tar"],
    )?;
    Ok(folder.join("image.tar"))
}

fn tar(folder: &Path, name: &str, files: &[&str]) -> Result<()> {
    let mut command = Command::new("tar");
    command.arg("--create").arg("--file").arg(folder.join(name));
    Ran::ok(command.arg("--directory").arg(folder).args(files))?;
    Ok(())
}

fn is_operation(line: &Value, op: &str) -> bool {
    line["kind"] == "operation" && line["op"] == op
}

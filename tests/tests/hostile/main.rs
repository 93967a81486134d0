//! Clients that mean harm, on a socket that is watched: imgtrace counts what they do, takes no memory for it, and goes
//! on. Their server accepts anything and reads to the end; it is the bytes that count, not what a daemon thinks of them.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a field that a line lacks is null, a test that cannot go on fails, and the figures are for people"
)]

mod frames;

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};
use imgtrace_tests::lab::{Lab, missing, skip};
use imgtrace_tests::tracer::{self, Trace, Tracer};
use serde_json::Value;

use frames::{
    ACK, CONTINUATION, DATA, END_HEADERS, FRAME_MAX, HEADERS, SETTINGS, TABLE_OF_4_GIB, bomb, call,
    frame, inserted, opening, prefix, table_of_4_gib,
};

/// How long a line may take that is about to come.
const SOON: Duration = Duration::from_secs(30);
/// How much more memory imgtrace may take than before, in KiB.
const GROWTH_MAX: u64 = 48 << 10;
/// Bytes of an attack that has no end: more than the kernel side copies at once by far.
const ENDLESS: usize = 64 << 20;
/// Calls that each insert 12 kB into a table.
const CALLS: u32 = 5_000;
/// After so many bytes an attacker rests, so that the kernel side's budget lets most of it through.
const PIECE: usize = 1 << 20;
const REST: Duration = Duration::from_millis(35);
/// A call that containerd answers only when something happens.
const SUBSCRIBE: &str = "/containerd.services.events.v1.Events/Subscribe";
const START: &str = "/containerd.services.tasks.v1.Tasks/Start";

/// What a client does, as the pieces that it writes.
type Pieces = Box<dyn Iterator<Item = Vec<u8>>>;
type Attack = fn() -> Pieces;

/// By name, and what must be counted for it: at least one of these.
const ATTACKS: [(&str, Attack, &[&str]); 6] = [
    ("10,000 streams", streams, &["too-many-streams"]),
    (
        "endless headers",
        headers,
        &["malformed-headers", "malformed-frame"],
    ),
    ("a table of 4 GiB", table, &[]),
    ("a message of 2 GiB", message, &[]),
    ("a gzip bomb of 256 MiB", gzip, &["malformed-message"]),
    ("noise", noise, &["malformed-frame", "malformed-headers"]),
];

#[test]
fn no_client_makes_imgtrace_take_memory_or_stop() -> Result<()> {
    let name = "no_client_makes_imgtrace_take_memory_or_stop";
    if skip(name, [missing(), tracer::missing()]) {
        return Ok(());
    }
    let lab = Lab::new("t-hostile")?;
    let socket = serve(&lab)?;
    let tracer = Tracer::start(&[("containerd", &socket)], &[])?;
    // Tables and buffers are touched once.
    honest(&socket, "warm-up", &tracer)?;
    let before = memory(tracer.pid())?;
    let mut most = before;
    println!("memory before: {before} KiB");
    for (name, attack, _) in &ATTACKS {
        run(&socket, attack())?;
        honest(&socket, &name.replace([' ', ','], "-"), &tracer)?;
        let now = memory(tracer.pid())?;
        println!("memory after {name}: {now} KiB");
        most = most.max(now);
    }
    let trace = tracer.stop()?;
    counted(&trace)?;
    assert!(most < before + GROWTH_MAX, "from {before} to {most} KiB");
    lab.end()
}

/// Every attack but those that the decoder follows is counted.
fn counted(trace: &Trace) -> Result<()> {
    let summary = trace.lines.last().context("no lines")?;
    let anomalies = summary["anomalies"].as_array().context("no anomalies")?;
    println!(
        "anomalies {}; losses {}",
        summary["anomalies"], summary["losses"]
    );
    for (name, _, wanted) in &ATTACKS {
        let is_wanted = |anomaly: &Value| {
            let word = anomaly["anomaly"].as_str().unwrap_or_default();
            wanted.contains(&word)
        };
        let is_counted = wanted.is_empty() || anomalies.iter().any(is_wanted);
        assert!(is_counted, "{name}: {wanted:?} are not among {anomalies:?}");
    }
    Ok(())
}

/// A listener named as containerd's that reads to the end, and whose table may have 4 GiB.
fn serve(lab: &Lab) -> Result<PathBuf> {
    let path = lab.place().run_dir("hostile")?.join("containerd.sock");
    let listener = UnixListener::bind(&path)?;
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            thread::spawn(move || read_all(client));
        }
    });
    Ok(path)
}

/// Ends with the client.
fn read_all(mut client: UnixStream) -> std::io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    client.write_all(&frame(SETTINGS, 0, 0, &TABLE_OF_4_GIB))?;
    while client.read(&mut buffer)? > 0 {}
    Ok(())
}

fn run(socket: &Path, pieces: impl Iterator<Item = Vec<u8>>) -> Result<()> {
    let mut client = UnixStream::connect(socket)?;
    let mut since = 0;
    for piece in pieces {
        client.write_all(&piece)?;
        since += piece.len();
        if since > PIECE {
            since = 0;
            thread::sleep(REST);
        }
    }
    // What was written is read before the client is gone.
    thread::sleep(REST * 4);
    Ok(())
}

/// An honest call is understood at once, whatever was before.
fn honest(socket: &Path, container: &str, tracer: &Tracer) -> Result<()> {
    let mut client = UnixStream::connect(socket)?;
    let mut message = vec![0x0a, u8::try_from(container.len())?];
    message.extend_from_slice(container.as_bytes());
    let mut body = prefix(false, u32::try_from(message.len())?);
    body.extend(message);
    client.write_all(&opening(&[]))?;
    client.write_all(&frame(HEADERS, END_HEADERS, 1, &call(START, &[])))?;
    client.write_all(&frame(DATA, 1, 1, &body))?;
    tracer.line(SOON, |line| {
        line["kind"] == "began" && line["op"] == "start" && line["container"] == container
    })?;
    Ok(())
}

fn streams() -> Pieces {
    let calls = (0..10_000).map(|number| {
        let stream = 2 * number + 1;
        frame(HEADERS, END_HEADERS, stream, &call(SUBSCRIBE, &[]))
    });
    Box::new(std::iter::once(opening(&[])).chain(calls))
}

/// One header block without an end.
fn headers() -> Pieces {
    let begin = [opening(&[]), frame(HEADERS, 0, 1, &call(START, &[]))].concat();
    let mut more = Vec::new();
    while more.len() + 1_100 < FRAME_MAX {
        more.extend(inserted("x-endless", 1_000));
    }
    let more = frame(CONTINUATION, 0, 1, &more);
    let times = ENDLESS / more.len();
    Box::new(std::iter::once(begin).chain(std::iter::repeat_n(more, times)))
}

/// Every call inserts as much as a block may have.
fn table() -> Pieces {
    let begin = [opening(&TABLE_OF_4_GIB), frame(SETTINGS, ACK, 0, &[])].concat();
    let calls = (0..CALLS).map(|number| {
        let mut block = table_of_4_gib();
        block.extend(call(START, &[]));
        for field in 0..3 {
            block.extend(inserted(&format!("x-{number}-{field}"), 4_000));
        }
        frame(HEADERS, END_HEADERS | 1, 2 * number + 1, &block)
    });
    Box::new(std::iter::once(begin).chain(calls))
}

fn message() -> Pieces {
    let begin = [
        opening(&[]),
        frame(HEADERS, END_HEADERS, 1, &call(START, &[])),
        frame(DATA, 0, 1, &prefix(false, 2 << 30)),
    ]
    .concat();
    let more = frame(DATA, 0, 1, &[b'a'; FRAME_MAX]);
    let times = ENDLESS / FRAME_MAX;
    Box::new(std::iter::once(begin).chain(std::iter::repeat_n(more, times)))
}

fn gzip() -> Pieces {
    let bomb = bomb(256 << 20).expect("gzip packs zeros");
    let block = call(START, &[("grpc-encoding", "gzip")]);
    let mut body = prefix(true, u32::try_from(bomb.len()).expect("a thousandth"));
    body.extend(bomb);
    let begin = [opening(&[]), frame(HEADERS, END_HEADERS, 1, &block)].concat();
    let data: Vec<Vec<u8>> = body
        .chunks(FRAME_MAX)
        .map(|part| frame(DATA, 0, 1, part))
        .collect();
    Box::new(std::iter::once(begin).chain(data))
}

/// Behind an honest opening, bytes that are no frames.
fn noise() -> Pieces {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let noise = (0..64).map(move |_| {
        let bytes = (0..8_192).flat_map(|_| {
            // xorshift64 (Marsaglia 2003).
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed.to_le_bytes()
        });
        bytes.collect()
    });
    Box::new(std::iter::once(opening(&[])).chain(noise))
}

/// Memory that a process takes, in KiB (`VmRSS`, `proc_pid_status(5)`).
fn memory(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kib.context("no VmRSS")?.parse()?)
}

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
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use imgtrace_tests::lab::{Lab, missing, skip, until};
use imgtrace_tests::tracer::{self, Trace, Tracer};
use serde_json::Value;

use frames::{
    ACK, CONTINUATION, DATA, END_HEADERS, FRAME_MAX, HEADERS, SETTINGS, TABLE_OF_4_GIB, bomb, call,
    frame, inserted, opening, prefix, start, table_of_4_gib,
};

/// How long a line may take that is about to come.
const SOON: Duration = Duration::from_secs(30);
/// How much more memory imgtrace may take than before, in KiB.
const GROWTH_MAX: u64 = 48 << 10;
/// Bytes of an attack that has no end: more than the kernel side copies at once by far.
const ENDLESS: usize = 64 << 20;
/// What the bomb packs.
const ZEROS: usize = 256 << 20;
/// Calls that each insert 12 kB into a table; fewer than may wait for their answer.
const CALLS: u32 = 4_000;
/// After so many bytes an attacker rests, so that the kernel side's budget lets all of it through.
const PIECE: usize = 128 << 10;
const REST: Duration = Duration::from_millis(5);
/// A call that containerd answers only when something happens.
const SUBSCRIBE: &str = "/containerd.services.events.v1.Events/Subscribe";
const START: &str = "/containerd.services.tasks.v1.Tasks/Start";

/// What a client does, as the pieces that it writes.
type Pieces = Box<dyn Iterator<Item = Vec<u8>>>;
type Attack = fn() -> Pieces;

/// One of them.
struct Hostile {
    name: &'static str,
    attack: Attack,
    /// What is counted for it: one of these; none where it is followed to its end, within bounds.
    counted: &'static [&'static str],
    /// The container of a call in it that is understood all the same.
    container: Option<&'static str>,
}

const ATTACKS: [Hostile; 6] = [
    Hostile {
        name: "20,000 streams",
        attack: streams,
        counted: &["too-many-streams"],
        container: None,
    },
    Hostile {
        name: "endless headers",
        attack: headers,
        counted: &["malformed-headers"],
        container: None,
    },
    Hostile {
        name: "a table of 4 GiB",
        attack: table,
        counted: &[],
        container: Some("of-the-table"),
    },
    Hostile {
        name: "a message of 2 GiB",
        attack: message,
        counted: &[],
        // It is never whole, so it asks for nothing.
        container: None,
    },
    Hostile {
        name: "a gzip bomb of 256 MiB",
        attack: gzip,
        counted: &[],
        container: None,
    },
    Hostile {
        name: "noise",
        attack: noise,
        counted: &["malformed-frame"],
        container: None,
    },
];

#[test]
fn no_client_makes_imgtrace_take_memory_or_stop() -> Result<()> {
    let name = "no_client_makes_imgtrace_take_memory_or_stop";
    if skip(name, [missing(), tracer::missing()]) {
        return Ok(());
    }
    let lab = Lab::new("t-hostile")?;
    let server = Server::start(&lab)?;
    let socket = &*server.socket;
    let tracer = Tracer::start(&[("containerd", socket)], &[])?;
    // Tables and buffers are touched once.
    honest(socket, "warm-up", &tracer)?;
    fs::write(format!("/proc/{}/clear_refs", tracer.pid()), "5")?;
    let before = memory(tracer.pid())?;
    let mut most = before;
    println!("most memory before: {before} KiB");
    for Hostile {
        name,
        attack,
        container,
        ..
    } in &ATTACKS
    {
        // From here on the peak is this attack's (proc_pid_clear_refs(5)).
        fs::write(format!("/proc/{}/clear_refs", tracer.pid()), "5")?;
        run(socket, attack())?;
        if let Some(container) = container {
            started(container, &tracer)?;
        }
        honest(socket, &name.replace([' ', ','], "-"), &tracer)?;
        let now = memory(tracer.pid())?;
        println!("most memory after {name}: {now} KiB");
        most = most.max(now);
    }
    let trace = tracer.stop()?;
    counted(&trace)?;
    assert!(most < before + GROWTH_MAX, "from {before} to {most} KiB");
    lab.end()
}

/// What could not be followed was counted.
fn counted(trace: &Trace) -> Result<()> {
    let summary = trace.lines.last().context("no lines")?;
    let anomalies = summary["anomalies"].as_array().context("no anomalies")?;
    println!(
        "anomalies {}; losses {}",
        summary["anomalies"], summary["losses"]
    );
    for Hostile { name, counted, .. } in &ATTACKS {
        let is_of_it = |anomaly: &Value| {
            let word = anomaly["anomaly"].as_str().unwrap_or_default();
            counted.contains(&word)
        };
        let is_counted = counted.is_empty() || anomalies.iter().any(is_of_it);
        assert!(
            is_counted,
            "{name}: {counted:?} are not among {anomalies:?}"
        );
    }
    Ok(())
}

/// A listener named as containerd's that reads to the end, in a process of its own: what a daemon asks of itself is
/// nobody's operation.
struct Server {
    child: Child,
    socket: PathBuf,
}

impl Server {
    fn start(lab: &Lab) -> Result<Self> {
        let socket = lab.place().run_dir("hostile")?.join("containerd.sock");
        let mut python = Command::new("python3");
        let child = python
            .args(["-c", include_str!("server.py")])
            .arg(&socket)
            .spawn()?;
        let server = Self { child, socket };
        ensure!(until(SOON, || server.socket.exists()), "nobody listens");
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client that has heard the server's `SETTINGS`: before the server has answered in its protocol, what a client says
/// is no call.
fn connect(socket: &Path) -> Result<UnixStream> {
    let mut client = UnixStream::connect(socket)?;
    let mut settings = [0; 15];
    client.read_exact(&mut settings)?;
    Ok(client)
}

/// Attacks no faster than its server reads, so that it is the decoder that is attacked.
fn run(socket: &Path, pieces: impl Iterator<Item = Vec<u8>>) -> Result<()> {
    let mut client = connect(socket)?;
    let mut unread = 0;
    for piece in pieces {
        client.write_all(&piece)?;
        unread += piece.len();
        if unread > PIECE {
            wait_for(&mut unread, &mut client)?;
            thread::sleep(REST);
        }
    }
    wait_for(&mut unread, &mut client)?;
    client.shutdown(Shutdown::Both)?;
    Ok(())
}

/// Waits until the server has given back the window for all that is unread.
fn wait_for(unread: &mut usize, client: &mut UnixStream) -> Result<()> {
    while *unread > 0 {
        let mut update = [0; 13];
        client.read_exact(&mut update)?;
        let [.., a, b, c, d] = update;
        *unread -= usize::try_from(u32::from_be_bytes([a, b, c, d]))?;
    }
    Ok(())
}

/// An honest call is understood at once, whatever was before.
fn honest(socket: &Path, container: &str, tracer: &Tracer) -> Result<()> {
    let mut client = connect(socket)?;
    let mut message = vec![0x0a, u8::try_from(container.len())?];
    message.extend_from_slice(container.as_bytes());
    let mut body = prefix(false, u32::try_from(message.len())?);
    body.extend(message);
    client.write_all(&opening(&[]))?;
    client.write_all(&frame(HEADERS, END_HEADERS, 1, &call(START, &[])))?;
    client.write_all(&frame(DATA, 1, 1, &body))?;
    started(container, tracer)?;
    client.shutdown(Shutdown::Both)?;
    Ok(())
}

/// The start of this container has been understood.
fn started(container: &str, tracer: &Tracer) -> Result<()> {
    tracer.line(SOON, |line| {
        line["kind"] == "began" && line["op"] == "start" && line["container"] == container
    })?;
    Ok(())
}

fn streams() -> Pieces {
    let calls = (0..20_000).map(|number| {
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
    let mut body = prefix(false, 16);
    body.extend(start("of-the-table", 0));
    let last = [
        frame(HEADERS, END_HEADERS, 2 * CALLS + 1, &call(START, &[])),
        frame(DATA, 1, 2 * CALLS + 1, &body),
    ];
    Box::new(std::iter::once(begin).chain(calls).chain(last))
}

fn message() -> Pieces {
    let begin = [
        opening(&[]),
        frame(HEADERS, END_HEADERS, 1, &call(START, &[])),
        frame(DATA, 0, 1, &prefix(false, 2 << 30)),
        frame(DATA, 0, 1, &start("of-the-message", 1 << 31)),
    ]
    .concat();
    let more = frame(DATA, 0, 1, &[b'a'; FRAME_MAX]);
    let times = ENDLESS / FRAME_MAX;
    Box::new(std::iter::once(begin).chain(std::iter::repeat_n(more, times)))
}

fn gzip() -> Pieces {
    let bomb = bomb(&start("of-the-bomb", ZEROS), ZEROS).expect("gzip packs zeros");
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

/// The most memory that a process has taken, in KiB (`VmHWM`, `proc_pid_status(5)`).
fn memory(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kib.context("no VmHWM")?.parse()?)
}

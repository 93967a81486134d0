//! The kernel programs on the running kernel, with sockets of the tests' own: every trap of
//! `consume_skb` that is known has a test here.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    path::PathBuf,
    process::Command,
    time::Duration,
};

use imgtrace::capture::{Capture, ConnectHook, Event, OBJECT, Options, Record};
use imgtrace_common::{Data, direction, origin, role};
use rustix::process::geteuid;
use tempfile::TempDir;

/// Programs in the kernel, and a folder for sockets.
struct Tracer {
    runtime: tokio::runtime::Runtime,
    capture: Capture,
    folder: TempDir,
    events: Vec<Event>,
}

/// Why these tests cannot run here.
fn obstacle() -> Option<&'static str> {
    if !geteuid().is_root() {
        Some("it needs root")
    } else if OBJECT.is_none() {
        Some("this build has no kernel object: cargo xtask build-ebpf")
    } else if !std::path::Path::new("/sys/kernel/btf/vmlinux").exists() {
        Some("this kernel has no BTF")
    } else {
        None
    }
}

macro_rules! tracer {
    ($name:literal) => {
        match obstacle() {
            Some(reason) => {
                println!("SKIP capture::{}: {reason}", $name);
                return;
            }
            None => Tracer::new(),
        }
    };
}

impl Tracer {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let capture = runtime.block_on(async {
            let mut capture =
                Capture::load(Options::default(), &["docker.sock".to_owned()]).unwrap();
            capture.attach().unwrap();
            capture
        });
        let folder = tempfile::tempdir().unwrap();
        Self {
            runtime,
            capture,
            folder,
            events: Vec::new(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("docker.sock")
    }

    fn listen(&self) -> UnixListener {
        UnixListener::bind(self.path()).unwrap()
    }

    /// Takes in everything that was written up to now.
    fn drain(&mut self) -> &[Event] {
        let Self {
            runtime,
            capture,
            events,
            ..
        } = self;
        runtime.block_on(async {
            // Once for what is there, once for what the first look did not release.
            for _ in 0..2 {
                tokio::time::sleep(Duration::from_millis(10)).await;
                capture.drain(events);
            }
        });
        let own = self.folder.path().to_str().unwrap().to_owned();
        // Other tests' programs see these sockets too, and these programs theirs.
        let connections: Vec<u64> = self
            .events
            .iter()
            .filter_map(|event| match &event.record {
                Record::Accepted(accepted) => String::from_utf8_lossy(&accepted.name)
                    .starts_with(&own)
                    .then_some(accepted.connection),
                _ => None,
            })
            .collect();
        self.events.retain(|event| match &event.record {
            Record::Accepted(accepted) => connections.contains(&accepted.connection),
            Record::Data(data, _) => {
                data.connection & 0xff == 0xff || connections.contains(&data.connection)
            }
            Record::ConnectAttempt(attempt) => {
                String::from_utf8_lossy(&attempt.path).starts_with(&own)
            }
            Record::Process(_) => true,
        });
        &self.events
    }

    fn data(&mut self) -> Vec<(Data, Vec<u8>)> {
        self.drain()
            .iter()
            .filter_map(|event| match &event.record {
                Record::Data(data, payload) => Some((*data, payload.to_vec())),
                _ => None,
            })
            .collect()
    }
}

fn exchange(client: &mut UnixStream, server: &mut UnixStream, ask: &[u8], answer: &[u8]) {
    let mut buffer = vec![0; ask.len().max(answer.len())];
    client.write_all(ask).unwrap();
    server.read_exact(&mut buffer[..ask.len()]).unwrap();
    server.write_all(answer).unwrap();
    client.read_exact(&mut buffer[..answer.len()]).unwrap();
}

#[test]
fn a_listener_that_nobody_announced_is_captured_from_its_first_request_on() {
    let mut tracer = tracer!("first_request");
    let listener = tracer.listen();
    let mut client = UnixStream::connect(tracer.path()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    exchange(&mut client, &mut server, b"ask", b"answer");
    let path = tracer.path();
    let data = tracer.data();
    let accepted = tracer
        .events
        .iter()
        .find_map(|event| match &event.record {
            Record::Accepted(accepted) => Some(accepted),
            _ => None,
        })
        .unwrap();
    let name = String::from_utf8_lossy(&accepted.name);
    assert_eq!(name.split('\0').next().unwrap(), path.to_str().unwrap());
    assert_eq!(accepted.client, std::process::id());
    assert_eq!(accepted.server, std::process::id());
    let seen: Vec<_> = data
        .iter()
        .map(|(data, bytes)| (data.direction, bytes.as_slice()))
        .collect();
    assert_eq!(
        seen,
        [
            (direction::TO_SERVER, b"ask".as_slice()),
            (direction::TO_CLIENT, b"answer")
        ]
    );
}

#[test]
fn other_names_are_not_captured() {
    let mut tracer = tracer!("other_names");
    let path = tracer.folder.path().join("postgres.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let mut client = UnixStream::connect(&path).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    exchange(&mut client, &mut server, b"select", b"1");
    assert!(tracer.data().is_empty());
}

/// The kernel gives a freed `struct sock` to the next socket at once; a socketpair has no accept(2)
/// that would overwrite the stale entry.
#[test]
fn addresses_that_come_back_bring_no_foreign_bytes() {
    let mut tracer = tracer!("addresses");
    let listener = tracer.listen();
    let mut reused = 0;
    for round in 0..200 {
        let mut client = UnixStream::connect(tracer.path()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        exchange(&mut client, &mut server, b"watched", b"watched");
        drop((client, server));
        let (mut one, mut other) = UnixStream::pair().unwrap();
        exchange(&mut one, &mut other, b"foreign", b"foreign");
        if round % 2 == 0 {
            // Closed with its bytes unread: the state in which a client's peer is null.
            one.write_all(b"foreign").unwrap();
            drop(one);
            let mut rest = Vec::new();
            other.read_to_end(&mut rest).unwrap();
        }
        reused += 1;
    }
    let data = tracer.data();
    assert!(
        data.iter().all(|(_, bytes)| bytes == b"watched"),
        "foreign bytes were captured"
    );
    assert_eq!(data.len(), reused * 2);
}

#[test]
fn a_server_that_closes_first_is_heard_to_the_end() {
    let mut tracer = tracer!("closes_first");
    let listener = tracer.listen();
    let mut client = UnixStream::connect(tracer.path()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    client.write_all(b"ask").unwrap();
    server.read_exact(&mut [0; 3]).unwrap();
    server.write_all(b"last words").unwrap();
    drop(server);
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).unwrap();
    let data = tracer.data();
    let (last, bytes) = data.last().unwrap();
    assert_eq!(
        (last.direction, bytes.as_slice()),
        (direction::TO_CLIENT, b"last words".as_slice())
    );
}

/// The daemon has answered and closed, and the client has not read yet: still a connection.
#[test]
fn an_answer_that_waits_keeps_its_connection_in_sight() {
    let mut tracer = tracer!("answer_waits");
    let listener = tracer.listen();
    let mut client = UnixStream::connect(tracer.path()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    client.write_all(b"ask").unwrap();
    server.read_exact(&mut [0; 3]).unwrap();
    server.write_all(b"late answer").unwrap();
    drop((server, listener));
    let connection = tracer.data()[0].0.connection;
    let rows = tracer.capture.sockets().unwrap().rows;
    let row = rows.iter().find(|row| row.connection == connection);
    assert_eq!(row.map(|row| row.role), Some(role::CLIENT));
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).unwrap();
    assert_eq!(tracer.data().last().unwrap().1, b"late answer");
}

#[test]
fn a_client_that_closes_first_is_heard_to_the_end() {
    let mut tracer = tracer!("client_closes_first");
    let listener = tracer.listen();
    let mut client = UnixStream::connect(tracer.path()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    client.write_all(b"fire and forget").unwrap();
    drop(client);
    let mut request = Vec::new();
    server.read_to_end(&mut request).unwrap();
    let data = tracer.data();
    assert_eq!(data.len(), 1);
    assert_eq!(data[0].1, b"fire and forget");
}

#[test]
fn bytes_that_nobody_reads_are_recorded_as_such() {
    let mut tracer = tracer!("unread");
    let listener = tracer.listen();
    let mut client = UnixStream::connect(tracer.path()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    exchange(&mut client, &mut server, b"ask", b"read");
    server.write_all(b"unread").unwrap();
    drop(client);
    drop(server);
    let data = tracer.data();
    let unread: Vec<_> = data.iter().filter(|(data, _)| data.unread == 1).collect();
    assert_eq!(unread.len(), 1);
    assert_eq!(unread[0].1, b"unread");
    assert_eq!(unread[0].0.offset, 4);
}

#[test]
fn bulk_is_counted_and_its_heads_are_kept() {
    let mut tracer = tracer!("bulk");
    let listener = tracer.listen();
    let mut client = UnixStream::connect(tracer.path()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    let total = 8 << 20;
    let sender = std::thread::spawn(move || {
        client.write_all(&vec![b'x'; total]).unwrap();
        client
    });
    let mut read = 0;
    let mut buffer = vec![0; 1 << 16];
    while read < total {
        read += server.read(&mut buffer).unwrap();
    }
    let mut client = sender.join().unwrap();
    exchange(&mut client, &mut server, b"after", b"ok");
    let data = tracer.data();
    let mut offsets: BTreeMap<u32, u64> = BTreeMap::new();
    let (mut sent, mut copied) = (0, 0);
    for (data, bytes) in &data {
        let expected = offsets.entry(data.direction).or_default();
        assert_eq!(data.offset, *expected, "offsets leave no hole");
        *expected += u64::from(data.len);
        assert_eq!(bytes.len(), usize::try_from(data.copied).unwrap());
        assert!(
            data.copied >= data.len.min(256),
            "the head of every buffer is kept"
        );
        sent += u64::from(data.len);
        copied += u64::from(data.copied);
    }
    assert_eq!(sent, total as u64 + 7);
    assert!(copied < 2 << 20, "bulk was copied: {copied} of {sent}");
    let words: Vec<_> = data
        .iter()
        .rev()
        .take(2)
        .map(|(_, bytes)| bytes.as_slice())
        .collect();
    assert_eq!(words, [b"ok".as_slice(), b"after"]);
}

/// Request and answer are read on different CPUs, so they come from different buffers.
#[test]
fn the_order_holds_across_cpus() {
    let mut tracer = tracer!("order");
    let listener = tracer.listen();
    let mut client = UnixStream::connect(tracer.path()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    let rounds = 500_u32;
    let daemon = std::thread::spawn(move || {
        pin(1);
        let mut number = [0; 4];
        while server.read_exact(&mut number).is_ok() {
            server.write_all(&number).unwrap();
        }
    });
    pin(0);
    for round in 0..rounds {
        let mut number = [0; 4];
        client.write_all(&round.to_be_bytes()).unwrap();
        client.read_exact(&mut number).unwrap();
        assert_eq!(number, round.to_be_bytes());
    }
    drop(client);
    daemon.join().unwrap();
    let data = tracer.data();
    assert_eq!(data.len(), usize::try_from(rounds).unwrap() * 2);
    for (at, (data, bytes)) in data.iter().enumerate() {
        let round = u32::try_from(at / 2).unwrap();
        assert_eq!(bytes.as_slice(), round.to_be_bytes(), "at {at}");
        assert_eq!(data.direction, u32::try_from(at % 2).unwrap(), "at {at}");
    }
}

fn pin(cpu: usize) {
    let mut set = rustix::thread::CpuSet::new();
    set.set(cpu % std::thread::available_parallelism().unwrap().get());
    rustix::thread::sched_setaffinity(None, &set).unwrap();
}

#[test]
fn a_connection_that_exists_is_joined() {
    let mut tracer = tracer!("joined");
    let listener = tracer.listen();
    let path = tracer.path();
    // A second set of programs that has not seen the connection begin.
    let mut client = UnixStream::connect(&path).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    let mut late = Tracer::new();
    let rows = late.capture.sockets().unwrap().rows;
    let row = rows
        .iter()
        .find(|row| {
            row.role == role::LISTENER
                && String::from_utf8_lossy(&row.name).starts_with(path.to_str().unwrap())
        })
        .expect("the listener is found in the open files");
    let key = imgtrace_common::ListenerKey {
        inode: row.inode,
        device: row.device,
        reserved: 0,
    };
    let watch = imgtrace_common::Watch {
        address: row.address,
        endpoint: 7,
        action: imgtrace_common::action::CAPTURE,
    };
    late.capture.watch(key, watch).unwrap();
    let rows = late.capture.sockets().unwrap().rows;
    let ends: Vec<_> = rows
        .iter()
        .filter(|row| row.endpoint == 7 && row.connection != 0)
        .collect();
    assert_eq!(ends.len(), 2, "both ends are found");
    assert!(ends.iter().all(|row| row.client == std::process::id()));
    exchange(&mut client, &mut server, b"late", b"but heard");
    let data = late.data();
    assert_eq!(data.len(), 2);
    assert!(
        data.iter()
            .all(|(data, _)| data.endpoint == 7 && data.connection == ends[0].connection)
    );
    // The first set saw it begin, and looking again changes nothing for it.
    tracer.capture.sockets().unwrap();
    assert_eq!(tracer.data().len(), 2);
}

#[test]
fn a_process_is_described_though_it_lived_for_a_moment() {
    let mut tracer = tracer!("exec");
    let marker = format!("marker-{}", std::process::id());
    assert!(
        Command::new("/bin/true")
            .arg(&marker)
            .status()
            .unwrap()
            .success()
    );
    let process = tracer
        .drain()
        .iter()
        .find_map(|event| match &event.record {
            Record::Process(process) if process.origin == origin::EXEC => {
                String::from_utf8_lossy(&process.args)
                    .contains(&marker)
                    .then(|| process.clone())
            }
            _ => None,
        })
        .expect("the exec was seen");
    assert_eq!(process.ancestors[0].pid, std::process::id());
    assert!(process.exe.starts_with(b"/bin/true\0"));
    assert!(process.comm.starts_with(b"true\0"));
    let own = std::fs::metadata("/proc/self/ns/mnt").unwrap();
    assert_eq!(
        u64::from(process.mount_ns),
        std::os::unix::fs::MetadataExt::ino(&own)
    );
}

#[test]
fn who_reads_the_answers_is_described_with_its_command_line() {
    let mut tracer = tracer!("reader");
    let listener = tracer.listen();
    let path = tracer.path();
    // The child inherits the connection: it speaks, and has not connected.
    let client = UnixStream::connect(&path).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    let mut child = Command::new("sh")
        .args(["-c", "echo ask; read answer; exit 0", "inherits"])
        .stdin(std::os::fd::OwnedFd::from(client.try_clone().unwrap()))
        .stdout(std::os::fd::OwnedFd::from(client))
        .spawn()
        .unwrap();
    server.read_exact(&mut [0; 4]).unwrap();
    server.write_all(b"answer\n").unwrap();
    child.wait().unwrap();
    let data = tracer.data();
    let answer = data
        .iter()
        .find(|(data, _)| data.direction == direction::TO_CLIENT)
        .unwrap();
    assert_eq!(answer.0.client, std::process::id());
    assert_eq!(answer.0.reader, child.id());
    let described = tracer.events.iter().any(|event| {
        matches!(&event.record, Record::Process(process) if process.origin == origin::READ
            && process.pid == child.id()
            && String::from_utf8_lossy(&process.args).contains("inherits"))
    });
    assert!(described);
}

#[test]
fn an_attempt_to_connect_is_seen_where_the_kernel_has_the_hook() {
    let mut tracer = tracer!("attempt");
    if let ConnectHook::None(reason) = tracer.capture.connect_hook() {
        println!("SKIP capture::attempt: {reason}");
        return;
    }
    assert!(UnixStream::connect(tracer.path()).is_err());
    let attempts = tracer.drain().iter().filter(|event| {
        matches!(&event.record, Record::ConnectAttempt(attempt) if attempt.pid == std::process::id())
    });
    assert_eq!(attempts.count(), 1);
}

#[test]
fn closed_connections_are_swept_out_of_the_table() {
    let mut tracer = tracer!("sweep");
    let listener = tracer.listen();
    let mut kept = UnixStream::connect(tracer.path()).unwrap();
    let (mut kept_server, _) = listener.accept().unwrap();
    for _ in 0..50 {
        let client = UnixStream::connect(tracer.path()).unwrap();
        drop((listener.accept().unwrap(), client));
    }
    let key_of = |tracer: &mut Tracer| {
        tracer
            .drain()
            .iter()
            .find_map(|event| match &event.record {
                Record::Accepted(accepted) => Some(accepted.connection),
                _ => None,
            })
            .unwrap()
    };
    let first = key_of(&mut tracer);
    assert!(tracer.capture.tracked().len() > 1);
    let before = imgtrace::capture::monotonic();
    tracer.capture.sweep(&[first].into_iter().collect(), before);
    assert_eq!(tracer.capture.tracked(), [first].into());
    exchange(&mut kept, &mut kept_server, b"still", b"here");
    assert_eq!(tracer.data().len(), 2);
}

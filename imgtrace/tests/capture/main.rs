//! The kernel programs on the running kernel, with sockets of the tests' own: every trap of
//! `consume_skb` that is known has a test here.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

#[macro_use]
mod tracer;
mod budget;
mod bulk;
mod names;
mod verifier;

use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    process::Command,
};

use imgtrace::capture::{ConnectHook, Record};
use imgtrace_common::{direction, origin, role};
use tracer::{Tracer, exchange};

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

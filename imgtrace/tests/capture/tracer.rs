//! The kernel programs, loaded for a test, and what they said of its sockets.

use std::{
    io::{Read as _, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    path::PathBuf,
    time::Duration,
};

use imgtrace::capture::{Capture, Event, OBJECT, Options, Record};
use imgtrace_common::Data;
use rustix::process::geteuid;
use tempfile::TempDir;

/// Programs in the kernel, and a folder for sockets.
pub(crate) struct Tracer {
    pub(crate) runtime: tokio::runtime::Runtime,
    pub(crate) capture: Capture,
    pub(crate) folder: TempDir,
    pub(crate) events: Vec<Event>,
}

/// Why these tests cannot run here.
pub(crate) fn obstacle() -> Option<&'static str> {
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
        match $crate::tracer::obstacle() {
            Some(reason) => {
                println!("SKIP capture::{}: {reason}", $name);
                return;
            }
            None => $crate::tracer::Tracer::new(),
        }
    };
}

impl Tracer {
    pub(crate) fn new() -> Self {
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

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("docker.sock")
    }

    pub(crate) fn listen(&self) -> UnixListener {
        UnixListener::bind(self.path()).unwrap()
    }

    /// Takes in everything that was written up to now.
    pub(crate) fn drain(&mut self) -> &[Event] {
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
            Record::Process(_) | Record::Mounting(_) => true,
        });
        &self.events
    }

    pub(crate) fn data(&mut self) -> Vec<(Data, Vec<u8>)> {
        self.drain()
            .iter()
            .filter_map(|event| match &event.record {
                Record::Data(data, payload) => Some((*data, payload.to_vec())),
                _ => None,
            })
            .collect()
    }
}

pub(crate) fn exchange(
    client: &mut UnixStream,
    server: &mut UnixStream,
    ask: &[u8],
    answer: &[u8],
) {
    let mut buffer = vec![0; ask.len().max(answer.len())];
    client.write_all(ask).unwrap();
    server.read_exact(&mut buffer[..ask.len()]).unwrap();
    server.write_all(answer).unwrap();
    client.read_exact(&mut buffer[..answer.len()]).unwrap();
}

//! Records what is said on runtimes' sockets, bytes and all, for the tests of the decoder:
//! `tests/conversations/README.md` says how it is used, and `cargo xtask lab record-bytes` uses it.
//!
//! A developer's tool for throwaway daemons: it is no part of the program, and it writes nothing
//! that looks like a secret.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    reason = "a developer's command line talks to its terminal"
)]

#[path = "../tests/conversation/mod.rs"]
mod conversation;

use std::{
    collections::{BTreeMap, HashMap},
    error::Error,
    io::Read as _,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use conversation::Conversation;
use imgtrace::{
    capture::{Capture, Event, Options, Record, monotonic},
    decode::{Direction, Segment},
    host::runtimes,
    model::Stamp,
    observation::Observation,
    observer::Observer,
};
use imgtrace_common::{Data, JOINED, direction};

/// A file is no longer than this unless `--most` says so; where it would be, bulk is cut.
const FILE_BYTES: usize = 192 << 10;
/// To how many bytes the payload of DATA frames is cut, as far as it needs.
const CUTS: [usize; 5] = [usize::MAX, 4_096, 1_024, 512, THINNEST];
const THINNEST: usize = 256;
/// If that is not enough: to how many bytes each buffer is cut.
const BUFFER_BYTES: usize = 1_024;
/// Of connections between the same programs, how many are kept: the longest.
const ALIKE_MAX: usize = 6;
/// Words that bytes must not have, in lower case.
const FORBIDDEN: [&str; 7] = [
    "authorization",
    "bearer ",
    "x-registry-config",
    "identitytoken",
    "password",
    "secret=",
    "\"auth\":",
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let most = |argument: &String| argument.strip_prefix("--most=")?.parse().ok();
    let mut arguments = std::env::args().skip(1).peekable();
    let most: Option<usize> = arguments.peek().and_then(most);
    let mut arguments = arguments.skip(usize::from(most.is_some()));
    let mut argument = || {
        let usage =
            "record_bytes [--most=BYTES] INTO STORY WHAT BELOW [SECRET]…: ends when its stdin does";
        arguments.next().ok_or(usage)
    };
    let (folder, story, what, below) = (argument()?, argument()?, argument()?, argument()?);
    let secrets: Vec<String> = arguments.map(|secret| secret.to_lowercase()).collect();
    let recorded = record().await?;
    let folder = PathBuf::from(folder);
    std::fs::create_dir_all(&folder)?;
    let mut alike: BTreeMap<String, Vec<Conversation>> = BTreeMap::new();
    // A shim's socket is where every containerd's are.
    let wanted = |conversation: &Conversation| {
        conversation.runtime == "shim" || conversation.path.starts_with(&below)
    };
    for mut conversation in recorded.into_iter().filter(wanted) {
        conversation.what.clone_from(&what);
        let name = format!("{story}-{}-{}", conversation.runtime, conversation.client);
        alike.entry(name).or_default().push(conversation);
    }
    for (name, mut conversations) in alike {
        conversations.sort_by_key(|conversation| std::cmp::Reverse(conversation.segments.len()));
        for (number, conversation) in (1..).zip(conversations.iter().take(ALIKE_MAX)) {
            let path = folder.join(format!("{name}-{number}.conversation"));
            if let Some(found) = secret_in(conversation, &secrets) {
                eprintln!("not written, for it has {found:?}: {}", path.display());
                continue;
            }
            if !conversation.is_whole() {
                println!("the kernel side has cut this one:");
            }
            let text = fitting(conversation, most.unwrap_or(FILE_BYTES));
            std::fs::write(&path, &text)?;
            println!("{} bytes, {}", text.len(), path.display());
        }
    }
    Ok(())
}

/// What is known of a connection.
#[derive(Default)]
struct Heard {
    path: String,
    runtime: String,
    client: String,
    segments: Vec<Segment>,
}

/// Records until stdin ends.
async fn record() -> Result<Vec<Conversation>, Box<dyn Error>> {
    let mut observer = Observer::new(Vec::new());
    let mut capture = Capture::load(Options::default(), &observer.basenames())?;
    observer.begin(&mut capture)?;
    println!("recording");
    let over = Arc::new(AtomicBool::new(false));
    let ended = Arc::clone(&over);
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        ended.store(true, Ordering::Relaxed);
    });
    let mut recorder = Recorder::default();
    let mut events = Vec::new();
    while !over.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(3)).await;
        let handed_over = monotonic().saturating_sub(200_000_000);
        capture.drain(&mut events);
        for event in events.drain(..) {
            recorder.take(&event);
            observer.observe(&mut capture, event);
        }
        observer.pass_time(&mut capture, handed_over)?;
        recorder.learn(&mut observer);
    }
    observer.last_look(&mut capture)?;
    capture.drain_all(&mut events);
    for event in &events {
        recorder.take(event);
    }
    recorder.learn(&mut observer);
    let open = capture.tracked();
    let losses = capture.take_losses();
    if losses.buffer + losses.table > 0 {
        return Err(format!("the kernel side lost something: {losses:?}").into());
    }
    Ok(recorder.conversations(|connection| open.contains(&connection)))
}

#[derive(Default)]
struct Recorder {
    connections: BTreeMap<u64, Heard>,
    /// Names of programs by pid.
    programs: HashMap<u32, String>,
    /// Label and path of endpoints by number.
    endpoints: HashMap<u32, (String, String)>,
    /// The endpoint of connections that nobody announced.
    joined: HashMap<u64, u32>,
}

impl Recorder {
    fn take(&mut self, event: &Event) {
        match &event.record {
            Record::Process(process) => {
                self.programs.insert(process.pid, text(&process.comm));
            }
            Record::Accepted(accepted) => {
                let path = text(&accepted.name);
                let runtime = runtimes::of_listener(&path, "");
                let heard = Heard {
                    runtime: runtime
                        .map_or("other", |runtime| runtime.as_str())
                        .to_owned(),
                    path,
                    client: self.program(accepted.client),
                    segments: Vec::new(),
                };
                self.connections.insert(accepted.connection, heard);
            }
            Record::Data(data, payload) => self.data(data, payload, event.at),
            Record::ConnectAttempt(_) | Record::Mounting(_) => {}
        }
    }

    fn data(&mut self, data: &Data, payload: &bytes::Bytes, at: u64) {
        if !self.connections.contains_key(&data.connection) {
            let heard = Heard {
                client: self.program(data.client),
                ..Heard::default()
            };
            self.connections.insert(data.connection, heard);
            self.joined.insert(data.connection, data.endpoint);
        }
        if let Some(heard) = self.connections.get_mut(&data.connection) {
            heard.segments.push(Segment {
                at: Stamp { mono: at, wall: 0 },
                direction: if data.direction == direction::TO_SERVER {
                    Direction::ToServer
                } else {
                    Direction::ToClient
                },
                offset: data.offset,
                len: data.len,
                bytes: payload.clone(),
            });
        }
    }

    fn program(&self, pid: u32) -> String {
        let comm = || std::fs::read_to_string(format!("/proc/{pid}/comm")).ok();
        let known = self.programs.get(&pid).cloned().or_else(comm);
        known.map_or("unknown".to_owned(), |name| name.trim().to_owned())
    }

    fn learn(&mut self, observer: &mut Observer) {
        for observed in observer.take() {
            if let Observation::Endpoint(endpoint) = observed.what {
                let label = endpoint.runtime.as_str().to_owned();
                self.endpoints.insert(endpoint.id.0, (label, endpoint.path));
            }
        }
    }

    fn conversations(self, is_open: impl Fn(u64) -> bool) -> Vec<Conversation> {
        let Self {
            connections,
            endpoints,
            joined,
            ..
        } = self;
        let spoken = connections
            .into_iter()
            .filter(|(_, heard)| !heard.segments.is_empty());
        let conversation = |(number, mut heard): (u64, Heard)| {
            if let Some((runtime, path)) = joined.get(&number).and_then(|id| endpoints.get(id)) {
                (heard.runtime, heard.path) = (runtime.clone(), path.clone());
            }
            let last = heard.segments.last().map(|segment| segment.at);
            Conversation {
                name: String::new(),
                what: String::new(),
                runtime: heard.runtime,
                path: heard.path,
                client: heard.client,
                joined: number & JOINED == JOINED,
                closed: last.filter(|_| !is_open(number)),
                segments: heard.segments,
            }
        };
        spoken.map(conversation).collect()
    }
}

/// What must not be written down, if there is any of it in either direction.
fn secret_in(conversation: &Conversation, secrets: &[String]) -> Option<String> {
    [Direction::ToServer, Direction::ToClient]
        .into_iter()
        .find_map(|direction| {
            let segments = conversation.segments.iter();
            let bytes: Vec<u8> = segments
                .filter(|segment| segment.direction == direction)
                .flat_map(|segment| segment.bytes.iter().copied())
                .collect();
            let mut text = String::from_utf8_lossy(&bytes).to_lowercase();
            // Docker's client sends these without credentials too: `{}`, encoded.
            for name in ["auth", "config"] {
                text = text.replace(&format!("x-registry-{name}: e30=\r\n"), "");
            }
            let forbidden = FORBIDDEN.iter().copied().chain(["x-registry-auth"]);
            let built = env!("CARGO_MANIFEST_DIR").to_lowercase();
            let secrets = secrets.iter().map(String::as_str).chain([built.as_str()]);
            let mut words = forbidden.chain(secrets);
            words
                .find(|word| text.contains(word))
                .map(ToOwned::to_owned)
        })
}

/// The text of a conversation, thinned until it fits; of one that never does, its beginning.
fn fitting(conversation: &Conversation, most: usize) -> String {
    let fits = |text: &String| text.len() <= most;
    let whole = |cut: &usize| conversation.thin(*cut).text(usize::MAX);
    if let Some(text) = CUTS.iter().map(whole).find(fits) {
        return text;
    }
    let mut shorter = conversation.thin(THINNEST);
    shorter.closed = None;
    while !fits(&shorter.text(BUFFER_BYTES)) {
        shorter.segments.pop();
    }
    shorter.text(BUFFER_BYTES)
}

fn text(bytes: &[u8]) -> String {
    let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

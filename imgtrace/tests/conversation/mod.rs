//! Real connections' bytes, as the kernel side handed them over: their text form, read and written.
//!
//! Included by path into whatever works on them: the tests of `decode`, integration tests, benches
//! and the recorder (`examples/record_bytes.rs`). `tests/conversations/README.md` describes the
//! form. Nothing of it is part of the program.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    dead_code,
    reason = "helpers of tests fail as tests do; each includer uses its part"
)]

pub mod gaps;

use std::{fmt::Write as _, path::PathBuf};

use bytes::Bytes;
use imgtrace::{
    decode::{Direction, Segment},
    model::Stamp,
};
use serde_json::{Value, json};

/// Value of `conversation` in a file's first line.
const VERSION: u64 = 1;
/// When every conversation begins, on both clocks: a round number that is not 0.
const BEGIN: Stamp = Stamp {
    mono: 1_000_000_000_000,
    wall: 1_767_225_600_000_000,
};

/// One connection.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// File name without the ending.
    pub name: String,
    /// What it is, in words.
    pub what: String,
    /// The label of the endpoint (`docker`, `containerd`, `shim` …).
    pub runtime: String,
    /// The path that the daemon is bound to.
    pub path: String,
    /// Name of the client's program.
    pub client: String,
    /// True if it was there before the recorder.
    pub joined: bool,
    /// What was said, in the order in which it was read.
    pub segments: Vec<Segment>,
    /// When it was closed; null if it was open at the end.
    pub closed: Option<Stamp>,
}

impl Conversation {
    /// Where they are.
    pub fn folder() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/conversations")
    }

    /// All that are there, by name.
    pub fn all() -> Vec<Self> {
        let mut names: Vec<String> = std::fs::read_dir(Self::folder())
            .unwrap()
            .filter_map(|entry| {
                let name = entry.unwrap().file_name().into_string().unwrap();
                Some(name.strip_suffix(".conversation")?.to_owned())
            })
            .collect();
        names.sort_unstable();
        names.iter().map(|name| Self::load(name)).collect()
    }

    /// The one of this name.
    pub fn load(name: &str) -> Self {
        let path = Self::folder().join(format!("{name}.conversation"));
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self::parse(name, &text)
    }

    /// Reads the text form.
    pub fn parse(name: &str, text: &str) -> Self {
        let mut lines = text.lines();
        let head: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
        assert_eq!(head["conversation"], VERSION, "{name}");
        let word = |key: &str| head[key].as_str().unwrap().to_owned();
        let mut conversation = Self {
            name: name.to_owned(),
            what: word("what"),
            runtime: word("runtime"),
            path: word("path"),
            client: word("client"),
            joined: head["joined"].as_bool().unwrap(),
            segments: Vec::new(),
            closed: None,
        };
        for line in lines {
            let (sign, rest) = line.split_once(' ').unwrap();
            let direction = match sign {
                ">" => Direction::ToServer,
                "<" => Direction::ToClient,
                "." => {
                    conversation.closed = Some(at(rest));
                    continue;
                }
                _ => panic!("{name}: {line}"),
            };
            let mut fields = rest.splitn(4, ' ');
            let mut field = || fields.next().unwrap();
            conversation.segments.push(Segment {
                at: at(field()),
                direction,
                offset: field().parse().unwrap(),
                len: field().parse().unwrap(),
                bytes: unescape(field()),
            });
        }
        conversation
    }

    /// The text form, with at most `most` bytes of each segment.
    pub fn text(&self, most: usize) -> String {
        let head = json!({
            "conversation": VERSION, "what": self.what, "runtime": self.runtime,
            "path": self.path, "client": self.client, "joined": self.joined,
        });
        let mut text = format!("{head}\n");
        let begin = self.segments.first().map_or(0, |first| first.at.mono);
        let since = |at: Stamp| at.mono.saturating_sub(begin) / 1_000;
        for segment in &self.segments {
            let sign = match segment.direction {
                Direction::ToServer => '>',
                Direction::ToClient => '<',
            };
            let (at, offset, len) = (since(segment.at), segment.offset, segment.len);
            let kept = segment.bytes.get(..most).unwrap_or(&segment.bytes);
            let bytes = kept.escape_ascii();
            writeln!(text, "{sign} {at} {offset} {len} {bytes}").unwrap();
        }
        if let Some(closed) = self.closed {
            writeln!(text, ". {}", since(closed)).unwrap();
        }
        text
    }

    /// Without what stands in DATA frames behind their first `most` bytes.
    #[must_use]
    pub fn thin(&self, most: usize) -> Self {
        let mut gaps = gaps::bulk(&self.segments, Direction::ToServer, most);
        gaps.extend(gaps::bulk(&self.segments, Direction::ToClient, most));
        let segments = gaps::with_gaps(&self.segments, &gaps);
        Self {
            segments,
            ..self.clone()
        }
    }

    /// Whether every byte is there.
    pub fn is_whole(&self) -> bool {
        let mut next = [0, 0];
        self.segments.iter().all(|segment| {
            let next = match segment.direction {
                Direction::ToServer => next.first_mut(),
                Direction::ToClient => next.last_mut(),
            };
            let expected = next.unwrap();
            let follows = *expected == segment.offset;
            *expected = segment.offset + u64::from(segment.len);
            follows && segment.bytes.len() as u64 == u64::from(segment.len)
        })
    }
}

fn at(micros: &str) -> Stamp {
    let micros: u32 = micros.parse().unwrap();
    Stamp {
        mono: BEGIN.mono + u64::from(micros) * 1_000,
        wall: BEGIN.wall + i64::from(micros),
    }
}

/// Undoes [`slice::escape_ascii`].
fn unescape(text: &str) -> Bytes {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next().unwrap());
        bytes.push(match digit() {
            'n' => b'\n',
            'r' => b'\r',
            't' => b'\t',
            'x' => {
                let pair = String::from_iter([digit(), digit()]);
                u8::from_str_radix(&pair, 16).unwrap()
            }
            other => u8::try_from(other).unwrap(),
        });
    }
    bytes.into()
}

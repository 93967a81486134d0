//! Conversations at random, as clients and servers of gRPC have them.
//!
//! Their data hold frames that nobody sent, whose paths and data have `fake` in them.

use proptest::prelude::*;
use proptest::sample::Index;

use super::encoder::{Encoder, Pair};
use super::said::*;
use super::step::{Body, Step, step};
use crate::decode::Direction;
use crate::decode::flow::Piece;

/// A conversation.
#[derive(Clone)]
pub(super) struct Script {
    /// Each is one step, and so begins with a frame.
    pub(super) said: Vec<(Direction, Vec<u8>)>,
    /// What was said in each header block that is not empty.
    pub(super) blocks: Vec<(Direction, u32, Vec<Pair>)>,
    /// Where frames begin that nobody sent: how many bytes of that direction come before.
    pub(super) fakes: Vec<(Direction, u64)>,
}

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (direction, bytes) in &self.said {
            writeln!(f, "{direction:?} {}", bytes.escape_ascii())?;
        }
        Ok(())
    }
}

/// A conversation of at most that many steps behind its beginning.
pub(super) fn script(steps: usize, fakes: bool) -> impl Strategy<Value = Script> {
    let steps = prop::collection::vec((step(fakes), any::<u64>()), 1..steps);
    (steps, prop::bool::weighted(0.2)).prop_map(move |(steps, split)| {
        let mut writer = Writer::new(split && fakes);
        for (step, manner) in steps {
            writer.write(&step, manner);
        }
        writer.script
    })
}

/// A stream that is open.
struct Open {
    id: u32,
    asking: bool,
    answering: bool,
}

struct Writer {
    script: Script,
    encoders: [Encoder; 2],
    open: Vec<Open>,
    next: u32,
    /// True if header blocks go on in CONTINUATION frames.
    split: bool,
}

fn pair(name: &str, value: &str) -> Pair {
    (name.to_owned(), value.to_owned())
}

fn direction(client: bool) -> Direction {
    if client { ToServer } else { ToClient }
}

impl Writer {
    fn new(split: bool) -> Self {
        let said = vec![
            (ToServer, PREFACE.to_vec()),
            (ToServer, settings()),
            (ToClient, settings()),
        ];
        Self {
            script: Script {
                said,
                blocks: Vec::new(),
                fakes: Vec::new(),
            },
            encoders: [Encoder::new(), Encoder::new()],
            open: Vec::new(),
            next: 1,
            split,
        }
    }

    fn say(&mut self, client: bool, bytes: Vec<u8>) {
        self.script.said.push((direction(client), bytes));
    }

    fn block(&mut self, client: bool, stream: u32, end: bool, fields: Vec<Pair>, manner: u64) {
        let block = self.encoders[usize::from(client)].encode(&fields, manner);
        let end = if end { END } else { 0 };
        let frames = if self.split {
            let (first, rest) = block.split_at(block.len() / 2);
            [
                frame(HEADERS, end, stream, first),
                frame(CONTINUATION, END_HEADERS, stream, rest),
            ]
            .concat()
        } else {
            frame(HEADERS, end | END_HEADERS, stream, &block)
        };
        self.script.blocks.push((direction(client), stream, fields));
        self.say(client, frames);
    }

    /// The open streams for which that holds.
    fn pick(&self, index: Index, wanted: impl Fn(&Open) -> bool) -> Option<usize> {
        let fitting: Vec<usize> = (0..self.open.len())
            .filter(|at| wanted(&self.open[*at]))
            .collect();
        (!fitting.is_empty()).then(|| fitting[index.index(fitting.len())])
    }

    fn write(&mut self, step: &Step, manner: u64) {
        match step {
            Step::Ask { path, token, end } => {
                let mut fields = vec![
                    pair(":method", "POST"),
                    pair(":scheme", "http"),
                    pair(":path", &format!("/service/{path}")),
                    pair("content-type", "application/grpc"),
                ];
                fields.extend(token.map(|n| pair("grpc-timeout", &format!("{n}m"))));
                fields.push(pair("x-long", &"x".repeat(usize::from(path % 2) * 900)));
                let id = self.next;
                self.next += 2;
                self.block(true, id, *end, fields, manner);
                self.open.push(Open {
                    id,
                    asking: !end,
                    answering: false,
                });
            }
            Step::Data {
                client,
                stream,
                body,
                end,
                padding,
            } => {
                let may = |open: &Open| if *client { open.asking } else { open.answering };
                if let Some(at) = self.pick(*stream, may) {
                    self.data(*client, at, body, *client && *end, *padding);
                }
            }
            Step::Answer { stream, found, end } => {
                if let Some(at) = self.pick(*stream, |open| !open.answering) {
                    let status = if *found { "200" } else { "404" };
                    let fields = vec![
                        pair(":status", status),
                        pair("content-type", "application/grpc"),
                    ];
                    self.block(false, self.open[at].id, *end, fields, manner);
                    self.open[at].answering = true;
                    if *end {
                        self.open.remove(at);
                    }
                }
            }
            Step::Finish { stream, message } => {
                if let Some(at) = self.pick(*stream, |open| open.answering) {
                    let fields = vec![
                        pair("grpc-status", &(message % 3).to_string()),
                        pair("grpc-message", &format!("message {message}")),
                    ];
                    self.block(false, self.open[at].id, true, fields, manner);
                    self.open.remove(at);
                }
            }
            Step::Reset { client, stream } => {
                if let Some(at) = self.pick(*stream, |_| true) {
                    let id = self.open.remove(at).id;
                    self.say(*client, frame(RST_STREAM, 0, id, &[0, 0, 0, 8]));
                }
            }
            Step::Ping { client } => self.say(*client, frame(PING, 0, 0, b"01234567")),
            Step::Window { client, stream } => {
                let id = self
                    .pick(*stream, |_| true)
                    .map_or(0, |at| self.open[at].id);
                self.say(*client, frame(WINDOW_UPDATE, 0, id, &[0, 0, 4, 0]));
            }
            Step::Resize { client, capacity } => {
                self.encoders[usize::from(*client)].resize(*capacity);
            }
        }
    }

    fn data(&mut self, client: bool, at: usize, body: &Body, end: bool, padding: Option<u8>) {
        let (bytes, fakes) = content(body, client);
        let spoken = self
            .script
            .said
            .iter()
            .filter(|(d, _)| *d == direction(client));
        let before: usize = spoken.map(|(_, bytes)| bytes.len()).sum();
        let open = &mut self.open[at];
        open.asking &= !end;
        let mut flags = if end { END } else { 0 };
        let mut payload = bytes;
        let mut inner = before + 9;
        if let Some(padding) = padding {
            flags |= PADDED;
            payload.insert(0, padding);
            payload.extend(vec![0; usize::from(padding)]);
            inner += 1;
        }
        let data = frame(DATA, flags, open.id, &payload);
        let fakes = fakes
            .into_iter()
            .map(|fake| (direction(client), (inner + fake) as u64));
        self.script.fakes.extend(fakes);
        self.say(client, data);
    }
}

/// The bytes of a body, and where in it frames begin that nobody sent.
fn content(body: &Body, client: bool) -> (Vec<u8>, Vec<usize>) {
    match body {
        Body::Noise(bytes) => (bytes.clone(), Vec::new()),
        Body::Long(byte, len) => (vec![*byte; *len], Vec::new()),
        Body::Fake {
            before,
            streams,
            after,
        } => {
            let mut bytes = vec![b'n'; *before];
            let mut fakes = Vec::new();
            let mut encoder = Encoder::new();
            for stream in streams {
                let first = if client { ":method" } else { ":status" };
                let value = if client { "POST" } else { "200" };
                let fields = [
                    pair(first, value),
                    pair("x-fake", "fake"),
                    pair("fake", "x"),
                ];
                let block = encoder.encode(&fields, u64::MAX);
                fakes.push(bytes.len());
                bytes.extend(frame(HEADERS, END_HEADERS, *stream, &block));
                fakes.push(bytes.len());
                bytes.extend(frame(DATA, 0, *stream, b"fake data"));
            }
            bytes.extend(vec![b'n'; *after]);
            (bytes, fakes)
        }
    }
}

impl Script {
    /// The words, each with its time.
    pub(super) fn words(&self) -> Vec<Words> {
        let words = self.said.iter().zip(1..);
        words
            .map(|((direction, bytes), mono)| (*direction, piece(bytes), stamp(mono)))
            .collect()
    }

    pub(super) fn len(&self) -> usize {
        self.said.iter().map(|(_, bytes)| bytes.len()).sum()
    }

    /// True where no listener can tell: what is heard of a direction begins, or goes on behind a
    /// gap, exactly with a frame that nobody sent.
    pub(super) fn is_untellable(&self, heard: &[Words]) -> bool {
        [ToServer, ToClient].iter().any(|side| {
            let of_side = heard.iter().filter(|(direction, ..)| direction == side);
            let all = self.said.iter().filter(|(direction, _)| direction == side);
            let total: usize = all.map(|(_, bytes)| bytes.len()).sum();
            let known: u64 = of_side.clone().map(|(_, piece, _)| piece.len()).sum();
            let mut place = total as u64 - known;
            let mut begins = vec![place];
            for (_, piece, _) in of_side {
                place += piece.len();
                if matches!(piece, Piece::Gap(_)) {
                    begins.push(place);
                }
            }
            begins
                .iter()
                .any(|place| self.fakes.contains(&(*side, *place)))
        })
    }
}

//! Conversations as clients and daemons have them, at random, with what is true of them.
//!
//! Their bodies hold whole requests and answers that nobody made: those have `fake` in their
//! target or server, the real ones `real` and their number.

use bytes::Bytes;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::ear::{ToClient, ToServer, Words, stamp};
use crate::decode::Direction;
use crate::decode::http1::{Event, Piece};

/// What is true of an exchange.
#[derive(Clone, Debug)]
pub(super) struct Truth {
    pub(super) path: String,
    pub(super) server: String,
    pub(super) status: u16,
    pub(super) asked: Vec<u8>,
    pub(super) answered: Vec<u8>,
    /// True if the answer ends with the connection, so that a loss at its end cannot be told.
    pub(super) until_close: bool,
    /// True if the answer takes over the connection.
    pub(super) upgrade: bool,
}

/// A conversation: what was said in which order, and what is true of it.
#[derive(Clone)]
pub(super) struct Script {
    pub(super) said: Vec<(Direction, Vec<u8>)>,
    /// Index in `said` of the first words of each exchange.
    pub(super) begins: Vec<usize>,
    pub(super) truths: Vec<Truth>,
}

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (direction, bytes) in &self.said {
            writeln!(f, "{direction:?} {:?}", String::from_utf8_lossy(bytes))?;
        }
        Ok(())
    }
}

impl Script {
    /// The words, each with its time.
    pub(super) fn words(&self) -> Vec<Words> {
        let words = self.said.iter().zip(1..);
        words
            .map(|((direction, bytes), mono)| {
                let piece = Piece::Bytes(Bytes::copy_from_slice(bytes));
                (*direction, piece, stamp(mono))
            })
            .collect()
    }

    pub(super) fn len(&self) -> usize {
        self.said.iter().map(|(_, bytes)| bytes.len()).sum()
    }
}

/// Panics if something was told that is not true.
pub(super) fn check_sound(events: &[Event], truths: &[Truth]) {
    let mut real: Vec<&Truth> = Vec::new();
    let mut heard: Vec<[u64; 2]> = Vec::new();
    let mut left = truths.iter();
    let mut unframed = std::collections::HashSet::new();
    for event in events {
        match event {
            Event::Request { head, .. } => {
                let truth = left.find(|truth| truth.path == head.path);
                real.push(truth.unwrap_or_else(|| panic!("no such request: {head:?}")));
                heard.push([0, 0]);
            }
            Event::Response { exchange, head } => {
                let truth = real[usize::try_from(exchange.0).unwrap()];
                assert_eq!(head.server, truth.server, "another's answer");
                assert_eq!(head.status, truth.status);
            }
            Event::Body {
                exchange,
                direction,
                piece,
                ..
            } => {
                let number = usize::try_from(exchange.0).unwrap();
                let (body, at) = side(real[number], &mut heard[number], *direction);
                let from = usize::try_from(*at).unwrap();
                *at += piece.len();
                let part = body.get(from..usize::try_from(*at).unwrap());
                let part = part.expect("no more than was sent");
                match piece {
                    Piece::Bytes(bytes) => assert_eq!(bytes, part),
                    Piece::Gap(0) => _ = unframed.insert((exchange.0, *direction)),
                    Piece::Gap(_) => {}
                }
            }
            Event::End {
                exchange,
                direction,
                ..
            } => {
                let number = usize::try_from(exchange.0).unwrap();
                let (body, at) = side(real[number], &mut heard[number], *direction);
                let framed = !unframed.contains(&(exchange.0, *direction));
                let known = framed && (*direction == ToServer || !real[number].until_close);
                assert!(!known || body.len() as u64 == *at, "the end is the end");
            }
            _ => {}
        }
    }
}

fn side<'a>(
    truth: &'a Truth,
    heard: &'a mut [u64; 2],
    direction: Direction,
) -> (&'a [u8], &'a mut u64) {
    let [asked, answered] = heard;
    match direction {
        ToServer => (&truth.asked, asked),
        ToClient => (&truth.answered, answered),
    }
}

/// How a body is framed.
#[derive(Clone, Debug)]
enum Coding {
    Length,
    Chunked(Vec<usize>, bool),
    Close,
}

/// How an exchange goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// Request, answer.
    Plain,
    /// Head, `100 Continue`, body, answer.
    Continue,
    /// The answer comes in the middle of the request.
    Early,
    /// The answer comes in parts, between parts of the request. It is chunked, and each part
    /// begins with a chunk's size: else two bodies could hold a conversation of their own.
    Meanwhile,
}

fn coding() -> impl Strategy<Value = Coding> {
    prop_oneof![
        Just(Coding::Length),
        (prop::collection::vec(1..40usize, 1..4), any::<bool>())
            .prop_map(|(sizes, ornate)| Coding::Chunked(sizes, ornate)),
    ]
}

fn encode(body: &[u8], coding: &Coding) -> Vec<u8> {
    let Coding::Chunked(sizes, ornate) = coding else {
        return body.to_vec();
    };
    let mut sizes = sizes.iter().cycle();
    let mut rest = body;
    let mut coded = Vec::new();
    while !rest.is_empty() {
        let (chunk, behind) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
        let extension = if *ornate { ";a=\"b\"" } else { "" };
        coded.extend(format!("{:X}{extension}\r\n", chunk.len()).bytes());
        coded.extend(chunk);
        coded.extend(b"\r\n");
        rest = behind;
    }
    coded.extend(if *ornate {
        &b"0\r\nA: b\r\n\r\n"[..]
    } else {
        b"0\r\n\r\n"
    });
    coded
}

fn field(body: &[u8], coding: &Coding) -> String {
    match coding {
        Coding::Length => format!("Content-Length: {}\r\n", body.len()),
        Coding::Chunked(..) => "Transfer-Encoding: chunked\r\n".to_owned(),
        Coding::Close => String::new(),
    }
}

/// A body, often with things in it that look like messages.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let block = prop_oneof![
        4 => "[a-z{}\r\n ]{1,40}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 1..40),
        4 => select(vec![
            "GET /fake HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST /fake HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
            "POST /fake HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
            "POST /fake HTTP/1.1\r\nContent-Length: 40\r\n\r\n",
            "HTTP/1.1 200 OK\r\nServer: fake\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nServer: fake\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n",
            "0\r\n\r\n",
            "3\r\nabc\r\n",
        ]).prop_map(|text| text.as_bytes().to_vec()),
    ];
    prop::collection::vec(block, 0..6).prop_map(|blocks| blocks.concat())
}

/// What one exchange is made of.
#[derive(Clone, Debug)]
struct Parts {
    method: &'static str,
    status: u16,
    asked: Vec<u8>,
    asked_coding: Coding,
    answered: Vec<u8>,
    answered_coding: Coding,
    manner: Manner,
    place: Index,
}

fn parts(manners: Vec<Manner>) -> impl Strategy<Value = Parts> {
    let method = select(vec!["GET", "HEAD", "POST", "PUT", "DELETE"]);
    let status = select(vec![200, 200, 200, 201, 204, 304, 404, 500]);
    let asked = (body(), coding());
    let answered = (body(), coding());
    (
        method,
        status,
        asked,
        answered,
        select(manners),
        any::<Index>(),
    )
        .prop_map(|(method, status, asked, answered, manner, place)| Parts {
            method,
            status,
            asked: asked.0,
            asked_coding: asked.1,
            answered: answered.0,
            answered_coding: match manner {
                Manner::Meanwhile => Coding::Chunked(vec![9], false),
                _ => answered.1,
            },
            manner,
            place,
        })
}

/// How a conversation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    KeepAlive,
    /// With an answer that goes on until the end.
    UntilClose,
    /// By leaving HTTP.
    Upgrade,
}

/// A conversation whose exchanges go in those manners.
pub(super) fn script(manners: &[Manner]) -> impl Strategy<Value = Script> {
    let exchanges = prop::collection::vec(parts(manners.to_vec()), 1..6);
    let last = select(vec![
        Last::KeepAlive,
        Last::KeepAlive,
        Last::UntilClose,
        Last::Upgrade,
    ]);
    (exchanges, last).prop_map(|(exchanges, last)| {
        let mut script = Script {
            said: Vec::new(),
            begins: Vec::new(),
            truths: Vec::new(),
        };
        let count = exchanges.len();
        for (number, mut parts) in exchanges.into_iter().enumerate() {
            let upgrade = number + 1 == count && last == Last::Upgrade;
            if number + 1 == count && last != Last::KeepAlive {
                parts.manner = Manner::Plain;
                parts.status = if upgrade { 101 } else { 200 };
                parts.answered_coding = Coding::Close;
            }
            say(&mut script, number, &parts, upgrade);
        }
        script
    })
}

/// Adds an exchange to a conversation.
fn say(script: &mut Script, number: usize, parts: &Parts, upgrade: bool) {
    let bodiless = parts.method == "HEAD" || matches!(parts.status, 204 | 304);
    script.begins.push(script.said.len());
    script.truths.push(Truth {
        path: format!("/real/{number}"),
        server: format!("real/{number}"),
        status: parts.status,
        asked: parts.asked.clone(),
        answered: if bodiless || upgrade {
            Vec::new()
        } else {
            parts.answered.clone()
        },
        until_close: matches!(parts.answered_coding, Coding::Close),
        upgrade,
    });
    let mut answered = encode(&parts.answered, &parts.answered_coding);
    if bodiless {
        answered.clear();
    }
    let asked = encode(&parts.asked, &parts.asked_coding);
    let [request, answer] = heads(number, parts, upgrade).map(String::into_bytes);
    let said = arrange(parts, [request, asked], [answer, answered]);
    script
        .said
        .extend(said.into_iter().filter(|(_, bytes)| !bytes.is_empty()));
}

/// The heads of a request and its answer.
fn heads(number: usize, parts: &Parts, upgrade: bool) -> [String; 2] {
    let asked = field(&parts.asked, &parts.asked_coding);
    let answered = field(&parts.answered, &parts.answered_coding);
    let upgrade = if upgrade { "Upgrade: tcp\r\n" } else { "" };
    let Parts { method, status, .. } = parts;
    [
        format!("{method} /real/{number}?q={number} HTTP/1.1\r\nHost: docker\r\n{asked}\r\n"),
        format!("HTTP/1.1 {status} Whatever\r\nServer: real/{number}\r\n{answered}{upgrade}\r\n"),
    ]
}

/// Heads and bodies of a request and its answer in the order of their manner.
fn arrange(
    parts: &Parts,
    [request, asked]: [Vec<u8>; 2],
    [answer, answered]: [Vec<u8>; 2],
) -> Vec<(Direction, Vec<u8>)> {
    let (before, behind) = asked.split_at(parts.place.index(asked.len() + 1));
    match parts.manner {
        Manner::Plain => vec![
            (ToServer, [request, asked].concat()),
            (ToClient, [answer, answered].concat()),
        ],
        Manner::Continue => vec![
            (ToServer, request),
            (ToClient, b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()),
            (ToServer, asked),
            (ToClient, [answer, answered].concat()),
        ],
        Manner::Early => vec![
            (ToServer, [&request, before].concat()),
            (ToClient, [answer, answered].concat()),
            (ToServer, behind.to_vec()),
        ],
        Manner::Meanwhile => vec![
            (ToServer, [&request, before].concat()),
            (ToClient, answer),
            (ToServer, behind.to_vec()),
            (ToClient, answered),
        ],
    }
}

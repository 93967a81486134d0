//! Conversations from raw bytes to what they mean.

use bytes::Bytes;
use proptest::prelude::*;

use super::{Connection, Direction, Event, Segment};
use crate::model::Stamp;
use crate::observation::Anomaly;
use Direction::{ToClient, ToServer};

const CREATED: &str = "3f9c2a71b0c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5c6d7e8f9012";
const PING: &str = "HEAD /_ping HTTP/1.1\r\nHost: api.moby.localhost\r\n\
                    User-Agent: Docker-Client/28.2.2 (linux)\r\n\r\n";
const PONG: &str = "HTTP/1.1 200 OK\r\nApi-Version: 1.48\r\nContent-Length: 0\r\n\
                    Content-Type: text/plain; charset=utf-8\r\n\
                    Server: Docker/28.2.2 (linux)\r\n\r\n";

/// Part of a conversation: what was sent, and of it what was captured.
#[derive(Clone)]
struct Said {
    direction: Direction,
    len: usize,
    bytes: Bytes,
}

fn said(direction: Direction, text: impl Into<String>) -> Said {
    let bytes = Bytes::from(text.into());
    let len = bytes.len();
    Said {
        direction,
        len,
        bytes,
    }
}

/// JSON lines, each a chunk of its own, as dockerd flushes them.
fn stream(lines: &[&str]) -> String {
    let chunk = |line: &&str| format!("{:x}\r\n{line}\r\n\r\n", line.len() + 2);
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
    let chunks: String = lines.iter().map(chunk).collect();
    format!("{head}{chunks}0\r\n\r\n")
}

fn request(line: &str, body: &str) -> String {
    let len = body.len();
    format!(
        "{line} HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\n\
         Content-Length: {len}\r\n\r\n{body}"
    )
}

fn answer(status: &str, body: &str) -> String {
    let len = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len}\r\n\r\n{body}"
    )
}

/// The segments of a conversation, a millisecond apart, each cut into the sizes given, over and
/// over.
fn segments(conversation: &[Said], sizes: &[usize]) -> Vec<Segment> {
    let mut offsets = [0, 0];
    let mut sizes = sizes.iter().cycle();
    let mut segments = Vec::new();
    for (said, millis) in conversation.iter().zip(1..) {
        let offset = &mut offsets[usize::from(said.direction == ToClient)];
        let mut bytes = said.bytes.clone();
        let mut left = said.len;
        while left > 0 {
            let len = (*sizes.next().unwrap()).min(left);
            segments.push(Segment {
                at: at(millis),
                direction: said.direction,
                offset: *offset,
                len: u32::try_from(len).unwrap(),
                bytes: bytes.split_to(len.min(bytes.len())),
            });
            left -= len;
            *offset += len as u64;
        }
    }
    segments
}

fn at(millis: u64) -> Stamp {
    Stamp {
        mono: millis * 1_000_000,
        wall: 0,
    }
}

fn decode(joined: bool, segments: Vec<Segment>) -> Vec<Event> {
    let mut connection = Connection::new(joined);
    let mut events = Vec::new();
    for segment in segments {
        connection.push(segment, &mut events);
    }
    connection.close(at(1_000), &mut events);
    events
}

/// What a conversation means, a line an event, without progress; the same for every split.
#[track_caller]
fn told(joined: bool, conversation: &[Said]) -> Vec<String> {
    let whole = decode(joined, segments(conversation, &[usize::MAX]));
    for sizes in [&[1][..], &[2, 7, 1], &[4096, 33]] {
        assert_eq!(whole, decode(joined, segments(conversation, sizes)));
    }
    whole.iter().filter_map(line).collect()
}

fn line(event: &Event) -> Option<String> {
    let millis = |at: &Stamp| at.mono / 1_000_000;
    Some(match event {
        Event::Began {
            exchange,
            at,
            op,
            subject,
            ..
        } => {
            let about = subject.image.as_ref().or(subject.container.as_ref());
            let about = about.map(String::as_str).unwrap_or_default();
            format!("{} at {} {op:?} {about}", exchange.0, millis(at))
        }
        Event::Ended {
            exchange,
            at,
            outcome,
            error,
            subject,
        } => {
            let error = error.as_deref().unwrap_or_default();
            let about = [&subject.digest, &subject.container].into_iter().flatten();
            let about: Vec<&str> = about.map(String::as_str).collect();
            let said = [&about[..], &[error]].concat().join(" ");
            format!("{} at {} {outcome:?} {said}", exchange.0, millis(at))
        }
        Event::Progress { .. } => return None,
        Event::Learned(fact) => format!("{fact:?}"),
        Event::Anomaly(anomaly) => format!("! {anomaly:?}"),
    })
}

fn pull() -> Vec<Said> {
    vec![
        said(ToServer, PING),
        said(ToClient, PONG),
        said(
            ToServer,
            "POST /v1.48/images/create?fromImage=docker.io%2Flibrary%2Fbusybox&tag=1.36 HTTP/1.1\r\n\
             Host: api.moby.localhost\r\nContent-Length: 0\r\nX-Registry-Auth: e30=\r\n\r\n",
        ),
        said(
            ToClient,
            stream(&[
                r#"{"status":"Pulling from library/busybox","id":"1.36"}"#,
                r#"{"status":"Downloading","progressDetail":{"current":5,"total":9},"id":"a"}"#,
                r#"{"status":"Digest: sha256:86e0e091d0da6bde2456dbb48306f3956bbeb2eae1b5b9a43045843f69fe4aaa"}"#,
                r#"{"status":"Status: Downloaded newer image for busybox:1.36"}"#,
            ]),
        ),
    ]
}

const PULLED: [&str; 2] = [
    "1 at 3 Pull docker.io/library/busybox:1.36",
    "1 at 4 Ok sha256:86e0e091d0da6bde2456dbb48306f3956bbeb2eae1b5b9a43045843f69fe4aaa ",
];

#[test]
fn a_pull() {
    let version = r#"Version { version: "28.2.2" }"#;
    let expected = [&[version], &PULLED[..]].concat();
    assert_eq!(told(false, &pull()), expected);
}

#[test]
fn a_pull_on_a_connection_that_was_there() {
    let [begun, ended] = PULLED.map(|line| line.replacen('1', "0", 1).replacen("at 4", "at 2", 1));
    let begun = begun.replacen("at 3", "at 1", 1);
    assert_eq!(told(true, &pull()[2..]), [begun, ended]);
}

#[test]
fn a_run_of_a_missing_image() {
    let create = request(
        "POST /v1.41/containers/create?name=web",
        r#"{"Image":"busybox:1.36","Env":["TOKEN=hunter2"],"HostConfig":{}}"#,
    );
    let conversation = [
        vec![
            said(ToServer, create.clone()),
            said(
                ToClient,
                answer(
                    "404 Not Found",
                    r#"{"message":"No such image: busybox:1.36"}"#,
                ),
            ),
        ],
        pull()[2..].to_vec(),
        vec![
            said(ToServer, create),
            said(
                ToClient,
                answer(
                    "201 Created",
                    &format!(r#"{{"Id":"{CREATED}","Warnings":[]}}"#),
                ),
            ),
            said(
                ToServer,
                request(&format!("POST /v1.41/containers/{CREATED}/start"), ""),
            ),
            said(ToClient, "HTTP/1.1 204 No Content\r\n\r\n"),
        ],
    ]
    .concat();
    let lines = told(false, &conversation);
    assert_eq!(
        lines,
        [
            "0 at 1 Create docker.io/library/busybox:1.36".to_owned(),
            "0 at 2 Error No such image: busybox:1.36".to_owned(),
            PULLED[0].to_owned(),
            PULLED[1].to_owned(),
            "2 at 5 Create docker.io/library/busybox:1.36".to_owned(),
            format!("2 at 6 Ok {CREATED} "),
            format!("3 at 7 Start {CREATED}"),
            "3 at 8 Ok ".to_owned(),
        ]
    );
    assert!(!lines.concat().contains("hunter2"));
}

/// A load as the docker CLI sends it: 32 KiB chunks, as buffers of 4096, 28,678 and 2 bytes, of
/// which the first 256 bytes are captured once the budget is used up.
fn load(chunks: usize) -> Vec<Said> {
    let chunk = format!("8000\r\n{}\r\n", "tar ".repeat(8_192));
    let mut conversation = vec![said(
        ToServer,
        "POST /v1.41/images/load?quiet=1 HTTP/1.1\r\nHost: docker\r\n\
         Content-Type: application/x-tar\r\nTransfer-Encoding: chunked\r\n\r\n",
    )];
    let parts = [0..4_096, 4_096..32_774, 32_774..32_776];
    for part in parts.into_iter().cycle().take(3 * chunks) {
        let mut buffer = said(ToServer, &chunk[part]);
        buffer.bytes.truncate(256);
        conversation.push(buffer);
    }
    conversation.push(said(ToServer, "0\r\n\r\n"));
    conversation.push(said(
        ToClient,
        stream(&[r#"{"stream":"Loaded image: busybox:1.36\n"}"#]),
    ));
    conversation
}

#[test]
fn a_load_that_is_only_counted() {
    let whole = decode(false, segments(&load(40), &[usize::MAX]));
    let lines: Vec<String> = whole.iter().filter_map(line).collect();
    assert_eq!(lines, ["0 at 1 Load ", "0 at 123 Ok "]);
}

#[test]
fn a_load_that_lost_a_record_ends_all_the_same() {
    let mut segments = segments(&load(40), &[usize::MAX]);
    segments.remove(31);
    let lines: Vec<String> = decode(false, segments).iter().filter_map(line).collect();
    assert_eq!(lines, ["0 at 1 Load ", "! LostFraming", "0 at 123 Ok "]);
}

#[test]
fn a_hijacked_exec_ends_with_its_connection() {
    let start = request(
        &format!("POST /v1.41/exec/{CREATED}/start"),
        r#"{"Detach":false,"Tty":true}"#,
    );
    let upgraded = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\
                    Content-Type: application/vnd.docker.raw-stream\r\n\r\n";
    let hijacked = "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n";
    for taken_over in [upgraded, hijacked] {
        let conversation = [
            said(ToServer, start.clone()),
            said(ToClient, taken_over),
            said(
                ToServer,
                request("POST /v1.41/images/create?fromImage=fake&tag=1", ""),
            ),
            said(ToClient, answer("200 OK", "")),
        ];
        assert_eq!(
            told(false, &conversation),
            ["0 at 1 Exec ", "0 at 1000 Ok "]
        );
    }
}

#[test]
fn an_attach_is_no_operation() {
    let conversation = [
        said(
            ToServer,
            format!(
                "POST /v1.41/containers/{CREATED}/attach?stream=1 HTTP/1.1\r\nHost: docker\r\n\
                 Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
            ),
        ),
        said(
            ToClient,
            "HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\n\x01\0\0\0\0\0\0\x05hello",
        ),
        said(ToServer, "POST /v1.41/images/prune HTTP/1.1\r\n\r\n"),
    ];
    assert_eq!(told(false, &conversation), [""; 0]);
}

#[test]
fn http2_is_another_protocol() {
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let conversation = [
        said(ToServer, preface),
        said(ToClient, "\0\0\0\x04\0\0\0\0\0"),
    ];
    assert_eq!(told(false, &conversation), ["! UnknownProtocol"]);
}

#[test]
fn the_beginning_of_a_preface_is_not_one() {
    for conversation in [
        vec![
            said(ToServer, "PRI"),
            said(ToServer, "X /a HTTP/1.1\r\n\r\n"),
        ],
        vec![
            said(ToServer, "PRI * HTTP/2.0\r\n\r\n"),
            said(ToServer, "SN"),
        ],
    ] {
        let anomalies: Vec<String> = told(false, &conversation)
            .into_iter()
            .filter(|line| line.contains("UnknownProtocol"))
            .collect();
        assert_eq!(anomalies, [""; 0]);
    }
}

#[test]
fn a_record_that_comes_twice_is_said_and_changes_nothing() {
    let mut segments = segments(&pull(), &[usize::MAX]);
    segments.insert(3, segments[2].clone());
    let events = decode(false, segments);
    let lines: Vec<String> = events.iter().filter_map(line).skip(1).collect();
    assert_eq!(lines, [PULLED[0], "! OutOfOrder", PULLED[1]]);
}

proptest! {
    #[test]
    fn no_segments_break_anything(
        noise in prop::collection::vec(
            (any::<bool>(), 0..500u64, 0..100u32, prop::collection::vec(any::<u8>(), 0..100)),
            0..20,
        ),
        joined in any::<bool>(),
    ) {
        let segments = noise.into_iter().map(|(to_client, offset, len, bytes)| Segment {
            at: at(1),
            direction: if to_client { ToClient } else { ToServer },
            offset,
            len,
            bytes: Bytes::from(bytes),
        });
        let events = decode(joined, segments.collect());
        let began = events.iter().any(|event| matches!(event, Event::Began { .. }));
        prop_assert!(!began, "noise means nothing");
    }

    #[test]
    fn a_damaged_conversation_breaks_nothing(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..10),
        sizes in prop::collection::vec(1..200usize, 1..5),
        joined in any::<bool>(),
    ) {
        let mut conversation = pull();
        for (index, byte) in damage {
            let said = &mut conversation[index.index(4)];
            let mut bytes = said.bytes.to_vec();
            let place = index.index(bytes.len());
            bytes[place] = byte;
            said.bytes = bytes.into();
        }
        let events = decode(joined, segments(&conversation, &sizes));
        let began = events.iter().filter(|e| matches!(e, Event::Began { .. })).count();
        let ended = events.iter().filter(|e| matches!(e, Event::Ended { .. })).count();
        prop_assert_eq!(began, ended);
        prop_assert!(began <= 1);
        prop_assert!(!events.contains(&Event::Anomaly(Anomaly::OutOfOrder)));
    }
}

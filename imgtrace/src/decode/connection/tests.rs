//! Conversations from raw bytes to what they mean.

mod conversation;
mod damage;
mod protocols;
mod recorded;

use conversation::{CREATED, Said, answer, at, load, pull, request, run, said, segments};

use super::{Connection, Direction, Event, Segment};
use crate::model::Stamp;
use crate::observation::Fact;
use Direction::{ToClient, ToServer};

fn decode(joined: bool, segments: Vec<Segment>) -> Vec<Event> {
    let mut connection = Connection::new(joined);
    let mut events = Vec::new();
    for segment in segments {
        connection.push(segment, &mut events);
    }
    connection.close(at(1_000), &mut events);
    events
}

/// What a conversation means, a line an event, without progress and the version that is spoken; the
/// same for every split.
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
        Event::Progress { .. } | Event::Learned(Fact::ApiVersion { .. }) => return None,
        Event::Withdrawn { exchange } => format!("{} withdrawn", exchange.0),
        Event::Learned(fact) => format!("{fact:?}"),
        Event::Anomaly(anomaly) => format!("! {anomaly:?}"),
    })
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
    let lines = told(false, &run());
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

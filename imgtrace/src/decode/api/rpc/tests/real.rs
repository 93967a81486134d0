//! What real clients did, by the bytes of their connections.

use super::script::{Told, operations};
use crate::decode::conversation::Conversation;
use crate::decode::{Connection, Event};
use crate::model::Outcome;

/// What a recorded connection did, a line an operation.
fn told(said: &Conversation) -> Vec<String> {
    let mut connection = Connection::new(said.joined);
    let mut events = Vec::new();
    let mut last = said.segments[0].at;
    for segment in said.segments.clone() {
        last = segment.at;
        connection.push(segment, &mut events);
    }
    connection.close(last, &mut events);
    events.retain(|event| !matches!(event, Event::Learned(_)));
    operations(events).iter().map(line).collect()
}

fn line(told: &Told) -> String {
    let subject = &told.subject;
    let words = [
        Some(told.op.as_str().to_owned()),
        subject.image.clone().map(|image| without_port(&image)),
        subject.target.clone(),
        subject.container.clone(),
        subject.digest_kind.map(|kind| kind.as_str().to_owned()),
        subject.bytes.map(|bytes| bytes.to_string()),
        told.outcome
            .filter(|outcome| *outcome != Outcome::Ok)
            .map(|outcome| outcome.as_str().to_owned()),
        told.error.clone(),
    ];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The lab's registry listens on any port.
fn without_port(image: &str) -> String {
    let rest = image.strip_prefix("127.0.0.1:");
    let rest = rest.map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    rest.map_or_else(|| image.to_owned(), |rest| format!("registry{rest}"))
}

/// Recorded connections without a gap, from their first byte. `ctr` of containerd 1.6, and of 2.3
/// with `--local`, does everything itself.
const TOLD: &[(&str, &[&str])] = &[
    ("classic-run-containerd-ctr-1", &[]),
    ("classic-run-containerd-dockerd-2", &[]),
    ("ctr-1.6-containerd-containerd-shim-1", &[]),
    (
        "ctr-1.6-containerd-ctr-2",
        &[
            "create registry/imgtrace-lab/busybox:1 hello",
            "start hello",
            "remove-container hello",
        ],
    ),
    (
        "ctr-1.6-containerd-ctr-3",
        &["tag registry/imgtrace-lab/busybox:1 imgtrace.example/again:1 manifest"],
    ),
    (
        "ctr-1.6-containerd-ctr-4",
        &[
            "remove-image imgtrace.example/again:1",
            "remove-image registry/imgtrace-lab/busybox:1",
        ],
    ),
    ("ctr-1.6-shim-containerd-1", &["start hello"]),
    ("ctr-2.3-containerd-containerd-shim-1", &[]),
    (
        "ctr-2.3-containerd-ctr-2",
        &["pull registry/imgtrace-lab/busybox:1 manifest 1102201"],
    ),
    (
        "ctr-2.3-containerd-ctr-3",
        &["tag registry/imgtrace-lab/busybox:1 imgtrace.example/again:1"],
    ),
    (
        "ctr-2.3-containerd-ctr-4",
        &[
            "remove-image imgtrace.example/again:1",
            "remove-image registry/imgtrace-lab/busybox:1",
        ],
    ),
    ("ctr-2.3-shim-containerd-1", &["start hello"]),
    // import
    (
        "ctr-local-1.6-containerd-ctr-1",
        &["import registry/imgtrace-lab/host:1 manifest 1850"],
    ),
    // pull, twice
    (
        "ctr-local-1.6-containerd-ctr-2",
        &["pull registry/imgtrace-lab/host:1 manifest 1260"],
    ),
    (
        "ctr-local-1.6-containerd-ctr-3",
        &["pull registry/imgtrace-lab/host:1 manifest 0"],
    ),
    // export
    ("ctr-local-1.6-containerd-ctr-4", &[]),
    // tag --force, where the name is taken and where it is not
    (
        "ctr-local-1.6-containerd-ctr-5",
        &[
            "tag registry/imgtrace-lab/host:1 imgtrace.example/again:1 error \
             image \"imgtrace.example/again:1\": already exists",
            "remove-image imgtrace.example/again:1",
            "tag registry/imgtrace-lab/host:1 imgtrace.example/again:1 manifest",
        ],
    ),
    (
        "ctr-local-1.6-containerd-ctr-6",
        &["tag registry/imgtrace-lab/host:1 imgtrace.example/again:1 manifest"],
    ),
    (
        "ctr-local-2.3-containerd-ctr-2",
        &["pull registry/imgtrace-lab/host:1 manifest 1260"],
    ),
    ("store-run-containerd-dockerd-2", &[]),
];

#[test]
fn each_is_one_operation() {
    for (name, expected) in TOLD {
        let said = Conversation::load(name);
        assert!(said.is_whole() && !said.joined, "{name}");
        assert_eq!(told(&said), *expected, "{name}");
    }
}

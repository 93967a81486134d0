//! What the recorded connections of real clients mean.

use crate::decode::conversation::Conversation;
use crate::decode::{Connection, Event};

/// What a conversation means, a line an operation or an anomaly.
fn told(said: &Conversation) -> Vec<String> {
    let mut connection = Connection::new(said.joined);
    let mut events = Vec::new();
    for segment in &said.segments {
        connection.push(segment.clone(), &mut events);
    }
    connection.close(said.closed.unwrap_or_default(), &mut events);
    events.iter().filter_map(line).collect()
}

fn line(event: &Event) -> Option<String> {
    Some(match event {
        Event::Began {
            exchange,
            api,
            op,
            subject,
            basis,
            ..
        } => {
            let number = exchange.0 & 0xffff_ffff;
            let image = subject.image.as_deref().unwrap_or("-");
            let container = subject.container.as_deref().unwrap_or("-");
            let sure = basis.confidence;
            format!("{number} {api:?} {op:?} {image} {container} {sure:?}")
        }
        Event::Ended {
            exchange,
            outcome,
            error,
            subject,
            ..
        } => {
            let number = exchange.0 & 0xffff_ffff;
            let digest = subject.digest.as_deref().unwrap_or("-");
            let error = error.as_deref().unwrap_or_default();
            format!("{number} {outcome:?} {digest} {error}")
        }
        Event::Withdrawn { exchange } => format!("{} withdrawn", exchange.0 & 0xffff_ffff),
        Event::Anomaly(anomaly) => format!("! {anomaly:?}"),
        Event::Progress { .. } | Event::Learned(_) => return None,
    })
}

#[track_caller]
fn check(name: &str, expected: &[&str]) {
    let said = Conversation::load(name);
    assert_eq!(told(&said), expected, "{name}");
    // The same to who joined it at its first byte.
    let joined = Conversation {
        joined: true,
        ..said
    };
    assert_eq!(told(&joined), expected, "{name}, joined");
}

const DIGEST: &str = "sha256:5f4050595a98c1c12f3969e517fe7efbef32785a1ff63f4a3449adbd39d3971d";

#[test]
fn ctr_runs_a_container() {
    check(
        "ctr-1.6-containerd-ctr-2",
        &[
            "55 Containerd Create 127.0.0.1:41401/imgtrace-lab/busybox:1 hello Observed",
            "55 Ok - ",
            "67 Containerd Start - hello Observed",
            "67 Ok - ",
            "83 Containerd RemoveContainer - hello Observed",
            "83 Ok - ",
        ],
    );
}

#[test]
fn ctr_tags_and_removes_an_image() {
    check(
        "ctr-1.6-containerd-ctr-3",
        &[
            "5 Containerd Tag 127.0.0.1:41401/imgtrace-lab/busybox:1 - Observed",
            &format!("5 Ok {DIGEST} "),
        ],
    );
    check(
        "ctr-1.6-containerd-ctr-4",
        &[
            "1 Containerd RemoveImage imgtrace.example/again:1 - Observed",
            "1 Ok - ",
            "3 Containerd RemoveImage 127.0.0.1:41401/imgtrace-lab/busybox:1 - Observed",
            "3 Ok - ",
        ],
    );
}

#[test]
fn ctr_has_containerd_pull() {
    check(
        "ctr-2.3-containerd-ctr-2",
        &[
            "9 Containerd Pull 127.0.0.1:36945/imgtrace-lab/busybox:1 - Observed",
            &format!("9 Ok {DIGEST} "),
        ],
    );
}

#[test]
fn containerd_has_a_shim_start_a_container() {
    for (name, stream) in [("ctr-1.6", 5), ("ctr-2.3", 7)] {
        check(
            &format!("{name}-shim-containerd-1"),
            &[
                &format!("{stream} Shim Start - hello Observed"),
                &format!("{stream} Ok - "),
            ],
        );
    }
}

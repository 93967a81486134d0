//! What the recorded connections of real clients mean.

use crate::decode::conversation::Conversation;
use crate::decode::{Connection, Event};

/// The host of the lab's registry.
const REGISTRY: &str = "127.0.0.1:";

/// What a conversation means, a line an operation or an anomaly; without what another recording of
/// the same story has otherwise: streams, ids, digests, the registry's port.
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
            api,
            op,
            subject,
            basis,
            ..
        } => {
            let image = subject.image.as_deref().unwrap_or("-");
            let image = image.strip_prefix(REGISTRY).map_or(image, |image| {
                image.split_once('/').map_or(image, |(_, name)| name)
            });
            let container = subject.container.as_deref().unwrap_or("-");
            let container = if container.len() == 64 {
                "id"
            } else {
                container
            };
            let sure = basis.confidence;
            format!("{api:?} {op:?} {image} {container} {sure:?}")
        }
        Event::Ended {
            outcome,
            error,
            subject,
            ..
        } => {
            let digest = subject.digest.as_deref();
            let digest = digest.map_or("-", |digest| digest.split(':').next().unwrap());
            let error = error.as_deref().unwrap_or("-");
            format!("{outcome:?} {digest} {error}")
        }
        Event::Withdrawn { .. } => "withdrawn".to_owned(),
        Event::Anomaly(anomaly) => format!("! {anomaly:?}"),
        Event::Progress { .. } | Event::Learned(_) => return None,
    })
}

#[track_caller]
fn check(name: &str, expected: &[&str]) {
    let said = Conversation::load(name);
    assert!(said.is_whole(), "{name}");
    assert_eq!(told(&said), expected, "{name}");
    // The same to who joined it at its first byte.
    let joined = Conversation {
        joined: true,
        ..said
    };
    assert_eq!(told(&joined), expected, "{name}, joined");
}

#[test]
fn ctr_runs_a_container() {
    check(
        "ctr-1.6-containerd-ctr-2",
        &[
            "Containerd Create imgtrace-lab/busybox:1 hello Observed",
            "Ok - -",
            "Containerd Start - hello Observed",
            "Ok - -",
            "Containerd RemoveContainer - hello Observed",
            "Ok - -",
        ],
    );
}

#[test]
fn ctr_tags_and_removes_an_image() {
    check(
        "ctr-1.6-containerd-ctr-3",
        &[
            "Containerd Tag imgtrace-lab/busybox:1 - Observed",
            "Ok sha256 -",
        ],
    );
    check(
        "ctr-1.6-containerd-ctr-4",
        &[
            "Containerd RemoveImage imgtrace.example/again:1 - Observed",
            "Ok - -",
            "Containerd RemoveImage imgtrace-lab/busybox:1 - Observed",
            "Ok - -",
        ],
    );
}

#[test]
fn ctr_has_containerd_pull() {
    check(
        "ctr-2.3-containerd-ctr-2",
        &[
            "Containerd Pull imgtrace-lab/busybox:1 - Observed",
            "Ok sha256 -",
        ],
    );
}

#[test]
fn containerd_has_a_shim_start_a_container() {
    for name in ["ctr-1.6", "ctr-2.3"] {
        check(
            &format!("{name}-shim-containerd-1"),
            &["Shim Start - hello Observed", "Ok - -"],
        );
    }
}

#[test]
fn dockerd_runs_a_container_on_a_connection_that_was_there() {
    for name in ["classic-run", "classic-run-late"] {
        check(
            &format!("{name}-containerd-dockerd-1"),
            &[
                "Containerd Create - id Observed",
                "Ok - -",
                "Containerd Start - id Observed",
                "Ok - -",
                "Containerd RemoveContainer - id Observed",
                "Ok - -",
            ],
        );
    }
}

#[test]
fn buildx_builds_behind_an_upgrade_and_its_sessions_are_no_operation() {
    let mut told_of_all = Vec::new();
    for said in Conversation::all() {
        if said.name.starts_with("build-docker-docker-buildx-") {
            told_of_all.extend(told(&said));
        }
    }
    let built = "BuildKit Build docker.io/imgtrace-lab/built:1 - Observed";
    assert_eq!(told_of_all, [built, "Ok sha256 -"]);
}

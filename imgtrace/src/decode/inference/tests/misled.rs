//! Contradictions, gaps, bounds.

use super::wire::{container, create, id, message, pod_config, text};
use super::{Session, ok};
use crate::decode::rpc::Event;
use crate::decode::{Direction, grpc};
use crate::model::{Confidence, Stamp};

const RUN: &str = "/runtime.v1.RuntimeService/RunPodSandbox";
const CREATE: &str = "/runtime.v1.RuntimeService/CreateContainer";
const START: &str = "/runtime.v1.RuntimeService/StartContainer";
const LIST: &str = "/runtime.v1.RuntimeService/ListContainers";

#[test]
fn known_paths_pass_untouched() {
    let mut session = Session::new();
    let call = session.literal("/x.Y/Z");
    session.say(call, Direction::ToServer, b"?");
    session.say(call, Direction::ToClient, b"!");
    session.end(call, ok());
    assert_eq!(
        session.path(call).unwrap(),
        ("/x.Y/Z".to_owned(), Confidence::Observed)
    );
    assert_eq!(
        session.story(call),
        ["called", "request", "answer", "ended"]
    );
}

#[test]
fn what_has_no_known_form_is_one_anomaly_and_nothing_else() {
    let mut session = Session::new();
    let call = session.call("/x.Y/Z", b"\x22\x03abc", b"\x08\x01");
    assert!(session.story(call).is_empty());
    assert_eq!(session.unknown(), 1);
}

#[test]
fn a_path_that_is_inserted_takes_back_an_entry_that_lives_on() {
    let mut session = Session::new();
    session.call(LIST, b"", &container(&id(2), 1));
    let run = session.call(RUN, &pod_config(1), &text(1, &id(1)));
    let concluded = session.head(-2);
    session.say(concluded, Direction::ToServer, &pod_config(1));
    assert_eq!(session.concluded(concluded).unwrap(), RUN);
    session.literal(RUN);
    assert_eq!(
        session.concluded(run).unwrap(),
        RUN,
        "the old entry may have gone"
    );
    session.head(-2);
    assert_eq!(session.concluded(run), None);
    assert_eq!(session.story(concluded), ["called", "request", "withdrawn"]);
    session.end(concluded, ok());
    assert_eq!(session.unknown(), 2);
}

#[test]
fn an_entry_that_went_and_came_back_is_no_contradiction() {
    let mut session = Session::new();
    session.call(LIST, b"", &container(&id(2), 1));
    let run = session.call(RUN, &pod_config(1), &text(1, &id(1)));
    let literal = session.literal(RUN);
    session.end(literal, ok());
    let known = session.call(RUN, &pod_config(1), &text(1, &id(3)));
    assert_eq!(session.concluded(run).unwrap(), RUN);
    assert!(session.path(known).is_some());
    let withdrawn = |event: &&Event| matches!(event, Event::Withdrawn { .. });
    assert_eq!(session.told.iter().filter(withdrawn).count(), 0);
}

#[test]
fn an_answer_that_does_not_fit_takes_the_conclusion_back() {
    let mut session = Session::new();
    session.call(CREATE, &create(&id(1)), &text(1, &id(2)));
    session.call(START, &text(1, &id(2)), b"");
    session.call(LIST, b"", &container(&id(2), 1));
    let call = session.begin(START);
    session.say(call, Direction::ToServer, &text(1, &id(4)));
    assert_eq!(session.concluded(call).unwrap(), START);
    session.say(call, Direction::ToClient, &text(1, "http://127.0.0.1"));
    assert_eq!(session.story(call), ["called", "request", "withdrawn"]);
    session.end(call, ok());
    let next = session.call(START, &text(1, &id(5)), b"");
    assert_eq!(session.concluded(next), None, "the entry is doubted");
}

#[test]
fn an_entry_is_not_used_for_an_id_of_another_kind() {
    let mut session = Session::new();
    session.call(RUN, &pod_config(1), &text(1, &id(1)));
    session.call(CREATE, &create(&id(1)), &text(1, &id(2)));
    session.call(START, &text(1, &id(2)), b"");
    session.call(LIST, b"", &container(&id(2), 1));
    let call = session.call(START, &text(1, &id(1)), b"");
    assert_eq!(session.concluded(call), None);
}

#[test]
fn a_place_that_never_varies_is_not_the_path() {
    let mut session = Session::new();
    let run = session.head(-7);
    session.say(run, Direction::ToServer, &pod_config(1));
    session.say(run, Direction::ToClient, &text(1, &id(1)));
    session.end(run, ok());
    assert_eq!(session.concluded(run).unwrap(), RUN);
    let other = session.head(-7);
    session.say(other, Direction::ToServer, &pod_config(1));
    assert_eq!(session.concluded(other), None);
    session.say(other, Direction::ToClient, &text(1, "http://127.0.0.1"));
    session.end(other, ok());
    assert_eq!(session.concluded(other), None);
}

#[test]
fn after_a_gap_nothing_is_concluded_from_what_was_before() {
    let mut session = Session::new();
    session.call(CREATE, &create(&id(1)), &text(1, &id(2)));
    let start = session.call(START, &text(1, &id(2)), b"");
    let open = session.begin(RUN);
    session.say(open, Direction::ToServer, &pod_config(1));
    session.push(grpc::Event::Interrupted {
        direction: Direction::ToServer,
        at: Stamp::default(),
    });
    session.say(open, Direction::ToClient, &text(1, &id(1)));
    session.end(open, ok());
    session.call(LIST, b"", &container(&id(2), 1));
    assert_eq!(session.concluded(open), None);
    assert_eq!(session.concluded(start), None);
}

#[test]
fn an_end_that_was_not_seen_tells_nothing() {
    let mut session = Session::new();
    let open = session.begin(RUN);
    session.say(open, Direction::ToServer, &pod_config(1));
    session.end(open, crate::decode::rpc::End::Unseen);
    assert_eq!(session.concluded(open), None);
    assert_eq!(session.unknown(), 1);
}

#[test]
fn what_is_held_back_is_bounded() {
    let mut session = Session::new();
    let large = vec![0x0a; 100 * 1024];
    for _ in 0..100 {
        let call = session.begin("/x.Y/Z");
        session.say(call, Direction::ToServer, &large);
        assert!(session.inference.held <= super::super::HELD);
    }
    let long = session.begin(RUN);
    for _ in 0..20 {
        session.say(long, Direction::ToServer, &pod_config(1));
    }
    session.say(long, Direction::ToClient, &text(1, &id(1)));
    session.end(long, ok());
    assert_eq!(session.concluded(long), None);
}

#[test]
fn the_end_of_the_connection_ends_the_waiting() {
    let mut session = Session::new();
    session.call(CREATE, &create(&id(1)), &text(1, &id(2)));
    session.call(START, &text(1, &id(2)), b"");
    assert_eq!(session.unknown(), 0);
    session.inference.close(&mut session.told);
    assert_eq!(session.unknown(), 1);
}

#[test]
fn lists_that_never_end_are_not_all_kept() {
    let mut session = Session::new();
    session.call(LIST, b"", &container(&id(2), 1));
    let list: Vec<u8> = (0..200).flat_map(|_| container(&id(2), 1)).collect();
    let all: Vec<_> = (0..1_000)
        .map(|_| {
            let call = session.literal(LIST);
            session.say(call, Direction::ToServer, b"");
            session.say(call, Direction::ToClient, &list);
            call
        })
        .collect();
    assert_eq!(session.inference.lists.bytes(), 16 * list.len());
    for call in all {
        session.end(call, ok());
    }
    assert_eq!(session.inference.lists.bytes(), 0);
}

#[test]
fn calls_that_wait_hold_a_bounded_number_of_bytes() {
    let mut session = Session::new();
    // An image's name and a long list of annotations: it may be a removal.
    let annotations = "x".repeat(100_000);
    let spec = message(
        1,
        &[
            text(1, "docker.io/library/busybox:1"),
            text(2, &annotations),
        ],
    );
    for _ in 0..40 {
        session.call("/runtime.v1.ImageService/RemoveImage", &spec, b"");
    }
    let bytes = session.inference.waiting.bytes();
    assert!((900_000..=1 << 20).contains(&bytes), "{bytes}");
    assert_eq!(session.unknown(), 30);
}

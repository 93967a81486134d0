//! What kubelet says, joined in the middle.

use super::wire::{
    container, create, id, image_spec, image_status, number, pod_config, sandbox, text,
};
use super::{Session, ok};
use crate::decode::Direction;
use crate::decode::rpc::{End, Event};

const START: &str = "/runtime.v1.RuntimeService/StartContainer";
const STOP: &str = "/runtime.v1.RuntimeService/StopContainer";
const REMOVE: &str = "/runtime.v1.RuntimeService/RemoveContainer";
const CREATE: &str = "/runtime.v1.RuntimeService/CreateContainer";
const RUN: &str = "/runtime.v1.RuntimeService/RunPodSandbox";
const STOP_POD: &str = "/runtime.v1.RuntimeService/StopPodSandbox";
const REMOVE_POD: &str = "/runtime.v1.RuntimeService/RemovePodSandbox";
const CONTAINERS: &str = "/runtime.v1.RuntimeService/ListContainers";
const SANDBOXES: &str = "/runtime.v1.RuntimeService/ListPodSandbox";
const PULL: &str = "/runtime.v1.ImageService/PullImage";
const STATUS: &str = "/runtime.v1.ImageService/ImageStatus";
const REMOVE_IMAGE: &str = "/runtime.v1.ImageService/RemoveImage";

/// One look at everything, as kubelet takes every second.
fn relist(session: &mut Session, sandboxes: &[Vec<u8>], containers: &[Vec<u8>]) {
    session.call(SANDBOXES, b"", &sandboxes.concat());
    session.call(
        CONTAINERS,
        &super::wire::message(1, &[]),
        &containers.concat(),
    );
}

#[test]
fn a_pod_is_run_and_its_container_created_and_started() {
    let mut session = Session::new();
    relist(&mut session, &[], &[]);
    let run = session.call(RUN, &pod_config(1), &text(1, &id(1)));
    let created = session.call(CREATE, &create(&id(1)), &text(1, &id(2)));
    let started = session.call(START, &text(1, &id(2)), b"");
    assert_eq!(session.concluded(run).unwrap(), RUN);
    assert_eq!(session.concluded(created).unwrap(), CREATE);
    assert_eq!(
        session.concluded(started),
        None,
        "not before its state is seen"
    );
    relist(&mut session, &[sandbox(&id(1), 0)], &[container(&id(2), 1)]);
    assert_eq!(session.concluded(started).unwrap(), START);
    assert_eq!(
        session.story(started),
        ["called", "request", "answer", "ended"]
    );
}

#[test]
fn the_second_start_is_told_at_its_request() {
    let mut session = Session::new();
    session.call(CREATE, &create(&id(1)), &text(1, &id(2)));
    session.call(START, &text(1, &id(2)), b"");
    relist(&mut session, &[sandbox(&id(1), 0)], &[container(&id(2), 1)]);
    session.call(CREATE, &create(&id(1)), &text(1, &id(3)));
    let second = session.begin(START);
    session.say(second, Direction::ToServer, &text(1, &id(3)));
    assert_eq!(session.story(second), ["called", "request"]);
    session.end(second, super::session::error());
    assert_eq!(session.story(second), ["called", "request", "ended"]);
}

#[test]
fn a_start_that_failed_is_one() {
    let mut session = Session::new();
    session.call(CREATE, &create(&id(1)), &text(1, &id(2)));
    let failed = session.failing(START, &text(1, &id(2)));
    relist(&mut session, &[sandbox(&id(1), 0)], &[container(&id(2), 2)]);
    assert_eq!(session.concluded(failed).unwrap(), START);
}

#[test]
fn a_created_container_that_is_removed_was_not_started() {
    let mut session = Session::new();
    session.call(CREATE, &create(&id(1)), &text(1, &id(2)));
    let removed = session.call(REMOVE, &text(1, &id(2)), b"");
    relist(&mut session, &[sandbox(&id(1), 0)], &[container(&id(9), 1)]);
    session.wait(60);
    relist(&mut session, &[sandbox(&id(1), 0)], &[container(&id(9), 1)]);
    assert_eq!(session.concluded(removed), None);
    assert_eq!(session.unknown(), 1);
}

#[test]
fn two_requests_for_one_id_tell_nothing() {
    let mut session = Session::new();
    session.call(CREATE, &create(&id(1)), &text(1, &id(2)));
    let first = session.call(START, &text(1, &id(2)), b"");
    let second = session.call(
        "/runtime.v1.RuntimeService/ReopenContainerLog",
        &text(1, &id(2)),
        b"",
    );
    relist(&mut session, &[sandbox(&id(1), 0)], &[container(&id(2), 1)]);
    assert_eq!(session.concluded(first), None);
    assert_eq!(session.concluded(second), None);
}

#[test]
fn a_list_that_was_asked_for_before_the_end_tells_nothing() {
    let mut session = Session::new();
    relist(&mut session, &[sandbox(&id(1), 0)], &[container(&id(9), 1)]);
    session.call(CREATE, &create(&id(1)), &text(1, &id(2)));
    let start = session.begin(START);
    session.say(start, Direction::ToServer, &text(1, &id(2)));
    let list = session.begin(CONTAINERS);
    session.say(list, Direction::ToServer, b"");
    session.say(start, Direction::ToClient, b"");
    session.end(start, ok());
    session.say(list, Direction::ToClient, &container(&id(2), 0));
    session.end(list, ok());
    assert_eq!(session.concluded(start), None);
    relist(&mut session, &[sandbox(&id(1), 0)], &[container(&id(2), 1)]);
    assert_eq!(session.concluded(start).unwrap(), START);
}

#[test]
fn what_stops_and_removes_is_told_by_kind_and_state() {
    let mut session = Session::new();
    let pods = [sandbox(&id(1), 0), sandbox(&id(9), 0)];
    relist(
        &mut session,
        &pods,
        &[container(&id(2), 1), container(&id(8), 1)],
    );
    let stop = session.call(STOP, &[text(1, &id(2)), number(2, 30)].concat(), b"");
    assert_eq!(session.concluded(stop).unwrap(), STOP);
    relist(
        &mut session,
        &pods,
        &[container(&id(2), 2), container(&id(8), 1)],
    );
    let stop_pod = session.call(STOP_POD, &text(1, &id(1)), b"");
    let again = session.call(STOP_POD, &text(1, &id(1)), b"");
    let pods = [sandbox(&id(1), 1), sandbox(&id(9), 0)];
    relist(
        &mut session,
        &pods,
        &[container(&id(2), 2), container(&id(8), 1)],
    );
    assert_eq!(session.concluded(stop_pod).unwrap(), STOP_POD);
    assert_eq!(session.concluded(again).unwrap(), STOP_POD);
    let remove = session.call(REMOVE, &text(1, &id(2)), b"");
    relist(&mut session, &pods, &[container(&id(8), 1)]);
    assert_eq!(session.concluded(remove).unwrap(), REMOVE);
    let remove_pod = session.call(REMOVE_POD, &text(1, &id(1)), b"");
    relist(&mut session, &[sandbox(&id(9), 0)], &[container(&id(8), 1)]);
    assert_eq!(session.concluded(remove_pod).unwrap(), REMOVE_POD);
    assert_eq!(session.unknown(), 0);
}

#[test]
fn a_pull_is_told_by_its_answer_and_the_next_by_its_entry() {
    let mut session = Session::new();
    let status = session.call(STATUS, &image_spec(1, "busybox"), &image_status());
    assert_eq!(session.concluded(status).unwrap(), STATUS);
    let request = [image_spec(1, "busybox"), pod_config(3)].concat();
    let pull = session.begin(PULL);
    session.say(pull, Direction::ToServer, &request);
    assert_eq!(
        session.concluded(pull),
        None,
        "no conclusion from a request alone"
    );
    session.say(pull, Direction::ToClient, &text(1, &super::wire::digest(7)));
    assert_eq!(session.concluded(pull).unwrap(), PULL);
    session.end(pull, ok());
    let next = session.begin(PULL);
    session.say(next, Direction::ToServer, &request);
    assert_eq!(session.concluded(next).unwrap(), PULL);
}

#[test]
fn the_status_of_an_answer_that_was_given_is_ok() {
    let mut session = Session::new();
    let run = session.call(RUN, &pod_config(1), &text(1, &id(1)));
    let end = session.told.iter().find_map(|event| match event {
        Event::Ended { exchange, end, .. } if *exchange == run => Some(end.clone()),
        _ => None,
    });
    assert!(matches!(end, Some(End::Status { code: Some(0), .. })));
}

#[test]
fn a_pull_that_fails_is_told_by_its_pod() {
    let mut session = Session::new();
    let request = [image_spec(1, "busybox:none"), pod_config(3)].concat();
    let failed = session.failing(PULL, &request);
    assert_eq!(session.concluded(failed).unwrap(), PULL);
    let without = session.failing(PULL, &image_spec(1, "busybox:none"));
    assert_eq!(
        session.concluded(without),
        None,
        "it may be a status or a removal"
    );
}

#[test]
fn a_removed_image_is_told_by_elimination() {
    let mut session = Session::new();
    let before = session.call(REMOVE_IMAGE, &image_spec(1, "busybox"), b"");
    session.call(STATUS, &image_spec(1, "busybox"), &image_status());
    let removed = session.call(REMOVE_IMAGE, &image_spec(1, "busybox"), b"");
    assert_eq!(session.concluded(removed).unwrap(), REMOVE_IMAGE);
    assert_eq!(
        session.concluded(before).unwrap(),
        REMOVE_IMAGE,
        "same entry"
    );
    let missing = session.call(STATUS, &image_spec(1, "other"), b"");
    assert_eq!(session.concluded(missing).unwrap(), STATUS);
}

#[test]
fn the_version_that_was_seen_is_the_one_that_is_concluded() {
    let mut session = Session::new();
    let literal = session.literal("/runtime.v1alpha2.RuntimeService/Version");
    session.say(literal, Direction::ToServer, b"");
    let run = session.call(RUN, &pod_config(1), &text(1, &id(1)));
    let path = session.concluded(run).unwrap();
    assert_eq!(path, "/runtime.v1alpha2.RuntimeService/RunPodSandbox");
}

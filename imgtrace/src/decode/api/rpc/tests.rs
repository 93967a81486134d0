//! What all APIs have in common: calls that are known, ends, guesses, bounds.

mod properties;
pub(in crate::decode::api) mod proto;
mod real;
pub(in crate::decode::api) mod script;

use proto::Proto;
use script::{Script, ok, refused};

use crate::decode::rpc::End;
use crate::decode::{Event, Exchange};
use crate::model::{Api, Basis, Op, Outcome};
use crate::observation::Anomaly;

const PULL: &str = "/runtime.v1.ImageService/PullImage";
const START: &str = "/runtime.v1.RuntimeService/StartContainer";

fn pull_of(name: &str) -> Proto {
    Proto::new().message(1, &Proto::new().text(1, name))
}

#[test]
fn what_is_not_known_says_nothing() {
    for path in [
        "/grpc.health.v1.Health/Check",
        "/runtime.v1.RuntimeService/Status",
        "/runtime.v2.RuntimeService/StartContainer",
        "/runtime.v1.ImageService/StartContainer",
        "/containerd.services.snapshots.v1.Snapshots/Prepare",
        "/containerd.services.leases.v1.Leases/Create",
        "/containerd.services.events.ttrpc.v1.Events/Forward",
        "/containerd.services.sandbox.v1.Controller/Start",
        "/containerd.runtime.sandbox.v1.Sandbox/CreateSandbox",
        "/moby.filesync.v1.Auth/Credentials",
        "/moby.buildkit.v1.Control/Status",
        "runtime.v1.ImageService/PullImage",
        "/PullImage",
        "",
    ] {
        let mut script = Script::new();
        script.unary(path, &pull_of("busybox"), &Proto::new());
        assert_eq!(script.take(), [], "{path}");
    }
}

#[test]
fn an_operation_begins_with_its_request_and_ends_with_its_status() {
    let mut script = Script::new();
    let exchange = script.call(PULL);
    assert_eq!(
        script.take(),
        [],
        "the head alone does not say what is pulled"
    );
    script.ask(exchange, &pull_of("busybox"));
    let [
        Event::Began {
            at,
            api,
            op,
            subject,
            basis,
            ..
        },
    ] = &script.take()[..]
    else {
        panic!("one event");
    };
    assert_eq!((*api, *op, at.mono), (Api::Cri, Op::Pull, 1));
    assert_eq!(
        subject.image.as_deref(),
        Some("docker.io/library/busybox:latest")
    );
    assert_eq!(*basis, Basis::OBSERVED);
    script.end(exchange, ok());
    let [
        Event::Ended {
            at, outcome, error, ..
        },
    ] = &script.take()[..]
    else {
        panic!("one event");
    };
    assert_eq!((at.mono, *outcome, error), (3, Outcome::Ok, &None));
}

#[test]
fn basis_and_correlation_are_passed_on() {
    let mut script = Script::new();
    script.basis = Basis::inferred(vec!["its shape".to_owned()]);
    script.correlation.trace = Some("4bf92f3577b34da6a3ce929d0e0e4736".to_owned());
    script.correlation.by_client = true;
    script.unary(PULL, &pull_of("busybox"), &Proto::new());
    let [
        Event::Began {
            basis, correlation, ..
        },
        _,
    ] = &script.take()[..]
    else {
        panic!("two events");
    };
    assert_eq!(*basis, script.basis);
    assert_eq!(*correlation, script.correlation);
}

#[test]
fn ends() {
    let status = |code, message: &str| End::Status {
        code,
        message: message.to_owned(),
    };
    let cases = [
        (ok(), false, Outcome::Ok, None),
        (
            refused(5, "not found"),
            false,
            Outcome::Error,
            Some("not found"),
        ),
        (refused(14, ""), false, Outcome::Error, None),
        (status(None, ""), true, Outcome::Ok, None),
        (status(None, ""), false, Outcome::Unknown, None),
        (
            status(None, "no such image"),
            false,
            Outcome::Error,
            Some("no such image"),
        ),
        (End::Cancelled, true, Outcome::Unknown, None),
        (End::Unseen, true, Outcome::Unknown, None),
    ];
    for (end, is_answered, outcome, error) in cases {
        let mut script = Script::new();
        let exchange = script.call(START);
        script.ask(exchange, &Proto::new().text(1, "abc"));
        if is_answered {
            script.answer(exchange, &Proto::new());
        }
        script.end(exchange, end.clone());
        let told = script.operations();
        let [told] = &told[..] else {
            panic!("one operation for {end:?}");
        };
        assert_eq!(told.outcome, Some(outcome), "{end:?}");
        assert_eq!(told.error.as_deref(), error, "{end:?}");
    }
}

#[test]
fn errors_are_cleaned() {
    let mut script = Script::new();
    let exchange = script.call(PULL);
    script.ask(exchange, &pull_of("r.example/x"));
    let message = "failed to pull https://go:hunter2@r.example/v2/x?token=abcdef:\u{1b}[31m denied";
    script.end(exchange, refused(2, message));
    let told = script.operations();
    let error = told[0].error.clone().unwrap();
    assert!(
        !error.contains("hunter2") && !error.contains("abcdef"),
        "{error}"
    );
    assert!(
        error.contains("denied") && !error.contains('\u{1b}'),
        "{error}"
    );
}

#[test]
fn a_guess_is_taken_back_while_it_runs_and_after_it_has_ended() {
    let mut script = Script::new();
    script.basis = Basis::inferred(vec!["its shape".to_owned()]);
    let exchange = script.call(PULL);
    script.withdraw(exchange);
    assert_eq!(script.take(), [], "nothing was told of it");

    let exchange = script.call(PULL);
    script.ask(exchange, &pull_of("busybox"));
    script.withdraw(exchange);
    let events = script.take();
    assert_eq!(events.last(), Some(&Event::Withdrawn { exchange }));
    script.end(exchange, ok());
    assert_eq!(script.take(), [], "what was taken back does not end");

    let exchange = script.unary(PULL, &pull_of("busybox"), &Proto::new());
    script.take();
    script.withdraw(exchange);
    assert_eq!(script.take(), [Event::Withdrawn { exchange }]);
    script.withdraw(exchange);
    assert_eq!(script.take(), [], "once");
    let exchange = script.unary(
        "/runtime.v1.RuntimeService/Version",
        &Proto::new(),
        &Proto::new(),
    );
    script.withdraw(exchange);
    assert_eq!(script.take(), [], "it had told nothing");
}

#[test]
fn what_was_taken_back_may_begin_as_another() {
    let mut script = Script::new();
    let exchange = script.call("/runtime.v1.RuntimeService/StopContainer");
    script.ask(exchange, &Proto::new().text(1, "abc"));
    script.withdraw(exchange);
    script.take();
    script.call_as(exchange, START);
    script.ask(exchange, &Proto::new().text(1, "abc"));
    script.end(exchange, ok());
    let told = script.operations();
    assert_eq!(told.len(), 1);
    assert_eq!(
        (told[0].op, told[0].outcome),
        (Op::Start, Some(Outcome::Ok))
    );
}

#[test]
fn a_connection_that_is_gone_ends_what_it_had_begun() {
    let mut script = Script::new();
    let exchange = script.call(PULL);
    script.ask(exchange, &pull_of("busybox"));
    script.close();
    let told = script.operations();
    assert_eq!(told[0].outcome, Some(Outcome::Unknown));
}

#[test]
fn a_message_that_is_none_is_an_anomaly_and_its_operation_stands() {
    let mut script = Script::new();
    let exchange = script.call(PULL);
    let mut bytes = pull_of("busybox").bytes();
    bytes.extend([0xff; 12]);
    script.ask_bytes(exchange, &bytes, true);
    let events = script.take();
    assert!(
        matches!(&events[..], [
        Event::Began { subject, .. },
        Event::Anomaly(Anomaly::MalformedMessage),
    ] if subject.image.is_some()),
        "{events:?}"
    );
}

#[test]
fn calls_are_bounded() {
    let mut script = Script::new();
    for _ in 0..super::MAX_CALLS {
        script.call(PULL);
    }
    assert_eq!(script.take(), []);
    script.call(PULL);
    assert_eq!(script.take(), [Event::Anomaly(Anomaly::TooManyStreams)]);
    script.call("/runtime.v1.RuntimeService/Status");
    assert_eq!(script.take(), [], "what is not followed takes no place");
    script.end(Exchange(0), ok());
    let exchange = script.call(PULL);
    script.ask(exchange, &pull_of("busybox"));
    assert_eq!(script.operations().len(), 1);
}

#[test]
fn anomalies_are_passed_on() {
    let mut script = Script::new();
    script.event(crate::decode::rpc::Event::Anomaly(Anomaly::UnknownMethod));
    assert_eq!(script.take(), [Event::Anomaly(Anomaly::UnknownMethod)]);
}

use super::super::samples::{self, at, denied, endpoint, pull, rendered, zone};
use super::super::{Output, Settings};
use super::*;
use crate::model::{AnomalyCount, Operation, Store, StoreId, Summary};
use crate::observation::Anomaly;

fn settings() -> Settings {
    Settings {
        output: Output::Text,
        zone: zone(),
        ..Settings::default()
    }
}

#[test]
fn a_new_day_is_told_once() {
    let day = 86_400_000;
    let late = |millis| {
        Report::Ended(Operation {
            at: at(millis),
            ..pull()
        })
    };
    let all = rendered(settings(), &[late(0), late(day), late(5), late(day + 1)]);
    let days: Vec<&str> = all.lines().filter(|line| line.starts_with("--")).collect();
    assert_eq!(days, ["-- 2026-01-02 --"]);
    assert_eq!(all.lines().count(), 5);
}

#[test]
fn two_daemons_of_a_kind_are_told_apart_while_both_are_there() {
    let ended = Report::Ended(pull());
    let found = |number| Report::Endpoint(at(0), endpoint(number));
    let gone = Report::Endpoint(
        at(0),
        Endpoint {
            state: EndpointState::Gone,
            ..endpoint(2)
        },
    );
    let all = rendered(
        settings(),
        &[
            found(1),
            ended.clone(),
            found(2),
            ended.clone(),
            gone,
            ended,
        ],
    );
    let numbered: Vec<bool> = all
        .lines()
        .filter(|line| line.contains("pull"))
        .map(|line| line.contains("docker e1"))
        .collect();
    assert_eq!(numbered, [false, true, false]);
}

#[test]
fn endpoints_are_remembered_up_to_a_bound() {
    let mut state = State::default();
    for number in 0..5_000 {
        state.remember(&endpoint(number));
    }
    assert_eq!(state.watched.len(), MAX_ENDPOINTS);
}

#[test]
fn an_endpoint_of_which_little_is_known() {
    let bare = Endpoint {
        server: None,
        joined: 0,
        ..endpoint(1)
    };
    let all = rendered(settings(), &[Report::Endpoint(at(0), bare)]);
    assert_eq!(
        all,
        "12:04:07.113  watch   e1 docker /run/docker.sock  daemon not known yet\n"
    );
    let mut nameless = Endpoint {
        joined: 1,
        ..endpoint(1)
    };
    nameless.server = nameless.server.map(|server| crate::model::Server {
        exe: None,
        version: None,
        ..server
    });
    let all = rendered(settings(), &[Report::Endpoint(at(0), nameless)]);
    assert!(all.ends_with("  (pid 812), 1 connection joined\n"), "{all}");
}

#[test]
fn a_refusal_is_explained_once() {
    let refused = || Report::Ended(denied());
    let other = Operation {
        error: Some("no such file".to_owned()),
        ..denied()
    };
    let all = rendered(
        settings(),
        &[
            refused(),
            Report::Ended(pull()),
            refused(),
            Report::Ended(other),
            refused(),
        ],
    );
    assert_eq!(all.matches("connect-denied").count(), 4);
    assert_eq!(all.matches("permission denied").count(), 2);
}

#[test]
fn a_line_that_was_a_wrong_guess_is_taken_back() {
    let guess = Operation {
        confidence: Confidence::Inferred,
        ..pull()
    };
    let id = guess.id;
    let back = Report::Withdrawn { at: at(1), id };
    let all = rendered(
        settings(),
        &[Report::Ended(guess), back.clone(), back.clone()],
    );
    let lines: Vec<_> = all.lines().skip(1).collect();
    assert_eq!(
        lines,
        ["12:04:07.114  undone  pull docker.io/library/nginx:1.27 was a wrong guess"]
    );
    let filter = super::super::Filter(vec!["op=push".parse().unwrap()]);
    let hidden = Settings {
        filter,
        ..settings()
    };
    let guess = Operation {
        confidence: Confidence::Inferred,
        ..pull()
    };
    assert_eq!(rendered(hidden, &[Report::Ended(guess), back]), "");
}

#[test]
fn what_is_part_of_another_leaves_no_line() {
    let merged = Report::Merged {
        at: at(0),
        id: OperationId(2),
        into: OperationId(1),
    };
    assert_eq!(rendered(settings(), &[merged]), "");
}

#[test]
fn shims_have_no_line() {
    let shim = Endpoint {
        runtime: Runtime::Shim,
        ..endpoint(7)
    };
    for output in [Output::Text, Output::Wide] {
        let settings = Settings {
            output,
            ..settings()
        };
        assert_eq!(
            rendered(settings, &[Report::Endpoint(at(0), shim.clone())]),
            ""
        );
    }
    let settings = Settings {
        output: Output::Json,
        ..settings()
    };
    let json = rendered(settings, &[Report::Endpoint(at(0), shim)]);
    assert!(json.contains("\"runtime\":\"shim\""), "{json}");
}

#[test]
fn calls_without_a_name_are_counted_where_it_is_asked_for() {
    let count = AnomalyCount {
        anomaly: Anomaly::UnknownMethod,
        count: 12,
    };
    let summary = || {
        Report::Summary(Summary {
            anomalies: vec![count],
            ..Summary::default()
        })
    };
    assert_eq!(rendered(settings(), &[summary()]).lines().count(), 1);
    let settings = Settings {
        evidence: true,
        ..settings()
    };
    let all = rendered(settings, &[summary()]);
    assert!(all.contains("unknown-method    12 not decoded"), "{all}");
}

#[test]
fn two_namespaces_of_one_root_are_told_apart() {
    let settings = Settings {
        evidence: true,
        ..settings()
    };
    let store = |id, namespace: &str| {
        let namespace = Some(namespace.to_owned());
        let store = Store {
            namespace,
            ..samples::store()
        };
        Report::Store(at(0), StoreId(id), store)
    };
    let all = rendered(settings, &[store(1, "moby"), store(2, "k8s.io")]);
    let ends = ["moby", "k8s.io"].map(|name| format!("overlay2, namespace {name}"));
    assert!(
        all.lines()
            .zip(&ends)
            .all(|(line, end)| line.ends_with(end)),
        "{all}"
    );
}

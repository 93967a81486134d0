use super::super::samples::{
    at, denied, endpoint, in_pod, pull, rendered, restarted, running, start,
};
use super::super::{Output, Settings};
use super::*;
use crate::model::{Op, Operation, OperationId, Subject};

fn object(report: Report) -> serde_json::Value {
    let settings = Settings {
        output: Output::Json,
        ..Settings::default()
    };
    serde_json::from_str(&rendered(settings, &[report])).unwrap()
}

/// Keys in the order of the output.
fn keys(report: Report) -> Vec<String> {
    let settings = Settings {
        output: Output::Json,
        ..Settings::default()
    };
    let line = rendered(settings, &[report]);
    let mut keys = Vec::new();
    let (mut depth, mut rest) = (0, line.as_str());
    while let Some(at) = rest.find(['{', '}', '"']) {
        let (found, after) = rest[at..].split_at(1);
        match found {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {
                let (text, end) = after.split_once('"').unwrap();
                if depth == 1 && end.starts_with(':') {
                    keys.push(text.to_owned());
                }
                rest = end;
                continue;
            }
        }
        rest = after;
    }
    keys
}

/// The fields that every operation has, in the order in which the design shows them.
const ALWAYS: [&str; 25] = [
    "kind",
    "id",
    "at",
    "op",
    "image",
    "ended_at",
    "digest",
    "digest_kind",
    "platform",
    "images",
    "target",
    "container",
    "container_name",
    "sandbox",
    "pod",
    "namespace",
    "bytes",
    "endpoint",
    "store",
    "caller",
    "hops",
    "outcome",
    "error",
    "duration_ms",
    "confidence",
];

#[test]
fn every_operation_has_the_same_fields() {
    assert_eq!(keys(Report::Ended(pull())), ALWAYS);
    assert_eq!(keys(Report::Began(running())), ALWAYS);
    let empty = Operation {
        subject: Subject::default(),
        caller: None,
        ..pull()
    };
    assert_eq!(keys(Report::Ended(empty)), ALWAYS);
}

#[test]
fn fields_of_one_operation_stand_where_they_apply() {
    let refused = keys(Report::Ended(denied()));
    let own = [
        "errno",
        "socket_mode",
        "socket_owner",
        "socket_group",
        "needed_group",
        "needed_gid",
        "inferred_fields",
    ];
    assert_eq!(refused[ALWAYS.len()..], own);
    let subject = Subject {
        what: Some("images".to_owned()),
        all_tags: true,
        ..Subject::default()
    };
    let evidence = vec!["a mount".to_owned()];
    let others = keys(Report::Ended(Operation {
        subject,
        evidence,
        ..pull()
    }));
    assert_eq!(others[ALWAYS.len()..], ["what", "all_tags", "evidence"]);
}

#[test]
fn a_start_tells_what_was_mounted_and_why() {
    let own = ["rootfs", "cause", "restarts", "count"];
    let asked = keys(Report::Ended(start()));
    assert_eq!(asked[ALWAYS.len()..], own);
    let whole = object(Report::Ended(restarted()));
    assert_eq!(whole["store"]["id"], "s1");
    assert_eq!(whole["store"]["kind"], "docker");
    assert_eq!(whole["rootfs"]["layers"], 101);
    assert_eq!(whole["rootfs"]["host_path"], serde_json::Value::Null);
    assert_eq!(whole["cause"], "restart-policy");
    assert_eq!(
        (&whole["restarts"], &whole["count"]),
        (&13.into(), &5.into())
    );
    assert_eq!(whole["endpoint"]["path"], serde_json::Value::Null);
    let create = Operation {
        op: Op::Create,
        ..restarted()
    };
    let create = keys(Report::Ended(create));
    assert_eq!(create[ALWAYS.len()..], ["rootfs", "evidence"]);
}

#[test]
fn another_try_names_the_first() {
    let again = Operation {
        retry_of: Some(OperationId(3)),
        ..pull()
    };
    assert_eq!(
        keys(Report::Ended(again.clone()))[ALWAYS.len()..],
        ["retry_of"]
    );
    assert_eq!(object(Report::Ended(again))["retry_of"], 3);
}

#[test]
fn what_was_said_is_corrected_by_its_id() {
    let merged = object(Report::Merged {
        at: at(0),
        id: OperationId(18),
        into: OperationId(17),
    });
    let when = "2026-01-01T11:04:07.113000Z";
    let expected = serde_json::json!({"kind": "merged", "id": 18, "into": 17, "at": when});
    assert_eq!(merged, expected);
    let withdrawn = object(Report::Withdrawn {
        at: at(0),
        id: OperationId(18),
    });
    let expected = serde_json::json!({"kind": "withdrawn", "id": 18, "at": when});
    assert_eq!(withdrawn, expected);
}

#[test]
fn a_running_operation_has_no_end() {
    let began = object(Report::Began(running()));
    assert_eq!(began["kind"], "began");
    for field in ["ended_at", "outcome", "error", "duration_ms"] {
        assert!(began[field].is_null(), "{field}");
    }
    let ended = object(Report::Ended(pull()));
    assert_eq!(
        (&ended["id"], &ended["duration_ms"]),
        (&began["id"], &serde_json::json!(812.4))
    );
    assert_eq!(ended["ended_at"], "2026-01-01T11:04:07.925400Z");
}

#[test]
fn a_caller_says_who_and_where() {
    let caller = &object(Report::Ended(start()))["caller"];
    let expected = serde_json::json!({
        "pid": 4711,
        "comm": "docker-compose",
        "exe": in_pod().exe,
        "args": in_pod().args,
        "uid": 0,
        "user": "root",
        "ancestors": [{"pid": 90, "comm": "make"}, {"pid": 80, "comm": "bash"}],
        "unit": null,
        "container": {
            "id": in_pod().container.unwrap().id,
            "name": "agent",
            "image": "docker.io/library/agent:2",
            "runtime": "containerd",
        },
        "pod": {
            "namespace": "ci",
            "name": "runner-0",
            "uid": "11111111-2222-3333-4444-555555555555",
        },
    });
    assert_eq!(caller, &expected);
}

#[test]
fn an_endpoint_is_named_by_its_listener() {
    let endpoint = object(Report::Endpoint(
        crate::model::Stamp::default(),
        endpoint(1),
    ));
    assert_eq!(endpoint["inode"], "0:25:1234");
    assert_eq!(endpoint["at"], "1970-01-01T00:00:00.000000Z");
}

#[test]
fn progress_is_no_line() {
    let settings = Settings {
        output: Output::Json,
        ..Settings::default()
    };
    assert_eq!(rendered(settings, &[Report::Progress(running())]), "");
}

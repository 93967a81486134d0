use proptest::prelude::*;

use super::escape::is_plain;
use super::samples::{
    at, caller, dood, endpoint, image, in_pod, loss, morning, notice, operation, pull, rendered,
    summary, zone,
};
use super::*;
use crate::model::*;

fn settings(output: Output) -> Settings {
    Settings {
        output,
        zone: zone(),
        ..Settings::default()
    }
}

#[test]
fn text_on_a_terminal_of_100_columns() {
    let settings = Settings {
        columns: Some(100),
        ..settings(Output::Text)
    };
    insta::assert_snapshot!(rendered(settings, &morning()));
}

#[test]
fn text_in_a_pipe() {
    insta::assert_snapshot!(rendered(settings(Output::Text), &morning()));
}

#[test]
fn text_with_evidence_and_colour() {
    let settings = Settings {
        evidence: true,
        colour: true,
        ..settings(Output::Text)
    };
    insta::assert_snapshot!(rendered(settings, &morning()).replace('\x1b', "ESC"));
}

#[test]
fn wide() {
    insta::assert_snapshot!(rendered(settings(Output::Wide), &morning()));
}

#[test]
fn json() {
    insta::assert_snapshot!(rendered(settings(Output::Json), &morning()));
}

#[test]
fn operation_lines_keep_to_the_terminal() {
    for columns in [60, 80, 100, 101, 160, 250] {
        let settings = Settings {
            columns: Some(columns),
            ..settings(Output::Text)
        };
        let all = [
            pull(),
            Operation {
                caller: Some(in_pod()),
                ..pull()
            },
        ]
        .map(Report::Ended);
        for line in rendered(settings, &all).lines() {
            let width = escape::width(line);
            assert!(width <= columns.max(80), "{width} of {columns}: {line}");
        }
    }
}

#[test]
fn a_filter_hides_operations_and_nothing_else() {
    let hides_all = Filter(vec!["op=exec".parse().unwrap()]);
    for output in [Output::Text, Output::Wide, Output::Json] {
        let all = rendered(
            Settings {
                filter: hides_all.clone(),
                ..settings(output)
            },
            &morning(),
        );
        assert!(
            !all.contains("nginx:1.27  ") && !all.contains("\"operation\""),
            "{all}"
        );
        for kept in ["dood", "TCP", "28.5.2", "120"] {
            assert!(all.contains(kept), "{kept} is missing in {all}");
        }
    }
}

/// Reports with a text wherever traffic or a process can put one.
fn hostile(text: &str) -> Vec<Report> {
    let some = || Some(text.to_owned());
    let mut all = Vec::new();
    for op in [
        Op::Pull,
        Op::Create,
        Op::Tag,
        Op::Exec,
        Op::RunSandbox,
        Op::Prune,
        Op::Commit,
    ] {
        for pod in [None, Some(hostile_pod(text))] {
            let operation = hostile_operation(op, pod, text);
            all.extend([
                Report::Progress(operation.clone()),
                Report::Ended(operation),
            ]);
        }
    }
    let process = ProcessKey { pid: 5, start: 5 };
    let server = Some(Server {
        process,
        exe: some(),
        version: some(),
    });
    let program = CallerCount {
        place: some(),
        program: text.to_owned(),
        operations: 1,
    };
    let evidence = vec![text.to_owned()];
    all.extend([
        Report::Endpoint(
            at(0),
            Endpoint {
                path: text.to_owned(),
                server,
                ..endpoint(1)
            },
        ),
        Report::Finding(Finding {
            summary: text.to_owned(),
            evidence,
            image: some(),
            remedy: some(),
            ..dood()
        }),
        Report::Loss(loss()),
        Report::Notice(Notice {
            about: text.to_owned(),
            text: text.to_owned(),
            ..notice()
        }),
        Report::Summary(Summary {
            callers: vec![program],
            ..summary()
        }),
    ]);
    all
}

fn hostile_pod(text: &str) -> Pod {
    let some = || Some(text.to_owned());
    Pod {
        namespace: some(),
        name: some(),
        uid: some(),
    }
}

fn hostile_operation(op: Op, pod: Option<Pod>, text: &str) -> Operation {
    let some = || Some(text.to_owned());
    let subject = Subject {
        images: vec![text.to_owned(), text.to_owned()],
        digest: some(),
        platform: some(),
        target: some(),
        container: some(),
        container_name: some(),
        sandbox: some(),
        pod: pod.clone(),
        namespace: some(),
        what: some(),
        ..image(text)
    };
    let denial = Denial {
        errno: text.to_owned(),
        socket_mode: some(),
        socket_owner: some(),
        socket_group: some(),
        needed_group: some(),
        needed_gid: Some(998),
    };
    let mut operation = operation(op, subject);
    operation.endpoint.path = Some(text.to_owned());
    operation.error = some();
    operation.evidence = vec![text.to_owned()];
    operation.inferred_fields = vec![text.to_owned()];
    operation.denial = Some(denial).filter(|_| op == Op::Tag);
    operation.caller = Some(hostile_caller(pod, text));
    operation
}

fn hostile_caller(pod: Option<Pod>, text: &str) -> Caller {
    let some = || Some(text.to_owned());
    let place = CallerContainer {
        id: text.to_owned(),
        name: some(),
        image: some(),
        runtime: None,
        outer: vec![text.to_owned()],
    };
    let key = ProcessKey { pid: 5, start: 5 };
    Caller {
        comm: text.to_owned(),
        exe: some(),
        args: Some(vec![text.to_owned()]),
        user: some(),
        ancestors: vec![Ancestor {
            key,
            comm: text.to_owned(),
        }],
        unit: some(),
        container: Some(place),
        pod,
        ..caller("docker")
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// No text from outside moves a cursor, whatever the form and the width.
    #[test]
    fn nothing_reaches_a_terminal_unescaped(
        text in prop_oneof![any::<String>(), "[\u{1b}\u{9b}\u{202e}\u{200b}\n\r\u{7}a-c]{0,8}"],
        columns in prop::option::of(1_usize..200),
    ) {
        let reports = hostile(&text);
        for output in [Output::Text, Output::Wide, Output::Json] {
            let settings = Settings { columns, evidence: true, ..settings(output) };
            for line in rendered(settings, &reports).split('\n') {
                prop_assert!(line.chars().all(is_plain), "{line:?}");
            }
        }
    }

    /// One report, one line: a line feed in a name cannot forge another line.
    #[test]
    fn a_report_is_one_line_of_json(text: String) {
        let reports = hostile(&text);
        let shown = reports.iter().filter(|report| !matches!(report, Report::Progress(_)));
        let all = rendered(settings(Output::Json), &reports);
        prop_assert_eq!(all.lines().count(), shown.count());
        for line in all.lines() {
            prop_assert!(serde_json::from_str::<serde_json::Value>(line).is_ok());
        }
    }
}

use super::super::samples::{at, caller, pull, rendered, start, zone};
use super::super::{Output, Settings};
use super::*;
use crate::model::OperationId;

fn line(operation: Operation) -> String {
    let settings = Settings {
        output: Output::Wide,
        zone: zone(),
        ..Settings::default()
    };
    rendered(settings, &[Report::Ended(operation)])
}

#[test]
fn words_with_spaces_are_quoted() {
    for (text, expected) in [
        ("plain", "plain"),
        ("", "\"\""),
        ("a b", "\"a b\""),
        ("say \"hi\"", "\"say \\\"hi\\\"\""),
        (r"C:\x", r#""C:\\x""#),
    ] {
        assert_eq!(quoted(text), expected);
    }
}

#[test]
fn the_way_through_the_daemons_and_the_first_try() {
    let all = line(Operation {
        retry_of: Some(OperationId(3)),
        ..start()
    });
    assert!(all.contains("via=\"docker → containerd\""), "{all}");
    assert!(all.contains("retry-of=#3"), "{all}");
    assert!(!line(pull()).contains("via="));
}

#[test]
fn corrections_name_the_line_that_they_are_about() {
    let settings = Settings {
        output: Output::Wide,
        zone: zone(),
        ..Settings::default()
    };
    let all = rendered(
        settings,
        &[
            Report::Merged {
                at: at(0),
                id: OperationId(18),
                into: OperationId(17),
            },
            Report::Withdrawn {
                at: at(0),
                id: OperationId(17),
            },
        ],
    );
    let lines: Vec<_> = all
        .lines()
        .filter_map(|line| line.split_once("  "))
        .collect();
    let said: Vec<_> = lines.into_iter().map(|(_, said)| said).collect();
    assert_eq!(
        said,
        [
            "#18 merged  it is part of #17",
            "#17 withdrawn  it was a wrong guess"
        ]
    );
}

#[test]
fn ids_are_in_full_and_the_unknown_is_left_out() {
    let all = line(start());
    assert!(
        all.contains(&format!(
            "container={}",
            super::super::samples::id("3f9c2a71")
        )),
        "{all}"
    );
    assert!(
        all.contains("hop=\"e2 containerd/containerd pid 88 start ok observed\""),
        "{all}"
    );
    assert!(!all.contains("digest="), "{all}");
    assert_eq!(all.lines().count(), 1);
}

#[test]
fn an_unknown_caller_and_outcome() {
    let mut unknown = Operation {
        caller: None,
        outcome: Some(Outcome::Unknown),
        ..pull()
    };
    unknown.endpoint.id = None;
    let all = line(unknown);
    assert!(
        all.contains("pull unknown 812.400ms  docker/docker"),
        "{all}"
    );
    assert!(all.contains("caller=?"), "{all}");
    let nobody = Caller {
        args: None,
        user: None,
        exe: None,
        ..caller("docker")
    };
    let all = line(Operation {
        caller: Some(nobody),
        ..pull()
    });
    assert!(all.contains("comm=docker uid=1000 ancestors="), "{all}");
}

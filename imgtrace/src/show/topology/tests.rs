//! Topologies as they are printed.

use proptest::prelude::*;

use super::{json, text};
use crate::correlate::{Survey, machines};
use crate::model::Topology;
use crate::show::Settings;

fn in_text(topology: &Topology, settings: &Settings) -> String {
    let mut out = Vec::new();
    text::render(settings, topology, &mut out);
    String::from_utf8(out).unwrap()
}

fn in_json(topology: &Topology) -> String {
    let mut out = Vec::new();
    json::render(topology, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn two_runtimes_side_by_side() {
    let topology = machines::survey(&machines::k3s_beside_docker());
    let text = in_text(&topology, &Settings::default());
    assert!(
        text.lines().all(|line| line.chars().count() <= 100),
        "{text}"
    );
    insta::assert_snapshot!("k3s_beside_docker", text);
    let object: serde_json::Value = serde_json::from_str(&in_json(&topology)).unwrap();
    insta::assert_snapshot!(
        "k3s_beside_docker_json",
        serde_json::to_string_pretty(&object).unwrap()
    );
}

#[test]
fn one_store_behind_two_sockets() {
    let topology = machines::survey(&machines::k3s_with_docker());
    let settings = Settings {
        evidence: true,
        columns: Some(72),
        ..Settings::default()
    };
    insta::assert_snapshot!("k3s_with_docker", in_text(&topology, &settings));
}

#[test]
fn nothing_at_all() {
    let topology = Survey::new().topology();
    insta::assert_snapshot!("nothing", in_text(&topology, &Settings::default()));
}

#[test]
fn colours_are_only_there_when_they_are_wanted() {
    let topology = machines::survey(&machines::k3s_beside_docker());
    let coloured = Settings {
        colour: true,
        ..Settings::default()
    };
    assert!(in_text(&topology, &coloured).contains('\u{1b}'));
    assert!(!in_text(&topology, &Settings::default()).contains('\u{1b}'));
}

#[test]
fn text_from_outside_moves_no_cursor() {
    let mut topology = machines::survey(&machines::k3s_beside_docker());
    let evil = "/x\u{1b}[2J\u{202e}\n/y";
    topology.sockets[0].endpoint.path = evil.to_owned();
    topology.sockets[0].holders[0].path = evil.to_owned();
    topology.stores[0].store.root = evil.to_owned();
    topology.servers[0].process.as_mut().unwrap().args = Some(vec![evil.to_owned()]);
    topology.missing.push(evil.to_owned());
    let lines = in_text(&topology, &Settings::default());
    assert!(lines.contains("/x\\u{1b}[2J\\u{202e}\\n/y"), "{lines}");
    assert!(!lines.contains(['\u{1b}', '\u{202e}']));
    assert_eq!(in_json(&topology).lines().count(), 1);
    assert!(!in_json(&topology).contains(['\u{1b}', '\u{202e}']));
}

/// What begins a command to a terminal.
const ESCAPE: char = '\u{1b}';

proptest! {
    #[test]
    fn any_observations_can_be_surveyed(
        told in proptest::collection::vec(crate::record::samples::observed(), 0..40),
        columns in proptest::option::of(0_usize..200),
    ) {
        let mut survey = Survey::new();
        for line in &told {
            survey.observe(line);
        }
        let topology = survey.topology();
        let settings = Settings { columns, ..Settings::default() };
        prop_assert!(!in_text(&topology, &settings).contains(ESCAPE));
        let object: serde_json::Value = serde_json::from_str(&in_json(&topology)).unwrap();
        prop_assert_eq!(&object["kind"], "topology");
    }
}

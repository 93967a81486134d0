use super::*;
use crate::model::{Rule, Severity};

const AT: Stamp = Stamp { mono: 1, wall: 1 };

fn finding(summary: &str) -> Finding {
    Finding::new(AT, Rule::Denied, Severity::Warning, summary.to_owned())
}

/// Meets a situation so many times; what was said.
fn met(situations: &mut Situations<&str, u32>, key: &'static str, times: u64) -> Vec<Finding> {
    let mut out = Vec::new();
    for _ in 0..times {
        situations.met(key, 0, &mut out, || finding(key));
    }
    out
}

fn told(findings: &[Finding]) -> Vec<(&str, u64)> {
    let told = findings.iter();
    told.map(|finding| (finding.summary.as_str(), finding.count))
        .collect()
}

#[test]
fn a_repeated_situation_is_said_at_powers_of_ten_and_at_the_end() {
    let mut situations = Situations::new();
    let mut out = met(&mut situations, "a", 123);
    let end = Stamp { mono: 9, wall: 9 };
    situations.rest(end, &mut out);
    assert_eq!(
        told(&out),
        [
            ("a", 1),
            ("a; 8 more since the last time, 10 in all", 10),
            ("a; 89 more since the last time, 100 in all", 100),
            ("a; 23 more since the last time, 123 in all", 123),
        ]
    );
    assert_eq!(out[3].at, end);
}

#[test]
fn nothing_is_added_at_the_end_where_nothing_was_held_back() {
    let mut situations = Situations::new();
    let mut out = met(&mut situations, "a", 1);
    out.extend(met(&mut situations, "b", 10));
    out.clear();
    situations.rest(AT, &mut out);
    assert!(out.is_empty());
}

#[test]
fn a_situation_that_changes_is_said_again() {
    let mut situations = Situations::new();
    let mut out = met(&mut situations, "a", 3);
    situations.met("a", 1, &mut out, || finding("a changed"));
    situations.met("a", 1, &mut out, || unreachable!("it is held back"));
    assert_eq!(
        told(&out),
        [
            ("a", 1),
            ("a changed; 2 more since the last time, 4 in all", 4)
        ]
    );
}

#[test]
fn what_stands_is_not_counted() {
    let mut situations = Situations::new();
    let mut out = Vec::new();
    for fingerprint in [7, 7, 7, 8, 8] {
        let sentence = format!("so it is: {fingerprint}");
        situations.stands("a", fingerprint, &mut out, || finding(&sentence));
    }
    situations.rest(AT, &mut out);
    assert_eq!(told(&out), [("so it is: 7", 1), ("so it is: 8", 2)]);
}

#[test]
fn what_is_over_is_new_when_it_comes_again() {
    let mut situations = Situations::new();
    let mut out = met(&mut situations, "a", 3);
    situations.over(&"a", AT, &mut out);
    out.extend(met(&mut situations, "a", 1));
    assert_eq!(
        told(&out),
        [
            ("a", 1),
            ("a; 2 more since the last time, 3 in all", 3),
            ("a", 1)
        ]
    );
}

#[test]
fn what_falls_out_at_the_bound_is_told() {
    let mut situations = Situations::with_bound(1);
    let mut out = met(&mut situations, "a", 5);
    out.extend(met(&mut situations, "b", 1));
    assert_eq!(
        told(&out),
        [
            ("a", 1),
            ("b", 1),
            ("a; 4 more since the last time, 5 in all", 5)
        ]
    );
}

#[test]
fn round_counts() {
    let round: Vec<_> = (1..=1_000).filter(|&count| is_round(count)).collect();
    assert_eq!(round, [1, 10, 100, 1_000]);
}

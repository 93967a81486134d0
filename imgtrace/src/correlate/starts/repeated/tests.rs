use super::*;
use crate::model::Op;
use crate::trace::scene::{Scene, container};

const SECOND: u64 = 1_000_000_000;

fn start() -> Operation {
    Scene::with_docker().ask(1, Op::Start, container("web"))
}

#[test]
fn the_first_few_are_told_at_once_and_the_pauses_grow() {
    let mut repeated = Repeated::default();
    let mut lines = Vec::new();
    for tenth in 0..3_000 {
        let mono = tenth * SECOND / 10;
        if let Some(told) = repeated.offer(start(), mono) {
            lines.push((tenth / 10, told.count));
        }
    }
    assert_eq!(lines[..3], [(0, 1), (0, 1), (0, 1)]);
    let times: Vec<_> = lines[3..].iter().map(|(second, _)| *second).collect();
    assert_eq!(times, [2, 6, 14, 30, 62, 122, 182, 242]);
    let told: u64 = lines.iter().map(|(_, count)| count).sum();
    let rest = repeated.take().unwrap().count;
    assert_eq!(told + rest, 3_000);
}

#[test]
fn what_comes_seldom_is_told_at_once() {
    let mut repeated = Repeated::default();
    for minute in 0..20 {
        let told = repeated.offer(start(), minute * 61 * SECOND);
        assert_eq!(told.unwrap().count, 1);
        assert_eq!(repeated.due(), None);
    }
}

#[test]
fn after_a_long_quiet_it_begins_anew() {
    let mut repeated = Repeated::default();
    for _ in 0..9 {
        repeated.offer(start(), SECOND);
    }
    assert_eq!(repeated.due(), Some(3 * SECOND));
    assert_eq!(repeated.pop_due(2 * SECOND), None);
    assert_eq!(repeated.pop_due(3 * SECOND).unwrap().count, 6);
    let later = 3 * SECOND + QUIET + 1;
    for _ in 0..3 {
        assert!(repeated.offer(start(), later).is_some());
    }
    assert!(repeated.offer(start(), later).is_none());
}

#[test]
fn what_is_given_back_is_not_told() {
    let mut repeated = Repeated::default();
    for _ in 0..5 {
        repeated.offer(start(), SECOND);
    }
    repeated.give_back();
    assert_eq!(repeated.take().unwrap().count, 1);
    repeated.give_back();
    assert_eq!(repeated.take(), None);
}

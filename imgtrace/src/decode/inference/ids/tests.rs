use super::{IDS, Id, Ids, Kind, State};
use crate::decode::inference::tests::wire::id;

fn of(seed: u8) -> Id {
    Id::parse(&id(seed)).unwrap()
}

#[test]
fn an_id_is_64_lower_case_hex_digits() {
    assert_eq!(Id::parse(&id(0xa1)).unwrap().0, [0xa1; 32]);
    assert_eq!(Id::parse(&id(0xa1).to_uppercase()), None);
    assert_eq!(Id::parse("ab"), None);
}

#[test]
fn a_request_makes_the_state_uncertain_until_one_is_asked_for_after_it() {
    let mut ids = Ids::default();
    ids.born(of(1), Kind::Container, State::Created, 5);
    assert_eq!(ids.get(of(1)).unwrap().state, Some(State::Created));
    ids.touch(of(1), 8);
    assert_eq!(ids.get(of(1)).unwrap().state, None);
    ids.see(of(1), Kind::Container, Some(State::Created), 7);
    assert_eq!(ids.get(of(1)).unwrap().state, None, "asked for before");
    ids.see(of(1), Kind::Container, Some(State::Running), 9);
    assert_eq!(ids.get(of(1)).unwrap().state, Some(State::Running));
}

#[test]
fn what_is_in_no_list_is_missing_unless_it_is_younger_than_the_list() {
    let mut ids = Ids::default();
    ids.see(of(1), Kind::Container, Some(State::Exited), 1);
    ids.see(of(2), Kind::Sandbox, Some(State::Ready), 1);
    ids.born(of(3), Kind::Container, State::Created, 9);
    assert_eq!(ids.missing(Kind::Container, &[], 8), [of(1)]);
    assert_eq!(ids.missing(Kind::Container, &[of(1)], 8), []);
}

#[test]
fn an_id_of_two_kinds_has_no_state() {
    let mut ids = Ids::default();
    ids.see(of(1), Kind::Container, Some(State::Exited), 1);
    ids.see(of(1), Kind::Sandbox, Some(State::Ready), 2);
    assert_eq!(ids.get(of(1)).unwrap().state, None);
}

#[test]
fn ids_are_bounded_and_new_ones_are_learnt_all_the_same() {
    let mut ids = Ids::default();
    ids.see(of(1), Kind::Container, Some(State::Created), 1);
    let before = ids.get(of(1)).unwrap().touches;
    let mut last = of(1);
    for number in 1..IDS as u64 + 100 {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        last = Id(bytes);
        ids.see(last, Kind::Container, Some(State::Running), 1);
        assert!(ids.known.len() <= IDS);
    }
    assert_eq!(ids.get(last).unwrap().state, Some(State::Running));
    assert_eq!(ids.get(of(1)), None);
    // What was forgotten meanwhile may have been touched: it does not look untouched.
    ids.see(of(1), Kind::Container, Some(State::Running), 2);
    assert_ne!(ids.get(of(1)).unwrap().touches, before);
}

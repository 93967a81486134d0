use super::{between, by_timeout, named};
use crate::decode::inference::ids::{Id, Ids, Kind, State};
use crate::decode::inference::method::Method;
use crate::decode::inference::shape::Shape;
use crate::decode::inference::tests::wire::{id, number, text};

const STATES: [State; 6] = [
    State::Created,
    State::Running,
    State::Exited,
    State::Ready,
    State::NotReady,
    State::Gone,
];

#[test]
fn six_changes_tell_and_no_other_does() {
    let told = |error| {
        let pairs = STATES
            .iter()
            .flat_map(|before| STATES.map(|after| (*before, after)));
        pairs
            .filter_map(move |(before, after)| between(before, after, error))
            .map(|r| r.method)
    };
    let [start, remove] = [Method::StartContainer, Method::RemoveContainer];
    let [stop_pod, remove_pod] = [Method::StopPodSandbox, Method::RemovePodSandbox];
    assert_eq!(
        told(false).collect::<Vec<_>>(),
        [start, start, remove, stop_pod, remove_pod]
    );
    assert_eq!(told(true).collect::<Vec<_>>(), [start, start]);
}

#[test]
fn only_requests_that_name_an_id_and_a_number_are_of_this_form() {
    let is_named = |bytes: &[u8]| named(Shape::read(bytes, true).unwrap()).is_some();
    assert!(is_named(&text(1, &id(1))));
    assert!(is_named(&[text(1, &id(1)), number(2, 30)].concat()));
    assert!(!is_named(&text(1, "web")));
    assert!(!is_named(&[text(1, &id(1)), text(2, "x")].concat()));
    assert!(!is_named(&[text(1, &id(1)), number(3, 9)].concat()));
    assert!(!is_named(b""));
}

#[test]
fn a_time_stops_only_what_is_a_container() {
    let request = [text(1, &id(1)), number(2, 30)].concat();
    let request = Shape::read(&request, true).unwrap();
    let mut ids = Ids::default();
    let (one, other) = (Id::parse(&id(1)).unwrap(), Id::parse(&id(2)).unwrap());
    ids.see(one, Kind::Container, None, 1);
    ids.see(other, Kind::Sandbox, None, 1);
    assert!(by_timeout(request, ids.get(one).unwrap()).is_some());
    assert!(by_timeout(request, ids.get(other).unwrap()).is_none());
}

use super::*;
use crate::model::{StoreId, Subject};
use crate::observation::Observation;
use crate::trace::scene::{Scene, docker_store, image, stored};

const NAME: &str = "docker.io/library/a:1";

/// An operation of this subject as a run makes it, at an endpoint whose store is 1.
fn operation(op: Op, subject: Subject) -> Operation {
    let mut scene = Scene::with_docker();
    scene.store(1, docker_store(1, "/var/lib/docker"), &[800]);
    scene.connect(1, 1, 20);
    let mut operation = scene.ask(1, op, subject);
    operation.outcome = None;
    operation
}

fn ended(operation: &Operation, outcome: Outcome) -> Operation {
    Operation {
        outcome: Some(outcome),
        ..operation.clone()
    }
}

fn at(millis: u64) -> Stamp {
    Stamp {
        mono: millis * 1_000_000,
        wall: 0,
    }
}

/// Nothing is known of any store, so that nothing is waited for.
fn nowhere() -> Inventory {
    Inventory::new()
}

/// Store 1 with an image whose layers are known.
fn holding(image: &StoredImage) -> Inventory {
    let mut inventory = Inventory::new();
    inventory.observe(&Observation::Store {
        id: StoreId(1),
        store: docker_store(1, "/var/lib/docker"),
        users: Vec::new(),
    });
    inventory.observe(&Observation::ImageAppeared {
        store: StoreId(1),
        image: image.clone(),
        renamed: false,
        already: false,
        writer: None,
    });
    inventory
}

fn next(arrivals: &mut Arrivals, millis: u64) -> Option<(String, Option<Op>)> {
    let arrival = arrivals.next(at(millis), &nowhere())?;
    Some((arrival.image, arrival.by.map(|by| by.op)))
}

#[test]
fn an_image_waits_for_the_end_of_its_pull() {
    let (pull, one) = (operation(Op::Pull, image(NAME)), stored(NAME, "01", &[]));
    let mut arrivals = Arrivals::new();
    arrivals.began(&pull, None);
    arrivals.appeared(at(1), StoreId(1), &one);
    assert_eq!(next(&mut arrivals, 2), None);
    arrivals.ended(at(3), &ended(&pull, Outcome::Ok), &nowhere());
    assert_eq!(next(&mut arrivals, 4), Some((one.id, Some(Op::Pull))));
    assert_eq!(next(&mut arrivals, 4), None);
}

#[test]
fn an_image_of_another_store_is_not_the_pulls() {
    let (pull, one) = (operation(Op::Pull, image(NAME)), stored(NAME, "01", &[]));
    let mut arrivals = Arrivals::new();
    arrivals.began(&pull, None);
    arrivals.appeared(at(1), StoreId(2), &one);
    arrivals.ended(at(2), &ended(&pull, Outcome::Ok), &nowhere());
    assert_eq!(next(&mut arrivals, 3), None);
    arrivals.pass_time(at(6_000), &nowhere());
    assert_eq!(next(&mut arrivals, 6_000), Some((one.id, None)));
}

#[test]
fn all_tags_bring_many() {
    let subject = Subject {
        all_tags: true,
        bytes: Some(9),
        ..image("docker.io/library/a")
    };
    let pull = operation(Op::Pull, subject);
    let mut arrivals = Arrivals::new();
    arrivals.began(&pull, None);
    arrivals.appeared(
        at(1),
        StoreId(1),
        &stored("docker.io/library/a:1", "01", &[]),
    );
    arrivals.ended(at(2), &ended(&pull, Outcome::Ok), &nowhere());
    arrivals.appeared(
        at(3),
        StoreId(1),
        &stored("docker.io/library/a:2", "02", &[]),
    );
    for _ in 0..2 {
        let by = arrivals.next(at(4), &nowhere()).and_then(|it| it.by);
        assert_eq!(by.map(|by| by.bytes), Some(None), "the bytes are of all");
    }
}

#[test]
fn what_came_before_a_failure_came_all_the_same() {
    let (pull, one) = (operation(Op::Pull, image(NAME)), stored(NAME, "01", &[]));
    let mut arrivals = Arrivals::new();
    arrivals.began(&pull, None);
    arrivals.appeared(at(1), StoreId(1), &one);
    arrivals.ended(at(2), &ended(&pull, Outcome::Error), &nowhere());
    arrivals.pass_time(at(8_000), &nowhere());
    assert_eq!(next(&mut arrivals, 8_000), Some((one.id, None)));
}

#[test]
fn what_a_merged_operation_brought_is_anothers() {
    let hop = operation(Op::Pull, image(NAME));
    let mut whole = hop.clone();
    whole.id = OperationId(99);
    let one = stored(NAME, "01", &[("a1", 1)]);
    let inventory = holding(&one);
    let mut arrivals = Arrivals::new();
    arrivals.began(&hop, None);
    arrivals.appeared(at(1), StoreId(1), &one);
    arrivals.dropped(at(2), hop.id);
    arrivals.ended(at(3), &ended(&whole, Outcome::Ok), &inventory);
    let by = arrivals.next(at(4), &inventory).and_then(|it| it.by);
    assert_eq!(by.map(|by| by.id), Some(OperationId(99)));
}

#[test]
fn only_what_was_expected_is_missed() {
    let pull = operation(Op::Pull, image(NAME));
    for expected in [None, Some(StoreId(2))] {
        let mut arrivals = Arrivals::new();
        let expected = expected.map(|first| Expected {
            name: NAME.to_owned(),
            first,
        });
        arrivals.began(&pull, expected.clone());
        arrivals.ended(at(0), &ended(&pull, Outcome::Ok), &nowhere());
        assert!(arrivals.pass_time(at(30_000), &nowhere()).is_empty());
        let missed = arrivals.pass_time(at(30_001), &nowhere());
        assert_eq!(missed.len(), usize::from(expected.is_some()));
    }
}

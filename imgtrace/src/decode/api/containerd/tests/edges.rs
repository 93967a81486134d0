//! Guesses that were wrong, and bounds.

use super::*;
use crate::decode::Event;
use crate::decode::rpc::End;
use crate::model::Basis;
use crate::observation::Anomaly;

#[test]
fn texts_that_are_too_long_are_not_kept() {
    let long = "x".repeat(60_000);
    let mut script = Script::new();
    write(&mut script, &long, &long, 100);
    write(&mut script, "tar-a", &format!("sha256:{long}"), 100);
    name_exists(&mut script, &long, &digest(1));
    let stream = Proto::new()
        .text(1, "containerd.services.streaming.v1.StreamInit")
        .message(2, &Proto::new().text(1, &long));
    let opened = script.call("/containerd.services.streaming.v1.Streaming/Stream");
    script.ask(opened, &stream);
    let created = script.call("/containerd.task.v2.Task/Create");
    script.ask(created, &Proto::new().text(1, &long));
    let held = script.debug();
    assert!(held.len() < 8_000, "{}", held.len());
    name(&mut script, UPDATE, &long, &digest(1));
    script.close();
    assert_eq!(only(&mut script).outcome, Some(Outcome::Ok));
}

#[test]
fn writes_that_were_none_are_no_fetch() {
    let mut script = Script::new();
    let exchange = script.call(WRITE);
    script.ask(
        exchange,
        &Proto::new().text(2, &format!("layer-{}", digest(4))),
    );
    script.answer(exchange, &Proto::new().number(1, 1).number(4, 1000));
    script.withdraw(exchange);
    name(&mut script, CREATE, BUSYBOX, &digest(1));
    script.close();
    assert!(script.take().is_empty());
}

#[test]
fn a_name_that_was_none_is_taken_back() {
    let mut script = Script::new();
    check(&mut script, &format!("layer-{}", digest(4)), &digest(4));
    let exchange = script.call(CREATE);
    script.ask(exchange, &of_image(BUSYBOX, &digest(1)));
    script.withdraw(exchange);
    assert_eq!(script.take().last(), Some(&Event::Withdrawn { exchange }));
    script.close();
    assert!(script.take().is_empty());

    // Also one that has ended and waits.
    check(&mut script, &format!("tar-{}", digest(4)), &digest(4));
    let exchange = name(&mut script, CREATE, BUSYBOX, &digest(1));
    script.take();
    script.withdraw(exchange);
    assert_eq!(script.take(), [Event::Withdrawn { exchange }]);
    script.close();
    assert!(script.take().is_empty());
}

#[test]
fn a_pull_is_as_sure_as_its_writes_and_its_name() {
    let sure = Basis::OBSERVED;
    let guess = Basis::inferred(vec!["its shape".to_owned()]);
    for (writes, names) in [(&sure, &sure), (&sure, &guess), (&guess, &sure)] {
        let mut script = Script::new();
        script.basis = writes.clone();
        check(&mut script, &format!("layer-{}", digest(4)), &digest(4));
        script.basis = names.clone();
        name(&mut script, CREATE, BUSYBOX, &digest(1));
        let events = script.take();
        let [Event::Began { basis, .. }, Event::Ended { .. }] = &events[..] else {
            panic!("two events: {events:?}");
        };
        let both = writes.is_observed() && names.is_observed();
        assert_eq!(basis.is_observed(), both);
    }
}

#[test]
fn correlation_is_the_names_own() {
    let mut script = Script::new();
    script.lease(Some("lease"));
    script.correlation.by_client = true;
    check(&mut script, &format!("layer-{}", digest(4)), &digest(4));
    name(&mut script, CREATE, BUSYBOX, &digest(1));
    let events = script.take();
    let [Event::Began { correlation, .. }, _] = &events[..] else {
        panic!("two events: {events:?}");
    };
    assert_eq!(*correlation, script.correlation);
}

#[test]
fn of_too_many_fetches_the_latest_are_followed() {
    let mut script = Script::new();
    let lease = |number: u32| format!("lease-{number}");
    for number in 0..257 {
        assert!(script.take().is_empty());
        script.lease(Some(&lease(number)));
        check(&mut script, &format!("layer-{}", digest(4)), &digest(4));
    }
    let gave_way = Event::Anomaly(Anomaly::TooManyPending);
    assert_eq!(script.take(), [gave_way]);
    script.lease(Some(&lease(0)));
    name(&mut script, CREATE, BUSYBOX, &digest(1));
    assert!(script.take().is_empty());
    script.lease(Some(&lease(1)));
    name(&mut script, CREATE, BUSYBOX, &digest(1));
    assert_eq!(only(&mut script).op, Op::Pull);
}

#[test]
fn of_too_many_names_the_oldest_end_early() {
    let mut script = Script::new();
    for number in 0..100 {
        script.lease(Some(&format!("lease-{number}")));
        check(&mut script, "tar-x", "");
        name(&mut script, CREATE, BUSYBOX, &digest(1));
    }
    let ended = script.operations();
    let ended = ended
        .iter()
        .filter(|told| told.outcome == Some(Outcome::Ok));
    assert_eq!(ended.count(), 36);
}

#[test]
fn what_was_written_long_ago_is_given_up() {
    let mut script = Script::new();
    check(&mut script, &format!("layer-{}", digest(4)), &digest(4));
    script.wait_ms(601_000);
    name(&mut script, CREATE, BUSYBOX, &digest(1));
    assert!(script.take().is_empty());
}

#[test]
fn a_connection_that_is_gone_in_the_middle() {
    let mut script = Script::new();
    check(&mut script, &format!("layer-{}", digest(4)), &digest(4));
    let exchange = script.call(CREATE);
    script.ask(exchange, &of_image(BUSYBOX, &digest(1)));
    script.close();
    assert_eq!(only(&mut script).outcome, Some(Outcome::Unknown));
}

#[test]
fn a_refusal_whose_code_was_not_seen_may_be_followed_by_what_works() {
    let unseen = End::Status {
        code: None,
        message: "already exists".to_owned(),
    };
    for (follows, outcome) in [(true, Outcome::Ok), (false, Outcome::Unknown)] {
        let mut script = Script::new();
        check(&mut script, &format!("layer-{}", digest(4)), &digest(4));
        let exchange = script.call(CREATE);
        script.ask(exchange, &of_image(BUSYBOX, &digest(1)));
        script.end(exchange, unseen.clone());
        if follows {
            name(&mut script, UPDATE, BUSYBOX, &digest(1));
        }
        script.close();
        assert_eq!(only(&mut script).outcome, Some(outcome));
    }
}

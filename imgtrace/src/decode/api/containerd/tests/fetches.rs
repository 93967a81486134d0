//! Pulls that the client does itself.

use super::*;
use crate::decode::Event;

/// What containerd's client writes for an image, with the labels that it then sets.
fn fetch(script: &mut Script) {
    for (reference, number, bytes) in [
        ("index", 1, 610),
        ("manifest", 2, 500),
        ("config", 3, 900),
        ("layer", 4, 2_000_000),
    ] {
        let digest = digest(number);
        write(script, &format!("{reference}-{digest}"), &digest, bytes);
        script.unary(
            INFO,
            &Proto::new().text(1, &digest),
            &info(&digest, "other"),
        );
        script.unary(UPDATE_INFO, &info(&digest, SOURCE), &info(&digest, SOURCE));
    }
}

fn assert_pull(told: &Told, bytes: u64) {
    assert_eq!((told.op, told.outcome), (Op::Pull, Some(Outcome::Ok)));
    assert_eq!(told.subject.image.as_deref(), Some(BUSYBOX));
    assert_eq!(told.subject.digest, Some(digest(1)));
    assert_eq!(told.subject.digest_kind, Some(DigestKind::Index));
    assert_eq!(told.subject.bytes, Some(bytes));
}

#[test]
fn one_operation_from_the_first_write_to_the_name() {
    for lease in [Some("1770000000-abcd"), None] {
        let mut script = Script::new();
        script.namespace = Some("default".to_owned());
        script.lease(lease);
        script.wait_ms(5);
        fetch(&mut script);
        assert!(script.take().is_empty(), "content alone is no image");
        name(&mut script, CREATE, BUSYBOX, &digest(1));
        let told = only(&mut script);
        assert_pull(&told, 2_002_010);
        assert_eq!(told.at, 5_000_001, "it began with the first write");
        assert_eq!(told.subject.namespace.as_deref(), Some("default"));
        script.lease(None);
        script.unary(
            DELETE_LEASE,
            &Proto::new().text(1, "1770000000-abcd"),
            &Proto::new(),
        );
        script.close();
        assert!(script.take().is_empty(), "it has ended once");
    }
}

#[test]
fn a_name_that_exists_is_moved() {
    let mut script = Script::new();
    script.lease(Some("lease"));
    fetch(&mut script);
    name_exists(&mut script, BUSYBOX, &digest(1));
    name(&mut script, UPDATE, BUSYBOX, &digest(1));
    assert_pull(&only(&mut script), 2_002_010);
}

#[test]
fn whether_a_name_that_exists_was_moved_may_be_unknown() {
    let late = |script: &mut Script| {
        script.wait_ms(2_100);
        script.call(GET);
    };
    let leased = |script: &mut Script| {
        script.unary(DELETE_LEASE, &Proto::new().text(1, "lease"), &Proto::new());
    };
    let waits: [Case; 3] = [("time", late), ("lease", leased), ("close", Script::close)];
    for (why, pass) in waits {
        let mut script = Script::new();
        script.lease(Some("lease"));
        fetch(&mut script);
        name_exists(&mut script, BUSYBOX, &digest(1));
        pass(&mut script);
        let told = only(&mut script);
        assert_eq!(
            (told.op, told.outcome),
            (Op::Pull, Some(Outcome::Unknown)),
            "{why}"
        );
        assert_eq!(told.error, None);
        assert_eq!(told.subject.digest, None);
    }
}

#[test]
fn content_that_is_there_already_counts_as_checked() {
    let mut script = Script::new();
    script.lease(Some("lease"));
    for (reference, number) in [("index", 1), ("manifest", 2), ("layer", 4)] {
        check(
            &mut script,
            &format!("{reference}-{}", digest(number)),
            &digest(number),
        );
        script.unary(
            INFO,
            &Proto::new().text(1, &digest(number)),
            &info(&digest(number), SOURCE),
        );
    }
    name(&mut script, CREATE, BUSYBOX, &digest(1));
    assert_pull(&only(&mut script), 0);
}

#[test]
fn a_write_that_is_resumed_counts_only_what_is_new() {
    let mut script = Script::new();
    let exchange = script.call(WRITE);
    script.ask(
        exchange,
        &Proto::new()
            .text(2, &format!("layer-{}", digest(4)))
            .number(3, 1000),
    );
    script.answer(exchange, &Proto::new().number(4, 400).number(5, 1000));
    script.ask(
        exchange,
        &Proto::new().number(1, 1).number(5, 400).raw(6, b"data"),
    );
    script.answer(exchange, &Proto::new().number(1, 1).number(4, 1000));
    script.end(exchange, ok());
    name(&mut script, CREATE, BUSYBOX, &digest(1));
    assert_pull(&only(&mut script), 600);
}

#[test]
fn what_the_classic_store_of_dockerd_writes_is_no_pull() {
    let mut script = Script::new();
    script.lease(Some("moby-temporary"));
    write(
        &mut script,
        &format!("manifest-{}", digest(2)),
        &digest(2),
        500,
    );
    script.unary(
        UPDATE_INFO,
        &info(&digest(2), SOURCE),
        &info(&digest(2), SOURCE),
    );
    script.lease(None);
    script.unary(
        DELETE_LEASE,
        &Proto::new().text(1, "moby-temporary"),
        &Proto::new(),
    );
    // What a lease that was given back has fetched is not the next name's.
    script.lease(Some("moby-temporary"));
    name(&mut script, CREATE, BUSYBOX, &digest(1));
    script.close();
    assert!(script.take().is_empty());
}

#[test]
fn a_pull_whose_name_is_refused() {
    let mut script = Script::new();
    script.lease(Some("lease"));
    fetch(&mut script);
    script.fails(
        CREATE,
        &of_image(BUSYBOX, &digest(1)),
        9,
        "lease does not exist",
    );
    let told = only(&mut script);
    assert_eq!((told.op, told.outcome), (Op::Pull, Some(Outcome::Error)));
    assert_eq!(told.error.as_deref(), Some("lease does not exist"));
}

#[test]
fn two_pulls_at_once_are_told_apart_by_their_leases() {
    let mut script = Script::new();
    let pulls = [
        ("one", BUSYBOX, 1),
        ("two", "docker.io/library/alpine:3", 2),
    ];
    let mut writes = Vec::new();
    for (lease, _, number) in pulls {
        script.lease(Some(lease));
        let exchange = script.call(WRITE);
        script.ask(
            exchange,
            &Proto::new().text(2, &format!("layer-{}", digest(number))),
        );
        writes.push((exchange, u64::from(number) * 100));
    }
    for (exchange, bytes) in writes {
        script.answer(exchange, &Proto::new().number(1, 1).number(4, bytes));
        script.end(exchange, ok());
    }
    for (lease, image, number) in pulls.into_iter().rev() {
        script.lease(Some(lease));
        name(&mut script, CREATE, image, &digest(number));
    }
    let told = script.operations();
    let told: Vec<_> = told
        .iter()
        .map(|told| (told.subject.image.as_deref(), told.subject.bytes))
        .collect();
    assert_eq!(
        told,
        [
            (Some("docker.io/library/alpine:3"), Some(200)),
            (Some(BUSYBOX), Some(100))
        ]
    );
}

#[test]
fn each_tag_of_a_repository_is_a_pull_of_its_own() {
    let mut script = Script::new();
    script.lease(Some("lease"));
    for (number, tag) in [(1, "1.36"), (2, "1.37")] {
        write(
            &mut script,
            &format!("manifest-{}", digest(number)),
            &digest(number),
            500,
        );
        check(&mut script, &format!("layer-{}", digest(4)), &digest(4));
        name(
            &mut script,
            CREATE,
            &format!("docker.io/library/busybox:{tag}"),
            &digest(number),
        );
    }
    let told = script.operations();
    assert_eq!(told.len(), 2);
    assert!(
        told.iter()
            .all(|told| told.op == Op::Pull && told.outcome == Some(Outcome::Ok))
    );
    assert_eq!(told[1].subject.bytes, Some(500));
}

#[test]
fn names_that_dockerd_gives_for_itself_are_none() {
    let mut script = Script::new();
    script.lease(Some("lease"));
    fetch(&mut script);
    let dangling = format!("moby-dangling@{}", digest(9));
    name(&mut script, CREATE, &dangling, &digest(9));
    assert!(script.take().is_empty());
    name(&mut script, CREATE, BUSYBOX, &digest(1));
    assert_pull(&only(&mut script), 2_002_010);
}

#[test]
fn a_name_behind_a_gap_is_known_by_what_was_written() {
    let mut script = Script::new();
    script.namespace = Some("default".to_owned());
    script.lease(Some("lease"));
    fetch(&mut script);
    // The entries that its headers name were not seen.
    script.namespace = None;
    script.lease(None);
    name(&mut script, CREATE, "docker.io/library/other:1", &digest(9));
    assert!(script.take().is_empty(), "nothing of that was written");
    name(&mut script, CREATE, BUSYBOX, &digest(1));
    let events = script.take();
    let [
        Event::Began {
            op, subject, basis, ..
        },
        Event::Ended { outcome, .. },
    ] = &events[..]
    else {
        panic!("{events:?}");
    };
    assert_eq!((*op, *outcome), (Op::Pull, Outcome::Ok));
    assert_eq!(subject.namespace.as_deref(), Some("default"));
    assert_eq!(subject.bytes, None, "some writes may not have been seen");
    assert!(!basis.is_observed(), "{basis:?}");
}

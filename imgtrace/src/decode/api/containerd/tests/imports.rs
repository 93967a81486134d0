//! Imports that the client does itself.

use super::*;
use crate::decode::Event;

/// What containerd's client writes for an archive (`core/images/archive/importer.go`).
fn unpack(script: &mut Script) {
    for (number, bytes) in [(1, 610), (3, 900), (4, 2_000_000)] {
        write(script, &format!("tar-blobs/sha256/{number}"), "", bytes);
        // A layer that was pulled before keeps the label of where it came from.
        script.unary(
            INFO,
            &Proto::new().text(1, &digest(number)),
            &info(&digest(number), SOURCE),
        );
    }
    write(script, &format!("manifest-{}", digest(2)), &digest(2), 100);
}

/// Names an image as containerd's client does it (`client/import.go`).
fn import(script: &mut Script, image: &str, digest: &str) {
    let missing = format!("image {image:?}: not found");
    script.fails(UPDATE, &of_image(image, digest), 5, &missing);
    name(script, CREATE, image, digest);
}

#[test]
fn of_one_image() {
    let mut script = Script::new();
    script.lease(Some("lease"));
    unpack(&mut script);
    import(&mut script, BUSYBOX, &digest(1));
    script.unary(DELETE_LEASE, &Proto::new().text(1, "lease"), &Proto::new());
    let told = only(&mut script);
    assert_eq!((told.op, told.outcome), (Op::Import, Some(Outcome::Ok)));
    assert_eq!(told.subject.image.as_deref(), Some(BUSYBOX));
    assert!(told.subject.images.is_empty());
    assert_eq!(told.subject.digest, Some(digest(1)));
    assert_eq!(told.subject.bytes, Some(2_001_610));
}

#[test]
fn of_several_images() {
    let mut script = Script::new();
    unpack(&mut script);
    name(&mut script, CREATE, BUSYBOX, &digest(1));
    name_exists(&mut script, "docker.io/library/alpine:3", &digest(2));
    name(
        &mut script,
        UPDATE,
        "docker.io/library/alpine:3",
        &digest(2),
    );
    script.wait_ms(2_100);
    script.call(GET);
    let told = only(&mut script);
    assert_eq!((told.op, told.outcome), (Op::Import, Some(Outcome::Ok)));
    assert_eq!(told.subject.image.as_deref(), Some(BUSYBOX));
    assert_eq!(told.subject.images, [BUSYBOX, "docker.io/library/alpine:3"]);
}

#[test]
fn content_that_never_was_in_a_registry() {
    let mut script = Script::new();
    write(&mut script, "anything", &digest(1), 100);
    script.unary(
        INFO,
        &Proto::new().text(1, &digest(1)),
        &info(&digest(1), "containerd.io/gc.ref"),
    );
    name(&mut script, CREATE, BUSYBOX, &digest(1));
    script.close();
    let events = script.take();
    let [Event::Began { op, basis, .. }, Event::Ended { .. }] = &events[..] else {
        panic!("two events: {events:?}");
    };
    assert_eq!(*op, Op::Import);
    assert!(!basis.is_observed(), "it is concluded from what is missing");
}

#[test]
fn labels_of_what_was_not_written_say_nothing() {
    let mut script = Script::new();
    write(
        &mut script,
        &format!("manifest-{}", digest(1)),
        &digest(1),
        100,
    );
    script.unary(
        INFO,
        &Proto::new().text(1, &digest(4)),
        &info(&digest(4), SOURCE),
    );
    name(&mut script, CREATE, BUSYBOX, &digest(1));
    script.close();
    assert_eq!(only(&mut script).op, Op::Import);
}

#[test]
fn a_name_that_is_neither_moved_nor_made() {
    let mut script = Script::new();
    unpack(&mut script);
    script.fails(UPDATE, &of_image(BUSYBOX, &digest(1)), 5, "not found");
    script.close();
    let told = only(&mut script);
    assert_eq!((told.outcome, told.error), (Some(Outcome::Unknown), None));
}

#[test]
fn an_import_that_is_refused() {
    let mut script = Script::new();
    unpack(&mut script);
    script.fails(
        CREATE,
        &of_image("bad name", &digest(1)),
        3,
        "invalid reference",
    );
    let told = only(&mut script);
    assert_eq!((told.op, told.outcome), (Op::Import, Some(Outcome::Error)));
    assert_eq!(told.error.as_deref(), Some("invalid reference"));
}

#[test]
fn names_are_told_now_and_then_and_at_the_end() {
    let mut script = Script::new();
    unpack(&mut script);
    for number in 0..1_000 {
        // The last time that half a second passes, the bound is reached.
        let is_late = matches!(number, 10 | 500 | 900);
        script.wait_ms(if is_late { 500 } else { 0 });
        let image = format!("docker.io/library/a:{}", number / 2);
        name(&mut script, CREATE, &image, &digest(1));
    }
    script.close();
    let events = script.take();
    let told: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Progress { subject, .. } | Event::Ended { subject, .. } => {
                Some(subject.images.len())
            }
            _ => None,
        })
        .collect();
    assert_eq!(told, [6, 251, 256]);
}

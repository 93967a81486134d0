//! Images that containerd moves itself.

use super::*;
use crate::decode::Event;

const TRANSFER: &str = "/containerd.services.transfer.v1.Transfer/Transfer";
const STREAM: &str = "/containerd.services.streaming.v1.Streaming/Stream";
const TYPES: &str = "containerd.types.transfer";

/// `OCIRegistry` with credentials in its resolver.
fn registry(reference: &str) -> (&'static str, Proto) {
    let resolver = Proto::new()
        .text(1, "auth-stream")
        .entry(2, "Authorization", SECRET)
        .text(3, "/etc/containerd/certs.d");
    (
        "OCIRegistry",
        Proto::new().text(1, reference).message(2, &resolver),
    )
}

fn store(name: &str) -> (&'static str, Proto) {
    let store = if name.is_empty() {
        Proto::new()
    } else {
        Proto::new().text(1, name)
    };
    ("ImageStore", store.entry(2, "label", SECRET))
}

fn stream(of: &'static str) -> (&'static str, Proto) {
    (
        of,
        Proto::new()
            .text(1, "stream-1")
            .text(2, "application/x-tar"),
    )
}

/// `TransferRequest` whose progress is told on `progress-1`.
fn request(source: &(&str, Proto), destination: &(&str, Proto)) -> Proto {
    Proto::new()
        .any(1, &format!("{TYPES}.{}", source.0), &source.1)
        .any(2, &format!("{TYPES}.{}", destination.0), &destination.1)
        .message(3, &Proto::new().text(1, "progress-1"))
}

fn told(source: &(&str, Proto), destination: &(&str, Proto)) -> Option<Told> {
    let told = unary(TRANSFER, &request(source, destination));
    assert!(told.len() <= 1);
    told.into_iter().next()
}

#[test]
fn what_is_moved_is_told_by_its_ends() {
    let (from, to) = (registry("docker.io/library/busybox:1.36"), store(BUSYBOX));
    let pull = told(&from, &to).unwrap();
    assert_eq!(
        (pull.op, pull.subject.image.as_deref()),
        (Op::Pull, Some(BUSYBOX))
    );
    let unnamed = told(&from, &store("")).unwrap();
    assert_eq!(unnamed.subject.image.as_deref(), Some(BUSYBOX));

    let push = told(&store("local"), &registry("r.example/a:1")).unwrap();
    assert_eq!(
        (push.op, push.subject.image.as_deref()),
        (Op::Push, Some("r.example/a:1"))
    );

    let import = told(&stream("ImageImportStream"), &store("")).unwrap();
    assert_eq!((import.op, import.subject.image), (Op::Import, None));

    let save = told(&store(BUSYBOX), &stream("ImageExportStream")).unwrap();
    assert_eq!(
        (save.op, save.subject.image.as_deref()),
        (Op::Save, Some(BUSYBOX))
    );

    let tag = told(&store(BUSYBOX), &store("docker.io/library/mine:1")).unwrap();
    assert_eq!(
        (tag.op, tag.subject.image.as_deref()),
        (Op::Tag, Some(BUSYBOX))
    );
    assert_eq!(
        tag.subject.target.as_deref(),
        Some("docker.io/library/mine:1")
    );

    assert!(told(&stream("ContainerPath"), &stream("WriteStream")).is_none());
    assert!(told(&from, &stream("ImageExportStream")).is_none());
}

#[test]
fn several_images_are_saved_as_further_references() {
    let (of, from) = store("");
    let from = from
        .message(6, &Proto::new().text(1, BUSYBOX))
        .message(6, &Proto::new().text(1, "docker.io/library/alpine:3"))
        .message(6, &Proto::new().text(1, "prefix").number(2, 1));
    let save = told(&(of, from), &stream("ImageExportStream")).unwrap();
    assert_eq!(save.subject.image.as_deref(), Some(BUSYBOX));
    assert_eq!(save.subject.images, [BUSYBOX, "docker.io/library/alpine:3"]);
}

#[test]
fn the_platform_that_was_asked_for() {
    let platform = |arch: &str| Proto::new().text(1, "linux").text(2, arch);
    let (of, to) = store(BUSYBOX);
    let one = to.clone().message(3, &platform("arm64").text(3, "v8"));
    let two = one.clone().message(3, &platform("amd64"));
    let asked = |to: Proto| {
        told(&registry(BUSYBOX), &(of, to))
            .unwrap()
            .subject
            .platform
    };
    assert_eq!(asked(one).as_deref(), Some("linux/arm64/v8"));
    assert_eq!(asked(two), None);
    assert_eq!(asked(to), None);
}

#[test]
fn types_may_be_urls() {
    let ask = Proto::new()
        .any(
            1,
            &format!("type.googleapis.com/{TYPES}.OCIRegistry"),
            &registry(BUSYBOX).1,
        )
        .any(
            2,
            &format!("type.googleapis.com/{TYPES}.ImageStore"),
            &store(BUSYBOX).1,
        );
    assert_eq!(unary(TRANSFER, &ask)[0].op, Op::Pull);
}

/// A stream of this name that the client has opened.
fn open(script: &mut Script, id: &str) -> Exchange {
    let exchange = script.call(STREAM);
    let init = Proto::new()
        .text(1, "containerd.services.streaming.v1.StreamInit")
        .message(2, &Proto::new().text(1, id));
    script.ask(exchange, &init);
    script.answer(exchange, &Proto::new().text(1, "google.protobuf.Empty"));
    exchange
}

fn progress(event: &str, name: &str, moved: u64, total: u64, desc: Option<&str>) -> Proto {
    let mut progress = Proto::new()
        .text(1, event)
        .text(2, name)
        .text(3, "parent")
        .number(4, moved)
        .number(5, total);
    if let Some(digest) = desc {
        progress = progress.message(6, &Proto::new().text(1, MANIFEST).text(2, digest));
    }
    Proto::new()
        .text(1, &format!("{TYPES}.Progress"))
        .message(2, &progress)
}

#[test]
fn progress_is_told_on_another_stream() {
    let mut script = Script::new();
    let stream = open(&mut script, "progress-1");
    let exchange = script.call(TRANSFER);
    script.ask(exchange, &request(&registry(BUSYBOX), &store(BUSYBOX)));
    script.take();
    script.answer(stream, &progress("waiting", "layer-1", 0, 1000, None));
    assert!(script.take().is_empty(), "it is early");
    script.wait_ms(500);
    script.answer(stream, &progress("downloading", "layer-1", 400, 1000, None));
    let events = script.take();
    let [
        Event::Progress {
            exchange: of,
            subject,
        },
    ] = &events[..]
    else {
        panic!("one event: {events:?}");
    };
    assert_eq!(
        (*of, subject.bytes, subject.bytes_total),
        (exchange, Some(400), Some(1000))
    );
    script.wait_ms(499);
    script.answer(stream, &progress("downloading", "layer-1", 900, 1000, None));
    assert!(script.take().is_empty(), "every half second at most");
    script.answer(stream, &progress("complete", "layer-1", 1000, 1000, None));
    script.answer(stream, &progress("waiting", "layer-2", 0, 70, None));
    script.answer(stream, &progress("already exists", "layer-2", 70, 70, None));
    script.answer(stream, &progress("waiting", "layer-3", 0, 300, None));
    script.answer(stream, &progress("downloading", "layer-3", 100, 300, None));
    script.answer(stream, &progress("extracting", "layer-3", 1, 300, None));
    script.answer(stream, &progress("extracting", "layer-2", 1, 70, None));
    script.answer(stream, &progress("saved", BUSYBOX, 0, 0, Some(&digest(2))));
    script.take();
    script.answer(exchange, &Proto::new());
    script.end(exchange, ok());
    let events = script.take();
    let [
        Event::Ended {
            subject, outcome, ..
        },
    ] = &events[..]
    else {
        panic!("one event: {events:?}");
    };
    assert_eq!(*outcome, Outcome::Ok);
    assert_eq!(subject.bytes, Some(1300));
    assert_eq!(subject.digest, Some(digest(2)));
    assert_eq!(subject.digest_kind, Some(DigestKind::Manifest));
    script.answer(
        stream,
        &progress("downloading", "layer-1", 1000, 1000, None),
    );
    assert!(script.take().is_empty());
}

#[test]
fn an_import_tells_what_it_has_saved() {
    let mut script = Script::new();
    let stream_of = open(&mut script, "progress-1");
    let exchange = script.call(TRANSFER);
    script.ask(exchange, &request(&stream("ImageImportStream"), &store("")));
    for (name, number) in [(BUSYBOX, 1), ("docker.io/library/alpine:3", 2)] {
        script.answer(
            stream_of,
            &progress("saved", name, 0, 0, Some(&digest(number))),
        );
    }
    script.end(exchange, ok());
    let told = only(&mut script);
    assert_eq!(told.subject.image.as_deref(), Some(BUSYBOX));
    assert_eq!(told.subject.images, [BUSYBOX, "docker.io/library/alpine:3"]);
    assert_eq!(told.subject.digest, Some(digest(1)));
}

#[test]
fn a_push_tells_its_digest() {
    let mut script = Script::new();
    let stream = open(&mut script, "progress-1");
    let exchange = script.call(TRANSFER);
    script.ask(exchange, &request(&store(BUSYBOX), &registry(BUSYBOX)));
    script.answer(stream, &progress("uploading", "layer-1", 5, 10, None));
    script.answer(
        stream,
        &progress("pushed content", BUSYBOX, 0, 0, Some(&digest(1))),
    );
    script.end(exchange, ok());
    let subject = only(&mut script).subject;
    assert_eq!((subject.digest, subject.bytes), (Some(digest(1)), Some(5)));
}

#[test]
fn streams_of_others_are_not_read() {
    let mut script = Script::new();
    let auth = open(&mut script, "auth-stream");
    let exchange = script.call(TRANSFER);
    script.ask(exchange, &request(&registry(BUSYBOX), &store(BUSYBOX)));
    script.take();
    script.wait_ms(1000);
    script.answer(auth, &progress("downloading", "layer-1", 400, 1000, None));
    let secret = Proto::new().number(1, 1).text(2, SECRET).text(3, SECRET);
    let response = Proto::new()
        .text(1, &format!("{TYPES}.AuthResponse"))
        .message(2, &secret);
    script.ask(auth, &response);
    script.answer(auth, &response);
    script.ask_bytes(auth, b"\xff\xff\xff", true);
    assert!(script.take().is_empty());
}

#[test]
fn a_transfer_that_fails() {
    let mut script = Script::new();
    let message = format!("failed to resolve: https://go:{SECRET}@r.example/v2/: not found");
    script.fails(
        TRANSFER,
        &request(&registry(BUSYBOX), &store(BUSYBOX)),
        5,
        &message,
    );
    let told = only(&mut script);
    assert_eq!((told.op, told.outcome), (Op::Pull, Some(Outcome::Error)));
    assert!(!told.error.unwrap().contains(SECRET));
}

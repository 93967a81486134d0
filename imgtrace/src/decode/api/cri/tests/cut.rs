//! Messages that are cut at every byte.

use super::{CONTAINER, SANDBOX, SECRET, create, image, pod, pull};
use crate::decode::Event;
use crate::decode::api::rpc::tests::script::Script;
use crate::model::Subject;

/// What is told of a request of which the first bytes are known.
fn began(path: &str, bytes: &[u8]) -> Subject {
    let mut script = Script::new();
    let exchange = script.call(path);
    script.ask_bytes(exchange, bytes, false);
    let events = script.take();
    assert!(!format!("{events:?}").contains(SECRET));
    let [Event::Began { subject, .. }] = &events[..] else {
        panic!("one operation and no anomaly: {events:?}");
    };
    subject.clone()
}

/// Where a text ends in the bytes.
fn end_of(bytes: &[u8], text: &str) -> usize {
    let found = bytes
        .windows(text.len())
        .position(|bytes| bytes == text.as_bytes());
    found.unwrap() + text.len()
}

#[test]
fn a_create_yields_what_stands_before_the_cut() {
    const PATH: &str = "/runtime.v1.RuntimeService/CreateContainer";
    let bytes = create(&image("busybox:1.36")).bytes();
    let (name, reference) = (end_of(&bytes, "app"), end_of(&bytes, "busybox:1.36"));
    for cut in 0..=bytes.len() {
        let subject = began(PATH, &bytes[..cut]);
        let expected = |from: usize, text: &'static str| (cut >= from).then_some(text);
        assert_eq!(
            subject.sandbox.as_deref(),
            expected(end_of(&bytes, SANDBOX), SANDBOX)
        );
        assert_eq!(
            subject.container_name.as_deref(),
            expected(name, "app"),
            "{cut}"
        );
        let image = expected(reference, "docker.io/library/busybox:1.36");
        assert_eq!(subject.image.as_deref(), image, "{cut}");
        assert_eq!(subject.container, None);
    }
    assert_eq!(began(PATH, &bytes).pod, Some(pod()));
}

#[test]
fn a_pull_yields_what_stands_before_the_cut() {
    const PATH: &str = "/runtime.v1.ImageService/PullImage";
    let bytes = pull("busybox:1.36").bytes();
    for cut in 0..=bytes.len() {
        let subject = began(PATH, &bytes[..cut]);
        let named = cut >= end_of(&bytes, "busybox:1.36");
        assert_eq!(subject.image.is_some(), named, "{cut}");
        assert!(cut >= end_of(&bytes, "shop") || subject.pod != Some(pod()));
    }
    assert_eq!(began(PATH, &bytes).pod, Some(pod()));
}

#[test]
fn an_id_that_is_cut_is_none() {
    let bytes = crate::decode::api::rpc::tests::proto::Proto::new()
        .text(1, CONTAINER)
        .bytes();
    for cut in 0..bytes.len() {
        let subject = began("/runtime.v1.RuntimeService/StartContainer", &bytes[..cut]);
        assert_eq!(subject, Subject::default(), "{cut}");
    }
}

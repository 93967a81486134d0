//! Each rule, and what looks like it.

use crate::decode::inference::method::Method;
use crate::decode::inference::rule::{by_answer, by_error};
use crate::decode::inference::shape::Shape;
use crate::decode::inference::starts::Starts;
use crate::decode::inference::tests::wire::{bytes, digest, id, message, number, text, time};

fn told(request: &[u8], answer: &[u8]) -> Option<Method> {
    let request = Shape::read(request, true)?;
    by_answer(request, Shape::read(answer, true)?).map(|recognised| recognised.method)
}

/// `Container`, created and updated at these times.
fn container(id: &str, times: Option<(u64, u64)>) -> Vec<u8> {
    let spec = text(1, "types.containerd.io/opencontainers/runtime-spec/1/Spec");
    let mut fields = vec![
        text(1, id),
        message(2, &[text(1, "key"), text(2, "value")]),
        text(3, "docker.io/library/busybox:1"),
        message(4, &[text(1, "io.containerd.runc.v2")]),
        message(5, &[spec, text(2, "{}")]),
    ];
    if let Some((created, updated)) = times {
        fields.extend([time(8, created), time(9, updated)]);
    }
    message(1, &fields)
}

/// `Image`, created and updated at these times.
fn image(name: &str, times: Option<(u64, u64)>) -> Vec<u8> {
    let media = text(1, "application/vnd.oci.image.index.v1+json");
    let mut fields = vec![
        text(1, name),
        message(3, &[media, text(2, &digest(7)), number(3, 99)]),
    ];
    if let Some((created, updated)) = times {
        fields.extend([time(7, created), time(8, updated)]);
    }
    message(1, &fields)
}

#[test]
fn containers_create() {
    let request = container("web", None);
    assert_eq!(
        told(&request, &container("web", Some((5, 5)))),
        Some(Method::ContainersCreate)
    );
    assert_eq!(
        told(&request, &container("web", Some((5, 6)))),
        None,
        "Containers/Update"
    );
    assert_eq!(told(&request, &container("other", Some((5, 5)))), None);
    assert_eq!(
        told(&text(1, "web"), &container("web", Some((5, 5)))),
        None,
        "Containers/Get"
    );
}

#[test]
fn images_create_and_update() {
    let (request, new) = (image("a/b:1", None), image("a/b:1", Some((5, 5))));
    assert_eq!(told(&request, &new), Some(Method::ImagesCreate));
    let dated = [request.clone(), time(2, 5)].concat();
    assert_eq!(told(&dated, &new), Some(Method::ImagesCreate));
    let old = image("a/b:1", Some((5, 6)));
    assert_eq!(told(&request, &old), Some(Method::ImagesUpdate));
    let masked = [request, message(2, &[text(1, "target")])].concat();
    assert_eq!(told(&masked, &old), Some(Method::ImagesUpdate));
    assert_eq!(told(&masked, &image("other", Some((5, 6)))), None);
}

#[test]
fn images_get() {
    let answer = image("a/b:1", Some((5, 6)));
    assert_eq!(told(&text(1, "a/b:1"), &answer), Some(Method::ImagesGet));
    assert_eq!(told(&text(1, "a/b:2"), &answer), None);
}

#[test]
fn content_info() {
    let info = [text(1, &digest(3)), number(2, 9), time(3, 5), time(4, 5)];
    assert_eq!(
        told(&text(1, &digest(3)), &message(1, &info)),
        Some(Method::ContentInfo)
    );
    assert_eq!(told(&text(1, &digest(4)), &message(1, &info)), None);
}

#[test]
fn content_update() {
    let label = message(
        5,
        &[
            text(1, "containerd.io/distribution.source.r"),
            text(2, "a/b"),
        ],
    );
    let mask = message(2, &[text(1, "labels.containerd.io/distribution.source.r")]);
    let request = |name: &str| [message(1, &[text(1, name), label.clone()]), mask.clone()].concat();
    let info = |name: &str| message(1, &[text(1, name), number(2, 9), time(3, 5), time(4, 6)]);
    let told = |name: &str, answer: &str| told(&request(name), &info(answer));
    assert_eq!(told(&digest(3), &digest(3)), Some(Method::ContentUpdate));
    assert_eq!(told(&digest(3), &digest(4)), None);
    assert_eq!(told("a/b:1", "a/b:1"), None, "Images/Update");
}

#[test]
fn content_write() {
    let reference = text(2, &format!("layer-{}", digest(3)));
    let request = [
        number(1, 1),
        reference,
        number(3, 4),
        bytes(6, &[0, 1, 2, 3]),
    ]
    .concat();
    let answer = [number(1, 1), time(2, 5), time(3, 5), number(4, 4)].concat();
    assert_eq!(told(&request, &answer), Some(Method::ContentWrite));
    assert_eq!(told(&request, b""), None);
    let status = message(1, &[time(1, 5), time(2, 5), text(3, "layer")]);
    assert_eq!(told(&request, &status), None);
}

#[test]
fn tasks_create() {
    let request = [text(1, "web"), text(5, "/run/containerd/fifo/1/web-stdout")].concat();
    let answer = [text(1, "web"), number(2, 71)].concat();
    assert_eq!(told(&request, &answer), Some(Method::TasksCreate));
    let deleted = [answer.clone(), time(4, 5)].concat();
    assert_eq!(told(&request, &deleted), None, "Tasks/Delete");
    assert_eq!(
        told(&text(1, "web"), &answer),
        None,
        "sandbox.v1.Controller/Start"
    );
}

#[test]
fn tasks_start() {
    let (request, answer) = (text(1, "web"), number(1, 71));
    assert_eq!(told(&request, &answer), None);
    let created = [text(1, "web"), number(2, 71)].concat();
    let mut starts = Starts::default();
    starts.created(Shape::read(&created, true).unwrap());
    let recognised = |request: &[u8], answer: &[u8]| {
        let request = Shape::read(request, true).unwrap();
        starts
            .recognise(request, Shape::read(answer, true).unwrap())
            .map(|r| r.method)
    };
    assert_eq!(recognised(&request, &answer), Some(Method::TasksStart));
    assert_eq!(recognised(&request, &number(1, 72)), None);
    assert_eq!(recognised(&text(1, "other"), &answer), None);
    let usage = [text(1, "web"), text(2, "key")].concat();
    assert_eq!(recognised(&usage, &answer), None, "Snapshots/Usage");
    assert_eq!(
        recognised(&request, &[number(1, 71), time(2, 5)].concat()),
        None,
        "Tasks/Wait"
    );
}

#[test]
fn tasks_kill() {
    let kill = [text(1, "web"), number(3, 15), number(4, 1)].concat();
    assert_eq!(told(&kill, b""), Some(Method::TasksKill));
    let resize = [text(1, "web"), number(3, 80), number(4, 24)].concat();
    assert_eq!(told(&resize, b""), None);
    let close = [text(1, "web"), number(3, 1)].concat();
    assert_eq!(told(&close, b""), None);
    let read = [text(1, &digest(3)), number(3, 9)].concat();
    assert_eq!(told(&read, b""), None);
}

#[test]
fn transfer() {
    let side = |field, name: &str| {
        message(
            field,
            &[text(1, &format!("containerd.types.transfer.{name}"))],
        )
    };
    let request = [side(1, "OCIRegistry"), side(2, "ImageStore")].concat();
    assert_eq!(told(&request, b""), Some(Method::Transfer));
    let recognised = by_error(Shape::read(&request, true).unwrap()).unwrap();
    assert_eq!(recognised.method, Method::Transfer);
    assert_eq!(told(&side(1, "OCIRegistry"), b""), None);
}

#[test]
fn what_names_one_thing_and_is_answered_by_nothing_is_no_method() {
    for name in ["web", "docker.io/library/busybox:1", &digest(3), &id(3)] {
        assert_eq!(told(&text(1, name), b""), None, "{name}");
        assert_eq!(
            told(&[text(1, name), number(2, 1)].concat(), b""),
            None,
            "{name}"
        );
    }
}

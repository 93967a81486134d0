use bytes::Bytes;

use super::{Content, Head, Path};
use crate::decode::http2::{Field, Slot, Text};

fn known(text: &str) -> Text {
    Text::Known(Bytes::copy_from_slice(text.as_bytes()))
}

fn field(name: Text, value: Text) -> Field {
    let slot = None;
    Field { name, value, slot }
}

fn head(pairs: &[(&str, &str)]) -> Head {
    let fields: Vec<Field> = pairs
        .iter()
        .map(|(name, value)| field(known(name), known(value)))
        .collect();
    Head::read(&fields)
}

#[test]
fn what_a_call_says() {
    let head = head(&[
        (":method", "POST"),
        (":path", "/runtime.v1.ImageService/PullImage"),
        ("content-type", "application/grpc"),
        ("grpc-timeout", "120000m"),
        ("authorization", "Bearer hunter2"),
        ("containerd-namespace", "k8s.io"),
        ("containerd-lease", "lease-1"),
    ]);
    let path = head.path.known();
    assert_eq!(path, Some("/runtime.v1.ImageService/PullImage"));
    assert_eq!(head.namespace.as_deref(), Some("k8s.io"));
    assert_eq!(head.correlation.lease.as_deref(), Some("lease-1"));
    assert_eq!(head.content, Content::Grpc);
    assert!(!format!("{head:?}").contains("hunter2"));
}

#[test]
fn what_stands_in_entries_that_were_never_seen() {
    let slot = Slot(-3);
    let head = Head::read(&[
        field(known(":path"), Text::Unknown(slot)),
        field(Text::Unknown(Slot(-4)), Text::Unknown(Slot(-4))),
    ]);
    assert_eq!(head.path, Path::Unknown(slot));
    assert_eq!(head.content, Content::Unknown);
    let head = Head::read(&[field(known("content-type"), Text::Unknown(slot))]);
    assert_eq!((head.path, head.content), (Path::Unseen, Content::Unknown));
}

#[test]
fn content_types() {
    for (value, content) in [
        ("application/grpc", Content::Grpc),
        ("application/grpc+proto", Content::Grpc),
        ("application/grpc;charset=utf-8", Content::Grpc),
        ("application/grpc-web", Content::Other),
        ("application/json", Content::Other),
    ] {
        assert_eq!(head(&[("content-type", value)]).content, content, "{value}");
    }
    assert_eq!(head(&[]).content, Content::None);
}

#[test]
fn what_may_be_a_call() {
    let unseen = || field(Text::Unknown(Slot(-4)), Text::Unknown(Slot(-4)));
    for (method, path, is_call) in [
        ("POST", "/runtime.v1.ImageService/PullImage", true),
        ("POST", "/v1.51/containers/create", false),
        ("POST", "/v1.51/containers", false),
        ("GET", "/runtime.v1.ImageService/PullImage", false),
    ] {
        let method = field(known(":method"), known(method));
        let head = Head::read(&[method, field(known(":path"), known(path)), unseen()]);
        assert_eq!(head.is_call(), is_call, "{path}");
    }
    let post = || field(known(":method"), known("POST"));
    assert!(Head::read(&[post(), unseen()]).is_call());
    assert!(head(&[(":method", "POST"), ("content-type", "application/grpc")]).is_call());
    assert!(!head(&[(":method", "POST"), ("content-type", "application/json")]).is_call());
    assert!(!head(&[(":method", "POST"), (":path", "/a.B/C")]).is_call());
    // An answer, and trailers.
    assert!(!head(&[(":status", "200"), ("content-type", "application/grpc")]).is_call());
    assert!(!Head::read(&[unseen(), unseen()]).is_call());
}

use super::{Metadata, VALUE_LIMIT};

fn taken(pairs: &[(&str, &str)]) -> Metadata {
    let mut metadata = Metadata::default();
    for (key, value) in pairs {
        metadata.take(key.as_bytes(), value.as_bytes());
    }
    metadata
}

#[test]
fn what_is_known_is_kept_and_nothing_else() {
    let metadata = taken(&[
        ("authorization", "Bearer hunter2"),
        ("containerd-namespace", "moby"),
        ("containerd-lease", "moby-image-1"),
        (
            "traceparent",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ),
        ("baggage", "user=x, trigger=api;p=1"),
    ]);
    assert_eq!(metadata.namespace.as_deref(), Some("moby"));
    let correlation = &metadata.correlation;
    assert_eq!(correlation.lease.as_deref(), Some("moby-image-1"));
    let trace = correlation.trace.as_deref();
    assert_eq!(trace, Some("4bf92f3577b34da6a3ce929d0e0e4736"));
    assert!(correlation.by_client);
    assert!(!format!("{metadata:?}").contains("hunter2"));
}

#[test]
fn ttrpc_names_its_namespace_otherwise() {
    let metadata = taken(&[("containerd-namespace-ttrpc", "k8s.io")]);
    assert_eq!(metadata.namespace.as_deref(), Some("k8s.io"));
}

#[test]
fn the_first_of_two_counts() {
    let metadata = taken(&[("containerd-namespace", "a"), ("containerd-namespace", "b")]);
    assert_eq!(metadata.namespace.as_deref(), Some("a"));
}

#[test]
fn what_is_none_is_not_taken() {
    let long = "x".repeat(VALUE_LIMIT + 1);
    let zero = format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32));
    for (key, value) in [
        ("containerd-namespace", ""),
        ("containerd-lease", &long),
        ("traceparent", &zero),
        ("traceparent", "00-4BF92F3577B34DA6A3CE929D0E0E4736-0-01"),
        ("traceparent", "nonsense"),
        ("baggage", "trigger=apix,xtrigger=api,trigger=other"),
    ] {
        assert_eq!(taken(&[(key, value)]), Metadata::default(), "{key}");
    }
    let mut metadata = Metadata::default();
    metadata.take(b"containerd-lease", b"\xff");
    assert_eq!(metadata, Metadata::default());
}

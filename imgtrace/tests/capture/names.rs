//! Which listeners are captured before user space knows them: those with a runtime's name.

use std::os::unix::net::{UnixListener, UnixStream};

use imgtrace::capture::Record;
use imgtrace_common::direction;

use crate::tracer::exchange;

#[test]
fn a_listener_that_nobody_announced_is_captured_from_its_first_request_on() {
    let mut tracer = tracer!("first_request");
    let listener = tracer.listen();
    let mut client = UnixStream::connect(tracer.path()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    exchange(&mut client, &mut server, b"ask", b"answer");
    let path = tracer.path();
    let data = tracer.data();
    let accepted = tracer
        .events
        .iter()
        .find_map(|event| match &event.record {
            Record::Accepted(accepted) => Some(accepted),
            _ => None,
        })
        .unwrap();
    let name = String::from_utf8_lossy(&accepted.name);
    assert_eq!(name.split('\0').next().unwrap(), path.to_str().unwrap());
    assert_eq!(accepted.client, std::process::id());
    assert_eq!(accepted.server, std::process::id());
    let seen: Vec<_> = data
        .iter()
        .map(|(data, bytes)| (data.direction, bytes.as_slice()))
        .collect();
    assert_eq!(
        seen,
        [
            (direction::TO_SERVER, b"ask".as_slice()),
            (direction::TO_CLIENT, b"answer")
        ]
    );
}

#[test]
fn other_names_are_not_captured() {
    let mut tracer = tracer!("other_names");
    let path = tracer.folder.path().join("postgres.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let mut client = UnixStream::connect(&path).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    exchange(&mut client, &mut server, b"select", b"1");
    assert!(tracer.data().is_empty());
}

/// A connection to a listener of this name brings this many buffers of the two that are exchanged.
fn buffers_under(tracer: &mut crate::tracer::Tracer, name: &str) -> usize {
    let path = tracer.folder.path().join(name);
    let listener = UnixListener::bind(&path).unwrap();
    let mut client = UnixStream::connect(&path).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    let before = tracer.data().len();
    exchange(&mut client, &mut server, b"ask", b"answer");
    tracer.data().len() - before
}

#[test]
fn a_name_of_64_digits_is_a_shims() {
    let mut tracer = tracer!("shim");
    let hash = "0123456789abcdef".repeat(4);
    assert_eq!(buffers_under(&mut tracer, &hash), 2);
    let other = hash.replace('7', "f");
    assert_eq!(buffers_under(&mut tracer, &other), 2);
    // One digit less or more, a letter that is none, and no name of its own.
    for name in [
        hash.get(1..).unwrap().to_owned(),
        format!("{hash}0"),
        hash.replace('f', "g"),
        format!("-{}", hash.get(1..).unwrap()),
    ] {
        assert_eq!(buffers_under(&mut tracer, &name), 0, "{name}");
    }
}

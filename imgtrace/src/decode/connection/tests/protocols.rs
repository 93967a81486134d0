//! Which protocol a connection speaks, and what follows an exchange that took it over.

use bytes::Bytes;

use super::conversation::{Said, answer, pull, said, segments};
use super::{PULLED, decode, told};
use crate::decode::Direction::{self, ToClient, ToServer};
use crate::decode::Event;

const PREFACE: &str = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: &str = "\0\0\0\x04\0\0\0\0\0";

fn bytes(direction: Direction, bytes: &[u8]) -> Said {
    Said {
        direction,
        len: bytes.len(),
        bytes: Bytes::copy_from_slice(bytes),
    }
}

/// A frame of HTTP/2 (RFC 9113 section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&len[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

/// Fields without indexing (RFC 7541 section 6.2.2), as a header block that ends the stream or not.
fn headers(stream: u32, end: bool, fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).unwrap());
            block.extend_from_slice(text.as_bytes());
        }
    }
    frame(1, 4 | u8::from(end), stream, &block)
}

/// A message of gRPC that ends the stream or not.
fn message(stream: u32, end: bool, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len()).unwrap().to_be_bytes();
    let message = [&[0][..], &len, body].concat();
    frame(0, u8::from(end), stream, &message)
}

/// `crictl pull busybox`.
fn cri_pull() -> Vec<Said> {
    let head = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/runtime.v1.ImageService/PullImage"),
        ("content-type", "application/grpc"),
        ("authorization", "Bearer hunter2"),
    ];
    let image = b"\x0a\x09\x0a\x07busybox";
    let image_ref = [b"\x0a\x47sha256:", &[b'a'; 64][..]].concat();
    let answered = [(":status", "200"), ("content-type", "application/grpc")];
    let trailers = [("grpc-status", "0"), ("grpc-message", "")];
    vec![
        bytes(ToServer, &headers(1, false, &head)),
        bytes(ToServer, &message(1, true, image)),
        bytes(ToClient, &headers(1, false, &answered)),
        bytes(ToClient, &message(1, false, &image_ref)),
        bytes(ToClient, &headers(1, true, &trailers)),
    ]
}

/// With what comes before it.
fn http2(calls: Vec<Said>) -> Vec<Said> {
    let mut conversation = vec![
        said(ToServer, PREFACE),
        said(ToServer, SETTINGS),
        said(ToClient, SETTINGS),
    ];
    conversation.extend(calls);
    conversation
}

const STREAM: u64 = 1 << 32 | 1;

#[track_caller]
fn check_pulled(conversation: &[Said]) {
    let lines = told(false, conversation);
    let [began, ended] = &lines[..] else {
        panic!("{lines:?}");
    };
    assert!(began.starts_with(&format!("{STREAM} at ")), "{began}");
    assert!(
        began.ends_with("Pull docker.io/library/busybox:latest"),
        "{began}"
    );
    assert!(ended.contains("Ok sha256:aaaa"), "{ended}");
}

#[test]
fn a_call_over_http2() {
    check_pulled(&http2(cri_pull()));
}

#[test]
fn a_server_that_is_read_first() {
    let mut conversation = http2(cri_pull());
    let settings = conversation.remove(2);
    conversation.insert(0, settings);
    check_pulled(&conversation);
}

#[test]
fn an_answer_in_another_protocol_is_to_no_operation() {
    let page = answer("400 Bad Request", "");
    let conversation = [
        vec![said(ToServer, PREFACE), said(ToServer, SETTINGS)],
        cri_pull()[..2].to_vec(),
        vec![said(ToClient, page)],
        cri_pull()[2..].to_vec(),
    ];
    assert_eq!(told(false, &conversation.concat()), ["! UnknownProtocol"]);
}

#[test]
fn a_call_that_is_never_answered_was_asked() {
    let conversation = [
        vec![said(ToServer, PREFACE), said(ToServer, SETTINGS)],
        cri_pull()[..2].to_vec(),
    ];
    let lines = told(false, &conversation.concat());
    assert_eq!(lines.len(), 2);
    assert!(lines[1].contains("Unknown"), "{lines:?}");
}

#[test]
fn a_preface_that_a_late_listener_hears_first_may_be_part_of_a_body() {
    let body = http2(cri_pull())
        .iter()
        .filter(|said| said.direction == ToServer)
        .flat_map(|said| said.bytes.clone())
        .collect::<Vec<u8>>();
    let conversation = [
        vec![bytes(ToServer, &body), said(ToClient, answer("200 OK", ""))],
        pull()[2..].to_vec(),
    ];
    let lines = told(true, &conversation.concat());
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].ends_with("Pull docker.io/library/busybox:1.36"));
}

#[test]
fn a_plain_request_over_http2() {
    let head = [
        (":method", "POST"),
        (":path", "/v1.53/images/create?fromImage=busybox&tag=1.36"),
        ("x-registry-auth", "hunter2"),
    ];
    let answered = [(":status", "200"), ("content-type", "application/json")];
    let line = br#"{"status":"Digest: sha256:86e0e091d0da6bde2456dbb48306f3956bbeb2eae1b5b9a43045843f69fe4aaa"}"#;
    let conversation = http2(vec![
        bytes(ToServer, &headers(1, true, &head)),
        bytes(ToClient, &headers(1, false, &answered)),
        bytes(ToClient, &frame(0, 0, 1, line)),
        bytes(ToClient, &frame(0, 1, 1, b"")),
    ]);
    let [began, ended] = PULLED.map(|line| line.split_once(" at ").unwrap().1[2..].to_owned());
    let expected = [
        format!("{STREAM} at 4 {began}"),
        format!("{STREAM} at 7 {ended}"),
    ];
    assert_eq!(told(false, &conversation), expected);
}

/// An exchange of HTTP/1 that becomes a connection of HTTP/2.
fn upgrade(path: &str) -> Vec<Said> {
    vec![
        said(
            ToServer,
            format!(
                "POST {path} HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
            ),
        ),
        said(
            ToClient,
            "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        ),
    ]
}

#[test]
fn calls_behind_an_upgrade() {
    check_pulled(&[upgrade("/grpc"), http2(cri_pull())].concat());
}

#[test]
fn calls_behind_an_upgrade_whose_server_is_read_first() {
    // In the same buffer as the answer even.
    let mut conversation = [upgrade("/grpc"), http2(cri_pull())].concat();
    let settings = conversation.remove(4);
    let upgraded = &mut conversation[1];
    upgraded.bytes = [&upgraded.bytes[..], &settings.bytes].concat().into();
    upgraded.len = upgraded.bytes.len();
    check_pulled(&conversation);
}

#[test]
fn a_session_is_no_operation() {
    let turned = http2(cri_pull()).into_iter().map(|mut said| {
        said.direction = match said.direction {
            ToServer => ToClient,
            ToClient => ToServer,
        };
        said
    });
    let conversation = [upgrade("/session"), turned.collect()].concat();
    assert_eq!(told(false, &conversation), [""; 0]);
}

#[test]
fn an_upgrade_to_nothing_is_no_operation() {
    let noise = vec![said(ToServer, "hello"), said(ToClient, "hello")];
    let conversation = [upgrade("/grpc"), noise, http2(cri_pull())].concat();
    assert_eq!(told(false, &conversation), [""; 0]);
}

#[test]
fn a_start_over_ttrpc() {
    let id = "3f9c2a71b0c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5c6d7e8f9012";
    let task = b"\x0a\x17containerd.task.v3.Task\x12\x05Start";
    let payload = [b"\x1a\x42\x0a\x40", id.as_bytes()].concat();
    let ttrpc = |stream: u8, kind: u8, body: &[u8]| {
        let len = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&len[..], &[0, 0, 0, stream, kind, 0], body].concat()
    };
    let asked = bytes(ToServer, &ttrpc(1, 1, &[&task[..], &payload].concat()));
    let answered = bytes(ToClient, &ttrpc(1, 2, b"\x12\x02\x08\x07"));
    let conversation = [asked, answered];
    for joined in [false, true] {
        let lines = told(joined, &conversation);
        let [began, ended] = &lines[..] else {
            panic!("{lines:?}");
        };
        assert_eq!(*began, format!("{STREAM} at 1 Start {id}"));
        assert!(ended.contains("Ok"), "{ended}");
    }
}

#[test]
fn what_a_server_alone_says_is_no_protocol() {
    let flood = bytes(ToClient, &[SETTINGS.as_bytes(), &[0; 5_000]].concat());
    assert_eq!(told(false, &[flood]), ["! UnknownProtocol"]);
}

#[test]
fn a_connection_whose_first_bytes_were_missed_is_joined() {
    // That something was missed shows at the next request, which is not believed.
    let twice = [pull(), pull()[2..].to_vec()].concat();
    let mut heard = segments(&twice, &[usize::MAX]);
    heard.remove(0);
    let events = decode(false, heard);
    let anomalies = events
        .iter()
        .filter(|event| matches!(event, Event::Anomaly(_)));
    assert_eq!(anomalies.count(), 0);
    let began = events
        .iter()
        .filter(|event| matches!(event, Event::Began { .. }));
    assert_eq!(began.count(), 1);
}

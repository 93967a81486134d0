use bytes::Bytes;

use super::super::wire::{field, refusal, request, response};
use super::{Request, Response, Unread};
use crate::decode::gather::Gathered;

const SERVICE: &str = "containerd.task.v3.Task";

fn whole(bytes: Vec<u8>) -> Gathered {
    Gathered {
        bytes: bytes.into(),
        whole: true,
    }
}

fn cut(bytes: &[u8]) -> Gathered {
    Gathered {
        bytes: Bytes::copy_from_slice(bytes),
        whole: false,
    }
}

#[test]
fn a_request() {
    let request = Request::open(&whole(request(SERVICE, "Create", b"abc"))).unwrap();
    assert_eq!(request.path, "/containerd.task.v3.Task/Create");
    assert_eq!(request.metadata.namespace.as_deref(), Some("k8s.io"));
    let payload = request.payload.unwrap();
    assert_eq!((&payload.bytes[..], payload.len), (&b"abc"[..], 3));
    assert!(payload.complete);
}

#[test]
fn a_request_that_is_cut_gives_what_there_is() {
    let bytes = request(SERVICE, "Create", b"abcdef");
    let names = 2 + SERVICE.len() + 2 + "Create".len();
    for len in 0..bytes.len() {
        let request = Request::open(&cut(&bytes[..len]));
        if len < names {
            assert!(matches!(request, Err(Unread::Cut)), "{len}");
            continue;
        }
        let request = request.unwrap();
        assert_eq!(request.path, "/containerd.task.v3.Task/Create");
        let Some(payload) = request.payload else {
            assert!(len < names + 2);
            continue;
        };
        let there = (len - names - 2).min(6);
        assert_eq!(payload.bytes, b"abcdef"[..there]);
        assert_eq!((payload.len, payload.complete), (6, there == 6), "{len}");
    }
}

#[test]
fn fields_of_later_versions_do_no_harm() {
    let later = [
        &request(SERVICE, "Start", b"abc")[..],
        &field(99, b"new"),
        &[0xa5, 0x06, 1, 2, 3, 4],
        &[0xa1, 0x06, 1, 2, 3, 4, 5, 6, 7, 8],
    ];
    assert!(Request::open(&whole(later.concat())).is_ok());
    let later = [response(b"abc"), field(9, b"new")].concat();
    let response = Response::open(&whole(later)).unwrap();
    assert_eq!(response.payload.unwrap().bytes, "abc");
    assert!(!response.is_plain);
}

#[test]
fn what_is_no_request() {
    for bytes in [
        vec![],
        b"\x00\x00\x00".to_vec(),
        field(1, SERVICE.as_bytes()),
        request("a service", "Create", b""),
        request(SERVICE, "Cre/ate", b""),
        request(&"a".repeat(300), "Create", b""),
        request(SERVICE, "", b""),
        [request(SERVICE, "Create", b""), vec![0x0b]].concat(),
        [request(SERVICE, "Create", b""), vec![0x2a, 200, 1]].concat(),
    ] {
        let opened = Request::open(&whole(bytes));
        assert!(matches!(opened, Err(Unread::Malformed)));
    }
}

#[test]
fn responses() {
    let answer = Response::open(&whole(response(b"abc"))).unwrap();
    assert_eq!(answer.status, Some((0, String::new())));
    assert_eq!(answer.payload.unwrap().bytes, "abc");
    let answer = Response::open(&whole(refusal(5, "no such task"))).unwrap();
    assert_eq!(answer.status, Some((5, "no such task".to_owned())));
    assert!(answer.payload.is_none());
    let empty = Response::open(&whole(vec![])).unwrap();
    assert_eq!(empty.status, Some((0, String::new())));
    assert!(Response::open(&whole(vec![0x0a])).is_err());
}

#[test]
fn a_response_that_is_cut_claims_no_success() {
    assert_eq!(Response::open(&cut(b"")).unwrap().status, None);
    let begun = Response::open(&cut(&response(b"abc")[..5])).unwrap();
    assert_eq!(begun.status, Some((0, String::new())));
    assert_eq!(begun.payload.unwrap().bytes, "a");
    // The code comes before the message.
    let refused = refusal(5, "no such task");
    let begun = Response::open(&cut(&refused[..9])).unwrap();
    assert_eq!(begun.status, Some((5, "no ".to_owned())));
}

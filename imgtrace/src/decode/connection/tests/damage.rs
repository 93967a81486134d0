//! What is cut, damaged or no conversation at all.

use bytes::{Buf, Bytes};
use proptest::prelude::*;

use super::conversation::{Said, answer, at, pull, request, run, said, segments, stream};
use super::{decode, line};
use crate::decode::Direction::{ToClient, ToServer};
use crate::decode::{Event, Segment};
use crate::observation::Anomaly;

/// The last request of a conversation that nobody has.
fn last_asked() -> String {
    request("POST /containers/fake/start", "")
}

/// A conversation whose bodies hold other conversations, up to a last request.
fn treacherous() -> Vec<Said> {
    let mut other: String = run()
        .iter()
        .map(|said| String::from_utf8_lossy(&said.bytes).into_owned())
        .collect();
    other += &last_asked();
    let loaded = stream(&[r#"{"stream":"Loaded image: real:1\n"}"#]);
    let len = other.len();
    vec![
        said(
            ToServer,
            format!(
                "POST /images/load HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
                 {len:x}\r\n{other}\r\n{len:x}\r\n{other}\r\n0\r\n\r\n"
            ),
        ),
        said(ToClient, loaded.clone()),
        said(
            ToServer,
            format!(
                "POST /images/load HTTP/1.1\r\nExpect: 100-continue\r\n\
                 Content-Length: {len}\r\n\r\n"
            ),
        ),
        said(ToClient, "HTTP/1.1 100 Continue\r\n\r\n"),
        said(ToServer, other.clone()),
        said(ToClient, loaded),
        said(ToServer, "GET /containers/x/logs HTTP/1.1\r\n\r\n"),
        said(ToClient, answer("200 OK", &(other + "."))),
        said(
            ToServer,
            "POST /images/create?fromImage=real&tag=2 HTTP/1.1\r\n\r\n",
        ),
        said(ToClient, stream(&[r#"{"status":"Digest: sha256:12"}"#])),
    ]
}

/// The conversation without its first bytes.
fn without_first(conversation: &[Said], mut bytes: usize) -> Vec<Said> {
    let mut rest = conversation.to_vec();
    rest.retain_mut(|said| {
        let cut = bytes.min(said.len);
        bytes -= cut;
        said.len -= cut;
        said.bytes.advance(cut);
        said.len > 0
    });
    rest
}

/// What was told of operations, without numbers and times.
fn operations(events: &[Event]) -> Vec<String> {
    let lines = events.iter().filter_map(line);
    let plain =
        lines.filter_map(|line| Some(line.split_once(" at ")?.1.split_once(' ')?.1.to_owned()));
    plain.collect()
}

#[test]
fn a_late_listener_reports_only_what_was_done() {
    let conversation = treacherous();
    let all = operations(&decode(false, segments(&conversation, &[usize::MAX])));
    assert_eq!(all.len(), 6, "two loads and a pull: {all:?}");
    let lens = conversation.iter().map(|said| said.len);
    let last_request: usize = lens.clone().take(8).sum();
    let mut untellable = Vec::new();
    for cut in 0..lens.clone().sum() {
        let rest = without_first(&conversation, cut);
        let told = operations(&decode(true, segments(&rest, &[usize::MAX])));
        if !all.ends_with(&told) {
            untellable.push(cut);
        }
        if cut <= last_request {
            assert!(told.ends_with(&all[4..]), "the pull from {cut}: {told:?}");
        }
    }
    // Who comes exactly before a request with which a body ends cannot tell that it is none.
    let body_end: usize = lens.take(5).sum();
    assert_eq!(untellable, [body_end - last_asked().len()]);
}

proptest! {
    #[test]
    fn no_segments_break_anything(
        noise in prop::collection::vec(
            (any::<bool>(), 0..500u64, 0..100u32, prop::collection::vec(any::<u8>(), 0..100)),
            0..20,
        ),
        joined in any::<bool>(),
    ) {
        let segments = noise.into_iter().map(|(to_client, offset, len, bytes)| Segment {
            at: at(1),
            direction: if to_client { ToClient } else { ToServer },
            offset,
            len,
            bytes: Bytes::from(bytes),
        });
        let events = decode(joined, segments.collect());
        let began = events.iter().any(|event| matches!(event, Event::Began { .. }));
        prop_assert!(!began, "noise means nothing");
    }

    #[test]
    fn a_damaged_conversation_breaks_nothing(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..10),
        sizes in prop::collection::vec(1..200usize, 1..5),
        joined in any::<bool>(),
    ) {
        let mut conversation = pull();
        for (index, byte) in damage {
            let said = &mut conversation[index.index(4)];
            let mut bytes = said.bytes.to_vec();
            let place = index.index(bytes.len());
            bytes[place] = byte;
            said.bytes = bytes.into();
        }
        let events = decode(joined, segments(&conversation, &sizes));
        let began = events.iter().filter(|e| matches!(e, Event::Began { .. })).count();
        let ended = events.iter().filter(|e| matches!(e, Event::Ended { .. })).count();
        prop_assert_eq!(began, ended);
        prop_assert!(began <= 1);
        prop_assert!(!events.contains(&Event::Anomaly(Anomaly::OutOfOrder)));
    }
}

use zerocopy::FromZeros as _;

use super::*;

const CLIENT: u32 = 40;

fn data(direction: u32, offset: u64, bytes: &'static [u8], reader: u32) -> (Data, bytes::Bytes) {
    let mut data = Data::new_zeroed();
    data.connection = 5;
    data.direction = direction;
    data.offset = offset;
    data.len = u32::try_from(bytes.len()).unwrap();
    data.copied = data.len;
    data.reader = reader;
    data.reader_start = 1_000_000_000;
    (data, bytes::Bytes::from_static(bytes))
}

fn open(joined: bool) -> Connections {
    let mut connections = Connections::default();
    let id = connections.begin(5, EndpointId(1), CLIENT, joined, 10);
    assert_eq!(id, Some(ConnectionId(1)));
    assert_eq!(
        connections.begin(5, EndpointId(1), CLIENT, joined, 10),
        None
    );
    connections
}

fn push(connections: &mut Connections, data: (Data, bytes::Bytes)) -> Vec<Observation> {
    let mut out = Vec::new();
    connections.push(&data.0, data.1, Stamp::default(), &mut out);
    out.into_iter().map(|observed| observed.what).collect()
}

const START: &[u8] = b"POST /v1.41/containers/web/start HTTP/1.1\r\nHost: d\r\n\r\n";
const DONE: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";

#[test]
fn a_request_and_its_answer_bear_one_number() {
    let mut connections = open(false);
    let began = push(&mut connections, data(direction::TO_SERVER, 0, START, 1));
    assert!(matches!(
        began.as_slice(),
        [Observation::RequestBegan {
            request: RequestId(1),
            connection: ConnectionId(1),
            ..
        }]
    ));
    assert!(connections.busy());
    let ended = push(
        &mut connections,
        data(direction::TO_CLIENT, 0, DONE, CLIENT),
    );
    assert!(matches!(
        ended.as_slice(),
        [
            Observation::Learned { .. },
            Observation::RequestEnded {
                request: RequestId(1),
                ..
            }
        ]
    ));
    assert!(!connections.busy());
}

#[test]
fn a_call_that_is_answered_in_another_protocol_is_taken_back() {
    let mut connections = open(false);
    // `/containerd.task.v3.Task/Start` of the container `abc`.
    let call = b"\0\0\0\x27\0\0\0\x01\x01\0\x0a\x17containerd.task.v3.Task\x12\x05Start\x1a\x05\x0a\x03abc";
    let began = push(&mut connections, data(direction::TO_SERVER, 0, call, 1));
    assert!(matches!(
        began.as_slice(),
        [Observation::RequestBegan { .. }]
    ));
    let page = data(direction::TO_CLIENT, 0, DONE, CLIENT);
    let told = push(&mut connections, page);
    assert!(told.contains(&Observation::RequestWithdrawn {
        request: RequestId(1)
    }));
    assert!(!connections.busy());
}

#[test]
fn whoever_reads_answers_is_the_speaker_until_another_does() {
    let mut connections = open(false);
    let answer = |reader| data(direction::TO_CLIENT, 0, b"", reader).0;
    let mut speaker = |reader| match connections.hear(&answer(reader)) {
        Heard::Speaker(process) => Some(process.pid),
        Heard::Server(..) | Heard::Nothing => None,
    };
    let seen: Vec<_> = [CLIENT, 41, 41, CLIENT, CLIENT, 42, 41]
        .map(&mut speaker)
        .into();
    assert_eq!(
        seen,
        [None, Some(41), None, Some(CLIENT), None, Some(42), Some(41)]
    );
    let request = data(direction::TO_SERVER, 0, b"", 7).0;
    assert!(matches!(
        connections.hear(&request),
        Heard::Server(EndpointId(1), _)
    ));
    let mut unread = answer(43);
    unread.unread = 1;
    assert!(
        matches!(connections.hear(&unread), Heard::Nothing),
        "who closes does not speak"
    );
}

#[test]
fn bytes_that_are_missing_are_counted_on_their_connection() {
    let mut connections = open(false);
    let missing = push(&mut connections, data(direction::TO_SERVER, 100, START, 1));
    assert!(missing.contains(&Observation::Lost {
        what: LossKind::Buffer,
        connection: Some(ConnectionId(1)),
        records: 0,
        bytes: 100,
    }));
    let next = u64::try_from(100 + START.len()).unwrap();
    let whole = push(&mut connections, data(direction::TO_SERVER, next, START, 1));
    assert!(
        !whole
            .iter()
            .any(|what| matches!(what, Observation::Lost { .. }))
    );
}

#[test]
fn a_cut_that_costs_a_message_is_the_budgets() {
    let mut connections = open(false);
    // A chunked body whose buffer is cut in the middle of nowhere, behind its first chunk.
    let (mut cut, payload) = data(
        direction::TO_SERVER,
        0,
        b"POST /images/load HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        1,
    );
    cut.len += 5_000;
    let observed = push(&mut connections, (cut, payload));
    assert!(observed.contains(&Observation::Lost {
        what: LossKind::Budget,
        connection: Some(ConnectionId(1)),
        records: 0,
        bytes: 5_000,
    }));
}

#[test]
fn a_connection_that_its_client_left_is_closed_if_an_answer_is_awaited() {
    let mut connections = open(false);
    let both = BTreeSet::from([5]);
    let look = |connections: &mut Connections| {
        let mut out = Vec::new();
        connections.missing(&both, &both, 50);
        connections.close_missing(u64::MAX, Stamp::default(), &mut out);
        out.len()
    };
    assert_eq!(look(&mut connections), 0, "its request may come yet");
    push(&mut connections, data(direction::TO_SERVER, 0, START, 1));
    assert_eq!(look(&mut connections), 2, "the request and the connection");
}

#[test]
fn a_connection_that_a_look_missed_is_closed_when_its_last_records_are_in() {
    let mut connections = open(false);
    push(&mut connections, data(direction::TO_SERVER, 0, START, 1));
    let mut out = Vec::new();
    // It began after the look.
    connections.missing(&BTreeSet::new(), &BTreeSet::new(), 10);
    connections.close_missing(u64::MAX, Stamp::default(), &mut out);
    assert!(out.is_empty());
    connections.missing(&BTreeSet::new(), &BTreeSet::new(), 50);
    connections.close_missing(50, Stamp::default(), &mut out);
    assert!(
        out.is_empty(),
        "records from before the look may still come"
    );
    connections.close_missing(51, Stamp::default(), &mut out);
    let what: Vec<_> = out.into_iter().map(|observed| observed.what).collect();
    assert!(matches!(
        what.as_slice(),
        [
            Observation::RequestEnded {
                outcome: crate::model::Outcome::Unknown,
                ..
            },
            Observation::Disconnected {
                connection: ConnectionId(1)
            },
        ]
    ));
    assert!(!connections.contains(5));
}

#[test]
fn bulk_of_an_answer_that_is_only_counted_is_no_loss() {
    let mut connections = open(false);
    let save = b"GET /v1.41/images/get?names=web HTTP/1.1\r\nHost: d\r\n\r\n";
    push(&mut connections, data(direction::TO_SERVER, 0, save, 1));
    let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
    let (mut cut, payload) = data(direction::TO_CLIENT, 0, head, CLIENT);
    cut.len += 5_000;
    let end = u64::from(cut.len);
    let mut observed = push(&mut connections, (cut, payload));
    observed.extend(push(
        &mut connections,
        data(direction::TO_CLIENT, end, b"\r\n0\r\n\r\n", CLIENT),
    ));
    assert!(
        !observed
            .iter()
            .any(|what| matches!(what, Observation::Lost { .. })),
        "{observed:?}"
    );
}

/// kubelet's probes are guessed one after the other, between guesses that turn out wrong.
#[test]
fn a_guess_can_be_taken_back_as_long_as_the_decoder_may() {
    use crate::model::{Api, Basis, Correlation, Op, Subject};
    let mut connections = open(true);
    let (mut requests, mut out) = (0, Vec::new());
    let connection = connections.open.get_mut(&5).unwrap();
    let at = Stamp::default();
    let guess = |stream| {
        let exchange = Exchange::of_stream(stream);
        [
            decode::Event::Began {
                exchange,
                at,
                api: Api::Cri,
                op: Op::Exec,
                subject: Subject::default(),
                basis: Basis::inferred(vec!["a guess".to_owned()]),
                correlation: Correlation::default(),
            },
            decode::Event::Ended {
                exchange,
                at,
                outcome: Outcome::Ok,
                error: None,
                subject: Subject::default(),
            },
        ]
    };
    let guesses = u32::try_from(MAX_GUESSED).unwrap();
    let all = (1..=guesses).flat_map(guess).collect();
    connection.observe(all, at, &mut requests, &mut out);
    out.clear();
    let exchange = Exchange::of_stream(1);
    let withdrawn = vec![decode::Event::Withdrawn { exchange }];
    connection.observe(withdrawn, at, &mut requests, &mut out);
    let told: Vec<_> = out.into_iter().map(|observed| observed.what).collect();
    let request = RequestId(1);
    assert_eq!(told, [Observation::RequestWithdrawn { request }]);
}

//! Conversations from their first byte on.

use bytes::Bytes;

use super::ear::{ToClient, ToServer, anomalies, hear, short, stamp, words};
use crate::decode::Direction;
use crate::decode::flow::hearing::split;
use crate::decode::http1::{Event, Piece};
use crate::observation::Anomaly;

/// Checks what is told, in short, of words from the first byte on until the connection is gone.
#[track_caller]
pub(super) fn check(said: &[(Direction, &str)], told: &[&str]) {
    assert_eq!(short(&hear(false, words(said))), told);
}

pub(super) const ASK: &str = "GET /a HTTP/1.1\r\nHost: d\r\n\r\n";
pub(super) const EMPTY_OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

#[test]
fn a_request_and_its_answer() {
    check(
        &[
            (
                ToServer,
                "POST /v1.41/a?b=c HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}",
            ),
            (
                ToClient,
                "HTTP/1.1 201 Created\r\nContent-Length: 3\r\n\r\nabc",
            ),
        ],
        &[
            "0 Post /v1.41/a?b=c",
            "0> {}",
            "0> end",
            "0< 201",
            "0< abc",
            "0< end",
        ],
    );
}

#[test]
fn times_are_those_of_the_last_byte() {
    let said = words(&[
        (ToServer, "GET /a HTTP/1.1\r\n"),
        (ToServer, "\r\n"),
        (ToClient, "HTTP/1.1 200 OK\r\nContent-Length: 1"),
        (ToClient, "\r\n\r\n"),
        (ToClient, "x"),
    ]);
    let events = hear(false, said);
    let times: Vec<u64> = events
        .iter()
        .map(|event| match event {
            Event::Request { head, .. } => head.at.mono,
            Event::Response { head, .. } => head.at.mono,
            Event::Body { at, .. } | Event::End { at, .. } => at.mono,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(times, [1, 1, 3, 4, 4]);
}

#[test]
fn chunks_with_extensions_and_trailers() {
    check(
        &[
            (
                ToServer,
                "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
                 3;x=y\r\nabc\r\n00A \r\n0123456789\r\n0\r\nT: v\r\n\r\n",
            ),
            (ToClient, EMPTY_OK),
            (ToServer, ASK),
        ],
        &[
            "0 Post /a",
            "0> abc0123456789",
            "0> end",
            "0< 200",
            "0< end",
            "1 Get /a",
            "1> end",
            "1 abandoned",
        ],
    );
}

#[test]
fn answers_without_a_body_for_their_status_or_method() {
    for status in ["204 No Content", "304 Not Modified"] {
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 9\r\n\r\n");
        let events = hear(false, words(&[(ToServer, ASK), (ToClient, &answer)]));
        assert_eq!(short(&events).last().unwrap(), "0< end", "{status}");
    }
    check(
        &[
            (ToServer, "HEAD /_ping HTTP/1.1\r\n\r\n"),
            (ToClient, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"),
        ],
        &["0 Head /_ping", "0> end", "0< 200", "0< end"],
    );
}

#[test]
fn interim_answers_are_left_out() {
    check(
        &[
            (
                ToServer,
                "POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
            ),
            (ToClient, "HTTP/1.1 100 Continue\r\n\r\n"),
            (ToServer, "ab"),
            (ToClient, "HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n"),
            (ToClient, EMPTY_OK),
        ],
        &["0 Post /a", "0> ab", "0> end", "0< 200", "0< end"],
    );
}

#[test]
fn a_body_until_the_end_of_the_connection() {
    check(
        &[
            (ToServer, "GET /a HTTP/1.0\r\n\r\n"),
            (ToClient, "HTTP/1.0 200 OK\r\n\r\nabc"),
            (ToClient, "HTTP/1.1 200 OK\r\n\r\n"),
        ],
        &[
            "0 Get /a",
            "0> end",
            "0< 200",
            "0< abcHTTP/1.1 200 OK\r\n\r\n",
            "0< end",
        ],
    );
}

#[test]
fn the_end_of_the_connection_in_the_middle_is_no_end() {
    check(
        &[
            (ToServer, ASK),
            (ToClient, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"),
        ],
        &["0 Get /a", "0> end", "0< 200", "0< abc", "0 abandoned"],
    );
}

#[test]
fn an_early_answer_does_not_end_its_request() {
    check(
        &[
            (ToServer, "POST /a HTTP/1.1\r\nContent-Length: 6\r\n\r\nabc"),
            (ToClient, "HTTP/1.1 500 Oh\r\nContent-Length: 1\r\n\r\nx"),
            (ToServer, "def"),
            (ToServer, ASK),
            (ToClient, EMPTY_OK),
        ],
        &[
            "0 Post /a",
            "0> abc",
            "0< 500",
            "0< x",
            "0< end",
            "0> def",
            "0> end",
            "1 Get /a",
            "1> end",
            "1< 200",
            "1< end",
        ],
    );
}

#[test]
fn an_early_answer_that_ends_the_connection() {
    let said = [
        (ToServer, "POST /a HTTP/1.1\r\nContent-Length: 6\r\n\r\nabc"),
        (
            ToClient,
            "HTTP/1.1 500 Oh\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
        ),
        (ToServer, "d"),
    ];
    let told = ["0 Post /a", "0> abc", "0< 500", "0< x", "0< end", "0> d"];
    check(&said, &[&told[..], &["0 abandoned"]].concat());
    let more = (ToClient, EMPTY_OK);
    let trailing = ["! TrailingBytes", "0 abandoned"];
    check(
        &[&said[..], &[more, more]].concat(),
        &[&told[..], &trailing].concat(),
    );
}

#[test]
fn line_ends_between_requests_are_skipped() {
    check(
        &[
            (
                ToServer,
                "POST /a HTTP/1.1\r\nContent-Length: 1\r\n\r\nx\r\n",
            ),
            (ToClient, EMPTY_OK),
            (ToServer, "\r\nGET /b HTTP/1.1\nHost: d\n\n"),
        ],
        &[
            "0 Post /a",
            "0> x",
            "0> end",
            "0< 200",
            "0< end",
            "1 Get /b",
            "1> end",
            "1 abandoned",
        ],
    );
}

#[test]
fn what_is_no_http_is_said_once() {
    check(
        &[
            (ToServer, "\x16\x03\x01"),
            (ToServer, ASK),
            (ToClient, EMPTY_OK),
        ],
        &["! UnknownProtocol"],
    );
    check(
        &[(ToServer, ASK), (ToClient, "\0\0\x06\x04"), (ToServer, ASK)],
        &["0 Get /a", "0> end", "! UnknownProtocol", "0 abandoned"],
    );
}

#[test]
fn a_broken_head_is_said_and_the_conversation_found_again() {
    check(
        &[
            (ToServer, ASK),
            (ToClient, EMPTY_OK),
            (ToServer, "GET /b HTTP/9\r\n\r\n"),
            (
                ToClient,
                "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
            ),
            (ToServer, "GET /c HTTP/1.1\r\n\r\n"),
            (ToClient, EMPTY_OK),
        ],
        &[
            "0 Get /a",
            "0> end",
            "0< 200",
            "0< end",
            "! MalformedHead",
            "1 Get /c",
            "1> end",
            "1< 200",
            "1< end",
        ],
    );
}

#[test]
fn a_broken_chunk_is_said() {
    check(
        &[
            (ToServer, ASK),
            (
                ToClient,
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\naX",
            ),
        ],
        &[
            "0 Get /a",
            "0> end",
            "0< 200",
            "0< a",
            "! MalformedChunk",
            "0 abandoned",
        ],
    );
}

#[test]
fn an_answer_to_nothing_is_said() {
    check(
        &[
            (
                ToClient,
                "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n",
            ),
            (ToServer, ASK),
            (ToClient, EMPTY_OK),
        ],
        &[
            "! UnexpectedAnswer",
            "0 Get /a",
            "0> end",
            "0< 200",
            "0< end",
        ],
    );
}

#[test]
fn a_head_may_be_long_but_not_longer() {
    let long = "x".repeat(60_000);
    let request = format!("POST /create?HostConfig={long} HTTP/1.1\r\n\r\n");
    let events = hear(false, words(&[(ToServer, &request), (ToClient, EMPTY_OK)]));
    assert_eq!(anomalies(&events), []);

    let request = format!("POST /create?HostConfig={long}{long} HTTP/1.1\r\n\r\n");
    for size in [usize::MAX, 1_000] {
        let parts = split(words(&[(ToServer, &request)]), &[size]);
        assert_eq!(short(&hear(false, parts)), ["! OversizedHead"]);
    }
}

#[test]
fn too_many_requests_that_wait_are_given_up() {
    let events = hear(false, words(&[(ToServer, &ASK.repeat(129))]));
    assert_eq!(anomalies(&events), [Anomaly::TooManyPending]);
    let requests = events
        .iter()
        .filter(|event| matches!(event, Event::Request { .. }));
    assert_eq!(requests.count(), 128);
}

#[test]
fn a_body_of_terabytes_is_only_counted() {
    let head = "POST /images/load HTTP/1.1\r\nContent-Length: 5000000000000\r\n\r\n";
    let mut said = words(&[(ToServer, head)]);
    said.push((ToServer, Piece::Gap(4_999_999_999_999), stamp(1)));
    said.push((ToServer, Piece::Bytes(Bytes::from_static(b"x")), stamp(2)));
    let mut answer = words(&[(ToClient, EMPTY_OK)]);
    said.append(&mut answer);
    assert_eq!(
        short(&hear(false, said)),
        [
            "0 Post /images/load",
            "0> (gap of 4999999999999)",
            "0> x",
            "0> end",
            "0< 200",
            "0< end"
        ]
    );
}

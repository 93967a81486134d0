//! Conversations that are heard from their middle, or with something missing in it.

use super::ear::{ToClient, ToServer, Words, hear, short, stamp, words};
use crate::decode::Direction;
use crate::decode::http1::Piece;

const ASK: &str = "GET /a HTTP/1.1\r\nHost: d\r\n\r\n";
const OTHER: &str = "GET /b HTTP/1.1\r\nHost: d\r\n\r\n";
const FAKE: &str = "POST /fake HTTP/1.1\r\nHost: d\r\n\r\n";
const EMPTY_OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const OTHER_TOLD: [&str; 4] = ["0 Get /b", "0> end", "0< 200", "0< end"];

/// Checks what is told, in short, to a late listener until the connection is gone.
#[track_caller]
fn check_late(said: &[(Direction, &str)], told: &[&str]) {
    assert_eq!(short(&hear(true, words(said))), told);
}

fn gap(direction: Direction, len: u64) -> Words {
    (direction, Piece::Gap(len), stamp(0))
}

#[test]
fn an_idle_connection_is_followed_from_its_next_request() {
    check_late(&[(ToServer, OTHER), (ToClient, EMPTY_OK)], &OTHER_TOLD);
}

#[test]
fn a_request_that_was_held_back_keeps_its_time() {
    let events = hear(
        true,
        words(&[
            (ToServer, "GET /b HTTP/1.1\r\n"),
            (ToServer, "\r\n"),
            (ToClient, "HTTP/1.1 200 OK\r\n"),
            (ToClient, "Content-Length: 0\r\n\r\n"),
        ]),
    );
    let times: Vec<u64> = events
        .iter()
        .map(|event| match event {
            crate::decode::http1::Event::Request { head, .. } => head.at.mono,
            crate::decode::http1::Event::Response { head, .. } => head.at.mono,
            crate::decode::http1::Event::End { at, .. } => at.mono,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(times, [1, 1, 3, 3]);
}

#[test]
fn the_rest_of_an_answer_is_passed_over() {
    check_late(
        &[
            (ToClient, "ing\"}\r\n\r\n0\r\n\r\n"),
            (ToServer, OTHER),
            (ToClient, EMPTY_OK),
        ],
        &OTHER_TOLD,
    );
    check_late(
        &[
            (ToClient, "0\r\n\r\n"),
            (ToServer, OTHER),
            (ToClient, EMPTY_OK),
        ],
        &OTHER_TOLD,
    );
}

#[test]
fn a_request_inside_of_a_chunked_body_is_none() {
    check_late(
        &[
            (ToServer, "tar tar "),
            (ToServer, FAKE),
            (ToServer, "\r\n0\r\n\r\n"),
            (ToClient, EMPTY_OK),
            (ToServer, OTHER),
            (ToClient, EMPTY_OK),
        ],
        &OTHER_TOLD,
    );
    check_late(
        &[
            (ToServer, FAKE),
            (ToServer, "\r\n0\r\n\r\n"),
            (ToClient, EMPTY_OK),
            (ToServer, OTHER),
            (ToClient, EMPTY_OK),
        ],
        &OTHER_TOLD,
    );
}

#[test]
fn a_request_at_the_end_of_a_body_is_none() {
    check_late(
        &[
            (ToServer, "tar tar "),
            (ToServer, FAKE),
            (ToClient, EMPTY_OK),
            (ToServer, OTHER),
            (ToClient, EMPTY_OK),
        ],
        &OTHER_TOLD,
    );
}

#[test]
fn two_requests_in_a_row_are_none() {
    check_late(
        &[(ToServer, FAKE), (ToServer, OTHER), (ToClient, EMPTY_OK)],
        &[],
    );
}

#[test]
fn a_request_that_goes_on_in_the_middle_of_an_answer_is_none() {
    check_late(
        &[
            (ToServer, "POST /fake HTTP/1.1\r\nContent-Length: 2\r\n\r\n"),
            (ToClient, "HTTP/1.1 200 OK\r\n"),
            (ToServer, "{}"),
            (ToClient, "Content-Length: 0\r\n\r\n"),
        ],
        &[],
    );
}

#[test]
fn a_request_behind_words_that_were_partly_missed_is_none() {
    let mut said = vec![gap(ToClient, 10)];
    said.extend(words(&[
        (ToClient, " Continue\r\n\r\n"),
        (ToServer, FAKE),
        (ToClient, EMPTY_OK),
    ]));
    assert_eq!(short(&hear(true, said)), [""; 0]);
}

#[test]
fn a_request_as_the_body_that_was_asked_for_is_none() {
    for asked in ["HTTP/1.1 100 Continue\r\n\r\n", "inue\r\n\r\n"] {
        check_late(
            &[
                (ToClient, asked),
                (ToServer, FAKE),
                (ToClient, EMPTY_OK),
                (ToServer, OTHER),
                (ToClient, EMPTY_OK),
            ],
            &OTHER_TOLD,
        );
    }
}

#[test]
fn a_request_that_the_server_does_not_answer_is_none() {
    check_late(
        &[
            (ToServer, FAKE),
            (ToClient, "\x01\0\0\0\0\0\0\x05hello"),
            (ToServer, OTHER),
            (ToClient, EMPTY_OK),
        ],
        &OTHER_TOLD,
    );
    check_late(&[(ToServer, FAKE)], &[]);
}

#[test]
fn a_late_listener_hears_an_interim_answer_to_a_first_request() {
    check_late(
        &[
            (
                ToServer,
                "POST /b HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
            ),
            (ToClient, "HTTP/1.1 100 Continue\r\n\r\n"),
            (ToServer, "{}"),
            (ToClient, EMPTY_OK),
        ],
        &["0 Post /b", "0> {}", "0> end", "0< 200", "0< end"],
    );
}

#[test]
fn of_a_long_body_only_so_much_is_held_back() {
    let body = "x".repeat(300_000);
    let head = "POST /b HTTP/1.1\r\nContent-Length: 300000\r\n\r\n";
    let events = hear(
        true,
        words(&[(ToServer, head), (ToServer, &body), (ToClient, EMPTY_OK)]),
    );
    assert_eq!(
        short(&events),
        [
            "0 Post /b",
            &format!("0> {}", "x".repeat(262_144)),
            "0> (gap of 37856)",
            "0> end",
            "0< 200",
            "0< end"
        ]
    );
}

#[test]
fn http2_and_noise_say_nothing() {
    check_late(
        &[
            (ToServer, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04"),
            (ToClient, "\0\0\0\x04\0\0\0\0\0"),
            (ToServer, "\0\0\x04\x01\x05"),
        ],
        &[],
    );
}

#[test]
fn cut_chunks_are_followed_by_their_sizes() {
    let mut said = words(&[(
        ToServer,
        "POST /load HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
    )]);
    for _ in 0..2 {
        said.extend(words(&[(ToServer, "8000\r\ntar")]));
        said.push(gap(ToServer, 32_768 - 3));
        said.extend(words(&[(ToServer, "\r\n")]));
    }
    said.extend(words(&[(ToServer, "0\r\n\r\n"), (ToClient, EMPTY_OK)]));
    assert_eq!(
        short(&hear(false, said)),
        [
            "0 Post /load",
            "0> tar",
            "0> (gap of 32765)",
            "0> tar",
            "0> (gap of 32765)",
            "0> end",
            "0< 200",
            "0< end"
        ]
    );
}

#[test]
fn an_answer_is_heard_though_its_request_lost_its_framing() {
    let mut said = words(&[(
        ToServer,
        "POST /load HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n8\r\ntar",
    )]);
    said.push(gap(ToServer, 100));
    said.extend(words(&[
        (ToServer, FAKE),
        (ToClient, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"),
        (ToServer, OTHER),
        (ToClient, EMPTY_OK),
    ]));
    assert_eq!(
        short(&hear(false, said)),
        [
            "0 Post /load",
            "0> tar",
            "0> (gap of 5)",
            "! LostFraming",
            "0< 200",
            "0< x",
            "0< end",
            "0 abandoned",
            "1 Get /b",
            "1> end",
            "1< 200",
            "1< end"
        ]
    );
}

#[test]
fn nothing_is_guessed_while_an_answer_is_due() {
    let mut said = words(&[(
        ToServer,
        "POST /load HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
    )]);
    said.push(gap(ToServer, 100));
    said.extend(words(&[
        (ToClient, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx"),
        (ToServer, FAKE),
        (ToClient, "y"),
        (ToServer, OTHER),
        (ToClient, EMPTY_OK),
    ]));
    assert_eq!(
        short(&hear(false, said)),
        [
            "0 Post /load",
            "! LostFraming",
            "0< 200",
            "0< xy",
            "0< end",
            "0 abandoned",
            "1 Get /b",
            "1> end",
            "1< 200",
            "1< end"
        ]
    );
}

#[test]
fn a_lost_answer_does_not_lose_the_requests() {
    let mut said = words(&[
        (ToServer, ASK),
        (
            ToClient,
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na",
        ),
    ]);
    said.push(gap(ToClient, 9));
    said.extend(words(&[
        (ToClient, EMPTY_OK),
        (ToServer, OTHER),
        (ToClient, EMPTY_OK),
    ]));
    assert_eq!(
        short(&hear(false, said)),
        [
            "0 Get /a",
            "0> end",
            "0< 200",
            "0< a",
            "! LostFraming",
            "0< (gap of 0)",
            "0 abandoned",
            "1 Get /b",
            "1> end",
            "1< 200",
            "1< end"
        ]
    );
}

#[test]
fn what_was_asked_is_given_up_when_both_directions_are_lost() {
    let mut said = words(&[(ToServer, ASK)]);
    said.push(gap(ToClient, 9));
    said.extend(words(&[(
        ToServer,
        "POST /load HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
    )]));
    said.push(gap(ToServer, 9));
    said.extend(words(&[
        (ToClient, EMPTY_OK),
        (ToServer, OTHER),
        (ToClient, EMPTY_OK),
    ]));
    assert_eq!(
        short(&hear(false, said)),
        [
            "0 Get /a",
            "0> end",
            "! LostFraming",
            "0 abandoned",
            "1 Post /load",
            "! LostFraming",
            "1 abandoned",
            "2 Get /b",
            "2> end",
            "2< 200",
            "2< end"
        ]
    );
}

#[test]
fn an_answer_without_a_frame_ends_with_its_last_chunk() {
    let said = |last: &str| {
        let mut said = words(&[
            (ToServer, ASK),
            (
                ToClient,
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na",
            ),
        ]);
        said.push(gap(ToClient, 70_000));
        said.extend(words(&[(ToClient, last)]));
        said
    };
    let told = |end: &'static str| {
        let known = [
            "0 Get /a",
            "0> end",
            "0< 200",
            "0< a",
            "! LostFraming",
            "0< (gap of 0)",
        ];
        [&known[..], &[end]].concat()
    };
    assert_eq!(
        short(&hear(false, said("tar\r\n0\r\n\r\n"))),
        told("0< end")
    );
    assert_eq!(short(&hear(false, said("0\r\n\r\n"))), told("0< end"));
    assert_eq!(short(&hear(false, said("tar\r\n"))), told("0 abandoned"));
    assert_eq!(
        short(&hear(false, said(": 0\r\n\r\n"))),
        told("0 abandoned")
    );
}

#[test]
fn an_answer_whose_beginning_was_lost_is_nobodys() {
    let mut said = words(&[(ToServer, ASK)]);
    said.push(gap(ToClient, 9));
    said.extend(words(&[(ToClient, EMPTY_OK), (ToServer, OTHER)]));
    said.push(gap(ToClient, 9));
    said.extend(words(&[
        (ToClient, EMPTY_OK),
        (ToServer, "GET /c HTTP/1.1\r\n\r\n"),
        (ToClient, EMPTY_OK),
    ]));
    assert_eq!(
        short(&hear(false, said)),
        [
            "0 Get /a",
            "0> end",
            "! LostFraming",
            "0 abandoned",
            "1 Get /b",
            "1> end",
            "1 abandoned",
            "2 Get /c",
            "2> end",
            "2< 200",
            "2< end"
        ]
    );
}

#[test]
fn a_lost_request_costs_its_exchange_and_the_next() {
    let mut said = words(&[
        (ToServer, ASK),
        (ToClient, EMPTY_OK),
        // The request before this answer is missed, and that only shows with the next.
        (ToClient, EMPTY_OK),
    ]);
    said.push(gap(ToServer, 30));
    said.extend(words(&[
        (ToServer, FAKE),
        (ToClient, EMPTY_OK),
        (ToServer, OTHER),
        (ToClient, EMPTY_OK),
    ]));
    assert_eq!(
        short(&hear(false, said)),
        [
            "0 Get /a",
            "0> end",
            "0< 200",
            "0< end",
            "! UnexpectedAnswer",
            "! LostFraming",
            "1 Get /b",
            "1> end",
            "1< 200",
            "1< end"
        ]
    );
}

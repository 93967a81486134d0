//! Exchanges that take over their connection, and those that only look like it.

use super::ear::{ToClient, ToServer, hear_open, short, words};
use super::follow::{ASK, EMPTY_OK, check};

#[test]
fn an_upgrade_ends_http_and_lasts_until_the_end() {
    let said = [
        (
            ToServer,
            "POST /grpc HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        ),
        (
            ToClient,
            "HTTP/1.1 101 UPGRADED\r\nUpgrade: H2C\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
        ),
        (ToServer, ASK),
        (ToClient, EMPTY_OK),
    ];
    let told = ["0 Post /grpc", "0> end", "0< 101", "0 upgraded h2c"];
    assert_eq!(short(&hear_open(false, words(&said))), told);
    check(&said, &[&told[..], &["0 abandoned"]].concat());
}

#[test]
fn an_old_daemon_takes_over_without_an_upgrade() {
    for kind in ["raw-stream", "multiplexed-stream"] {
        let answer =
            format!("HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.{kind}\r\n\r\nabc");
        check(
            &[
                (
                    ToServer,
                    "POST /containers/x/attach?stream=1 HTTP/1.1\r\n\r\n",
                ),
                (ToClient, &answer),
                (ToServer, ASK),
            ],
            &[
                "0 Post /containers/x/attach?stream=1",
                "0> end",
                "0< 200",
                "0 upgraded ",
                "0 abandoned",
            ],
        );
    }
}

#[test]
fn logs_of_the_same_type_take_over_nothing() {
    check(
        &[
            (ToServer, "GET /containers/x/logs HTTP/1.1\r\n\r\n"),
            (
                ToClient,
                "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\
                 Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
            ),
        ],
        &[
            "0 Get /containers/x/logs",
            "0> end",
            "0< 200",
            "0< a",
            "0< end",
        ],
    );
}

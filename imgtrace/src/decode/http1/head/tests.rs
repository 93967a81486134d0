use super::{Body, Method, parse_answer, parse_request};
use crate::model::Stamp;

/// A body's framing, in short.
fn framing(body: Body) -> String {
    match body {
        Body::Length(len) => len.to_string(),
        Body::Chunked => "chunked".to_owned(),
        Body::UntilClose => "until close".to_owned(),
    }
}

/// The framing of a request with these fields; `refused` if it is none.
fn request_framing(version: &str, fields: &str) -> String {
    let head = format!("POST / HTTP/{version}\r\n{fields}\r\n");
    parse_request(head.as_bytes(), Stamp::default())
        .map_or_else(|| "refused".to_owned(), |request| framing(request.body))
}

/// The framing of an answer with these fields to a request of that method.
fn answer_framing(method: Method, status: &str, fields: &str) -> String {
    let head = format!("HTTP/1.1 {status}\r\n{fields}\r\n");
    parse_answer(head.as_bytes(), Stamp::default()).map_or_else(
        || "refused".to_owned(),
        |answer| framing(answer.body(method)),
    )
}

#[test]
fn requests_say_how_their_body_ends() {
    for (version, fields, expected) in [
        ("1.1", "", "0"),
        ("1.1", "Content-Length: 12\r\n", "12"),
        ("1.1", "content-length:12 \r\n", "12"),
        ("1.1", "Content-Length: 12\r\nContent-Length: 12\r\n", "12"),
        (
            "1.1",
            "Content-Length: 12\r\nContent-Length: 13\r\n",
            "refused",
        ),
        ("1.1", "Content-Length: 12, 12\r\n", "refused"),
        ("1.1", "Content-Length: +12\r\n", "refused"),
        ("1.1", "Content-Length: -1\r\n", "refused"),
        ("1.1", "Content-Length:\r\n", "refused"),
        (
            "1.1",
            "Content-Length: 9223372036854775807\r\n",
            "9223372036854775807",
        ),
        ("1.1", "Content-Length: 9223372036854775808\r\n", "refused"),
        ("1.1", "Transfer-Encoding: Chunked\r\n", "chunked"),
        (
            "1.1",
            "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
            "chunked",
        ),
        ("1.1", "Transfer-Encoding: gzip, chunked\r\n", "refused"),
        (
            "1.1",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "refused",
        ),
        (
            "1.0",
            "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
            "3",
        ),
    ] {
        assert_eq!(request_framing(version, fields), expected, "{fields}");
    }
}

#[test]
fn answers_say_how_their_body_ends() {
    for (method, status, fields, expected) in [
        (Method::Get, "200 OK", "", "until close"),
        (Method::Get, "200", "", "until close"),
        (Method::Get, "200 OK", "Content-Length: 3\r\n", "3"),
        (
            Method::Get,
            "200 OK",
            "Transfer-Encoding: chunked\r\n",
            "chunked",
        ),
        (
            Method::Get,
            "200 OK",
            "Transfer-Encoding: gzip\r\n",
            "until close",
        ),
        (
            Method::Get,
            "204 No Content",
            "Transfer-Encoding: chunked\r\n",
            "0",
        ),
        (
            Method::Get,
            "304 Not Modified",
            "Content-Length: 3\r\n",
            "0",
        ),
        (Method::Head, "404 Not Found", "Content-Length: 3\r\n", "0"),
        (Method::Get, "99 What", "", "refused"),
        (Method::Get, "600 What", "", "refused"),
    ] {
        assert_eq!(
            answer_framing(method, status, fields),
            expected,
            "{status} {fields}"
        );
    }
}

#[test]
fn targets_are_split_into_path_and_query() {
    for (target, path, query) in [
        ("/_ping", "/_ping", ""),
        ("/a%2Fb?c=d?e", "/a%2Fb", "c=d?e"),
        ("/a?", "/a", ""),
        ("*", "*", ""),
        ("http://docker/v1.41/a?b", "/v1.41/a", "b"),
        ("http://docker", "/", ""),
        ("/a?u=http://b/c", "/a", "u=http://b/c"),
        ("/a://b", "/a://b", ""),
    ] {
        let head = format!("GET {target} HTTP/1.1\r\n\r\n");
        let head = parse_request(head.as_bytes(), Stamp::default())
            .unwrap()
            .head;
        assert_eq!((head.path.as_str(), head.query.as_str()), (path, query));
    }
}

#[test]
fn an_answer_tells_its_type_its_server_and_whether_it_is_the_last() {
    let answer = |head: &str| parse_answer(head.as_bytes(), Stamp::default()).unwrap();
    let told = answer(
        "HTTP/1.1 200 OK\r\nContent-Type: Application/JSON; charset=utf-8\r\n\
         Server: Docker/28.5.2 (linux)\r\nX-Other: secret\r\n\r\n",
    );
    assert_eq!(told.head.content_type, "application/json");
    assert_eq!(told.head.server, "Docker/28.5.2 (linux)");
    assert!(!told.closes);
    for (head, closes) in [
        (
            "HTTP/1.1 200 OK\r\nConnection: keep-alive, Close\r\n\r\n",
            true,
        ),
        ("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n", false),
        ("HTTP/1.0 200 OK\r\n\r\n", true),
        ("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n\r\n", false),
    ] {
        assert_eq!(answer(head).closes, closes, "{head}");
    }
}

#[test]
fn a_head_shows_no_query_and_no_other_field() {
    let head = "POST /pull?password=hunter2 HTTP/1.1\r\nX-Registry-Auth: hunter2\r\n\r\n";
    let head = parse_request(head.as_bytes(), Stamp::default())
        .unwrap()
        .head;
    assert!(!format!("{head:?}").contains("hunter2"));
}

#[test]
fn answers_that_take_over_the_connection() {
    let stream = "Content-Type: application/vnd.docker.raw-stream\r\n";
    for (method, status, fields, expected) in [
        (Method::Post, 101, String::new(), true),
        (Method::Get, 101, String::new(), true),
        (Method::Post, 200, stream.to_owned(), true),
        (Method::Get, 200, stream.to_owned(), false),
        (Method::Post, 404, stream.to_owned(), false),
        (
            Method::Post,
            200,
            format!("{stream}Content-Length: 0\r\n"),
            false,
        ),
        (Method::Post, 200, String::new(), false),
    ] {
        let head = format!("HTTP/1.1 {status} X\r\n{fields}\r\n");
        let answer = parse_answer(head.as_bytes(), Stamp::default()).unwrap();
        assert_eq!(answer.takes_over(method), expected, "{method:?} {head}");
    }
}

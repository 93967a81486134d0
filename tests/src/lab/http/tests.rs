use super::*;

#[test]
fn an_answer_has_status_headers_and_body() {
    let answer =
        b"HTTP/1.0 202 Accepted\r\nLocation: /v2/x?_state=a:b\r\nX: y\r\n\r\nbody\r\n\r\nrest";
    let response = parse(answer).unwrap();
    assert_eq!(response.status, 202);
    assert_eq!(response.header("location"), Some("/v2/x?_state=a:b"));
    assert_eq!(response.header("absent"), None);
    assert_eq!(response.body, b"body\r\n\r\nrest");
}

#[test]
fn what_is_cut_short_is_no_answer() {
    for answer in [
        &b""[..],
        b"HTTP/1.0 200 OK\r\n",
        b"nonsense\r\n\r\n",
        b"HTTP/1.0 two\r\n\r\n",
    ] {
        assert!(parse(answer).is_none(), "{answer:?}");
    }
}

//! Progress, and streams that are cut, broken or never end.

use super::*;

const PULL: &str = "/images/create?fromImage=busybox&tag=1";

fn line(status: &str, id: &str, current: u64, total: u64) -> String {
    format!(
        "{{\"status\":\"{status}\",\"progressDetail\":{{\"current\":{current},\"total\":{total}}},\"id\":\"{id}\"}}\r\n"
    )
}

fn later(piece: &str, millis: u64) -> http1::Event {
    http1::Event::Body {
        exchange: Exchange(0),
        direction: Direction::ToClient,
        piece: Piece::Bytes(Bytes::copy_from_slice(piece.as_bytes())),
        at: at(millis),
    }
}

#[test]
fn bytes_are_summed_by_layer() {
    let answer = [
        line("Downloading", "a", 10, 100),
        line("Downloading", "b", 5, 50),
        line("Downloading", "a", 60, 100),
        line("Extracting", "a", 1, 0),
        line("Download complete", "a", 0, 0),
        line("Download complete", "c", 0, 0),
        line("Pull complete", "a", 0, 0),
    ];
    assert_eq!(
        talk("POST", PULL).answer(200, answer.concat()).told(),
        r#"docker pull ok {"image":"docker.io/library/busybox:1","bytes":105}"#
    );
}

#[test]
fn progress_is_told_now_and_then() {
    let pull = talk("POST", PULL);
    let events = [
        pull.request_head(),
        end(Direction::ToServer),
        pull.response_head(),
        later(&line("Downloading", "a", 10, 100), 100),
        later(&line("Downloading", "a", 20, 100), 600),
        later(&line("Downloading", "a", 30, 100), 700),
        later(&line("Downloading", "b", 1, 10), 1100),
        later("{\"status\":\"Extracting\",\"id\":\"a\"}\r\n", 1700),
        end(Direction::ToClient),
    ];
    assert_eq!(
        told(&read(events)),
        "progress {\"bytes\":20,\"bytes_total\":100}\n\
         progress {\"bytes\":31,\"bytes_total\":110}\n\
         docker pull ok {\"image\":\"docker.io/library/busybox:1\",\"bytes\":31}"
    );
}

#[test]
fn an_end_behind_a_gap_is_not_taken_for_success() {
    let pull = talk("POST", PULL);
    let begin = || {
        [
            pull.request_head(),
            end(Direction::ToServer),
            pull.response_head(),
            bytes(Direction::ToClient, b"{\"status\":\"x\"}\r\n{\"sta"),
        ]
    };
    let cut = begin()
        .into_iter()
        .chain([gap(Direction::ToClient), end(Direction::ToClient)]);
    assert_eq!(
        told(&read(cut)),
        r#"docker pull unknown {"image":"docker.io/library/busybox:1"}"#
    );

    let digest = format!("tus\":\"x\"}}\r\n{{\"status\":\"Digest: sha256:{HEX}\"}}\r\n");
    let whole = begin().into_iter().chain([
        gap(Direction::ToClient),
        bytes(Direction::ToClient, digest.as_bytes()),
        end(Direction::ToClient),
    ]);
    assert_eq!(
        told(&read(whole)),
        format!(
            r#"docker pull ok {{"image":"docker.io/library/busybox:1","digest":"sha256:{HEX}","digest_kind":"unknown"}}"#
        )
    );
}

#[test]
fn a_gap_in_an_answer_that_is_decided_by_its_status() {
    let create = talk("POST", "/containers/create")
        .body(r#"{"Image":"a:1"}"#)
        .answer(201, "");
    let mut events = create.http();
    events.insert(4, gap(Direction::ToClient));
    assert_eq!(
        told(&read(events)),
        r#"docker create ok {"image":"docker.io/library/a:1"}"#
    );
}

#[test]
fn what_is_abandoned_is_unknown() {
    let unknown = r#"docker pull unknown {"image":"docker.io/library/busybox:1"}"#;
    let pull = talk("POST", PULL);
    assert_eq!(told(&read([pull.request_head(), abandoned()])), unknown);
    assert_eq!(
        told(&read([
            pull.request_head(),
            end(Direction::ToServer),
            pull.response_head(),
            abandoned()
        ])),
        unknown
    );
    // No daemon acts before it has the whole form.
    let form = talk("POST", "/images/create").form("");
    let partial = || bytes(Direction::ToServer, b"fromImage=busybox&tag=1");
    assert_eq!(read([form.request_head(), partial(), abandoned()]), []);
    let whole = [
        form.request_head(),
        partial(),
        end(Direction::ToServer),
        abandoned(),
    ];
    assert_eq!(told(&read(whole)), unknown);
    let exec = talk("POST", "/containers/web/exec");
    assert_eq!(
        read([exec.request_head(), end(Direction::ToServer), abandoned()]),
        []
    );
}

#[test]
fn what_has_failed_before_it_was_abandoned_has_failed() {
    let pull = talk("POST", PULL);
    let error = bytes(Direction::ToClient, b"{\"error\":\"no space left\"}\r\n");
    assert_eq!(
        told(&read([
            pull.request_head(),
            end(Direction::ToServer),
            pull.response_head(),
            error,
            abandoned()
        ])),
        r#"docker pull error: no space left {"image":"docker.io/library/busybox:1"}"#
    );
    let refused = talk("POST", PULL).answer(500, "");
    assert_eq!(
        told(&read([
            refused.request_head(),
            end(Direction::ToServer),
            refused.response_head(),
            abandoned()
        ])),
        r#"docker pull error {"image":"docker.io/library/busybox:1"}"#
    );
}

#[test]
fn a_hijacked_exec_ends_with_its_connection() {
    let exec = talk("POST", &format!("/exec/{HEX}/start")).answer(101, "");
    let upgraded = http1::Event::Upgraded {
        exchange: Exchange(0),
        protocol: "tcp".to_owned(),
        at: at(2),
    };
    let mut reader = Reader::new();
    let mut out = Vec::new();
    for event in [
        exec.request_head(),
        end(Direction::ToServer),
        exec.response_head(),
        upgraded,
    ] {
        reader.read(event, &mut out);
    }
    assert_eq!(told(&out), "docker exec …");
    reader.read(abandoned(), &mut out);
    assert_eq!(told(&out), format!(r#"docker exec ok {{"exec":"{HEX}"}}"#));
    assert!(matches!(out.last(), Some(Event::Ended { at: ended, .. }) if *ended == at(5)));
}

#[test]
fn an_early_answer_ends_it() {
    let build = talk("POST", "/build?t=a:1").answer(400, r#"{"message":"bad"}"#);
    let events = [
        build.request_head(),
        bytes(Direction::ToServer, b"tar"),
        build.response_head(),
        bytes(Direction::ToServer, b"more tar"),
        bytes(Direction::ToClient, br#"{"message":"bad"}"#),
        end(Direction::ToClient),
        bytes(Direction::ToServer, b"still more"),
        abandoned(),
    ];
    let told = told(&read(events));
    assert_eq!(
        told,
        r#"docker build error: bad {"image":"docker.io/library/a:1","images":["docker.io/library/a:1"]}"#
    );
}

#[test]
fn it_begins_as_soon_as_its_request_is_understood() {
    let begun = |events: Vec<http1::Event>| told(&read(events));
    assert_eq!(
        begun(vec![talk("POST", PULL).request_head()]),
        "docker pull …"
    );
    let create = talk("POST", "/containers/create").request_head();
    assert_eq!(begun(vec![create.clone()]), "");
    let spec = bytes(Direction::ToServer, br#"{"Image":"a"}"#);
    assert_eq!(begun(vec![create.clone(), spec]), "docker create …");
    // The image is known, the rest of the request is not.
    let spec = bytes(Direction::ToServer, br#"{"Image":"a:1","Env":["#);
    let events = [create, spec, gap(Direction::ToServer), abandoned()];
    assert_eq!(
        told(&read(events)),
        r#"docker create unknown {"image":"docker.io/library/a:1"}"#
    );
}

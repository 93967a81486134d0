//! What docker's clients and daemons say, as captured.

use bytes::Bytes;

use crate::decode::Direction::{self, ToClient, ToServer};
use crate::decode::Segment;
use crate::model::Stamp;

/// A container's id.
pub(super) const CREATED: &str = "3f9c2a71b0c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5c6d7e8f9012";
const PING: &str = "HEAD /_ping HTTP/1.1\r\nHost: api.moby.localhost\r\n\
                    User-Agent: Docker-Client/28.2.2 (linux)\r\n\r\n";
const PONG: &str = "HTTP/1.1 200 OK\r\nApi-Version: 1.48\r\nContent-Length: 0\r\n\
                    Content-Type: text/plain; charset=utf-8\r\n\
                    Server: Docker/28.2.2 (linux)\r\n\r\n";

/// Part of a conversation: what was sent, and of it what was captured.
#[derive(Clone)]
pub(super) struct Said {
    pub(super) direction: Direction,
    pub(super) len: usize,
    pub(super) bytes: Bytes,
}

pub(super) fn said(direction: Direction, text: impl Into<String>) -> Said {
    let bytes = Bytes::from(text.into());
    let len = bytes.len();
    Said {
        direction,
        len,
        bytes,
    }
}

/// JSON lines, each a chunk of its own, as dockerd flushes them.
pub(super) fn stream(lines: &[&str]) -> String {
    let chunk = |line: &&str| format!("{:x}\r\n{line}\r\n\r\n", line.len() + 2);
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
    let chunks: String = lines.iter().map(chunk).collect();
    format!("{head}{chunks}0\r\n\r\n")
}

pub(super) fn request(line: &str, body: &str) -> String {
    let len = body.len();
    format!(
        "{line} HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\n\
         Content-Length: {len}\r\n\r\n{body}"
    )
}

pub(super) fn answer(status: &str, body: &str) -> String {
    let len = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len}\r\n\r\n{body}"
    )
}

/// The segments of a conversation, a millisecond apart, each cut into the sizes given, over and
/// over.
pub(super) fn segments(conversation: &[Said], sizes: &[usize]) -> Vec<Segment> {
    let mut offsets = [0, 0];
    let mut sizes = sizes.iter().cycle();
    let mut segments = Vec::new();
    for (said, millis) in conversation.iter().zip(1..) {
        let offset = &mut offsets[usize::from(said.direction == ToClient)];
        let mut bytes = said.bytes.clone();
        let mut left = said.len;
        while left > 0 {
            let len = (*sizes.next().unwrap()).min(left);
            segments.push(Segment {
                at: at(millis),
                direction: said.direction,
                offset: *offset,
                len: u32::try_from(len).unwrap(),
                bytes: bytes.split_to(len.min(bytes.len())),
            });
            left -= len;
            *offset += len as u64;
        }
    }
    segments
}

pub(super) fn at(millis: u64) -> Stamp {
    Stamp {
        mono: millis * 1_000_000,
        wall: 0,
    }
}

pub(super) fn pull() -> Vec<Said> {
    vec![
        said(ToServer, PING),
        said(ToClient, PONG),
        said(
            ToServer,
            "POST /v1.48/images/create?fromImage=docker.io%2Flibrary%2Fbusybox&tag=1.36 HTTP/1.1\r\n\
             Host: api.moby.localhost\r\nContent-Length: 0\r\nX-Registry-Auth: e30=\r\n\r\n",
        ),
        said(
            ToClient,
            stream(&[
                r#"{"status":"Pulling from library/busybox","id":"1.36"}"#,
                r#"{"status":"Downloading","progressDetail":{"current":5,"total":9},"id":"a"}"#,
                r#"{"status":"Digest: sha256:86e0e091d0da6bde2456dbb48306f3956bbeb2eae1b5b9a43045843f69fe4aaa"}"#,
                r#"{"status":"Status: Downloaded newer image for busybox:1.36"}"#,
            ]),
        ),
    ]
}

/// The conversation of `docker run` where the image is missing.
pub(super) fn run() -> Vec<Said> {
    let create = request(
        "POST /v1.41/containers/create?name=web",
        r#"{"Image":"busybox:1.36","Env":["TOKEN=hunter2"],"HostConfig":{}}"#,
    );
    let missing = r#"{"message":"No such image: busybox:1.36"}"#;
    let created = format!(r#"{{"Id":"{CREATED}","Warnings":[]}}"#);
    let start = request(&format!("POST /v1.41/containers/{CREATED}/start"), "");
    let mut conversation = vec![
        said(ToServer, create.clone()),
        said(ToClient, answer("404 Not Found", missing)),
    ];
    conversation.extend_from_slice(&pull()[2..]);
    conversation.extend([
        said(ToServer, create),
        said(ToClient, answer("201 Created", &created)),
        said(ToServer, start),
        said(ToClient, "HTTP/1.1 204 No Content\r\n\r\n"),
    ]);
    conversation
}

/// A load as the docker CLI sends it: 32 KiB chunks, as buffers of 4096, 28,678 and 2 bytes, of
/// which the first 256 bytes are captured once the budget is used up.
pub(super) fn load(chunks: usize) -> Vec<Said> {
    let chunk = format!("8000\r\n{}\r\n", "tar ".repeat(8_192));
    let mut conversation = vec![said(
        ToServer,
        "POST /v1.41/images/load?quiet=1 HTTP/1.1\r\nHost: docker\r\n\
         Content-Type: application/x-tar\r\nTransfer-Encoding: chunked\r\n\r\n",
    )];
    let parts = [0..4_096, 4_096..32_774, 32_774..32_776];
    for part in parts.into_iter().cycle().take(3 * chunks) {
        let mut buffer = said(ToServer, &chunk[part]);
        buffer.bytes.truncate(256);
        conversation.push(buffer);
    }
    conversation.push(said(ToServer, "0\r\n\r\n"));
    conversation.push(said(
        ToClient,
        stream(&[r#"{"stream":"Loaded image: busybox:1.36\n"}"#]),
    ));
    conversation
}

//! The least HTTP client that the lab needs: one HTTP/1.0 request a connection, so that an answer ends where the
//! connection does and is never chunked (RFC 1945 §7.2.2).

use std::io::{Read, Write};

use anyhow::{Context as _, Result};

/// An answer: status code, header lines and body.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Response {
    /// The first header of this name (any case).
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let named = |line: &'_ str| {
            line.split_once(':')
                .is_some_and(|(key, _)| key.eq_ignore_ascii_case(name))
        };
        let line = self.head.lines().find(|line| named(line))?;
        line.split_once(':').map(|(_, value)| value.trim())
    }
}

/// Sends one request and reads the whole answer. `kind` is the body's media type.
pub(super) fn exchange(
    mut stream: impl Read + Write,
    method: &str,
    target: &str,
    kind: &str,
    body: &[u8],
) -> Result<Response> {
    let head = format!(
        "{method} {target} HTTP/1.0\r\nHost: lab\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    parse(&answer).with_context(|| format!("failed to understand the answer to {method} {target}"))
}

fn parse(answer: &[u8]) -> Option<Response> {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let (head, body) = answer.split_at_checked(end)?;
    let head = String::from_utf8_lossy(head).into_owned();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Response {
        status,
        head,
        body: body.get(4..)?.to_vec(),
    })
}

#[cfg(test)]
mod tests;

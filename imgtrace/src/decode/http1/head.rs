//! Heads of requests and answers: collecting one, and the few things that are read from it.

mod collect;
mod fields;
#[cfg(test)]
mod tests;

pub(super) use collect::{Collector, Kind};

use fields::{Fields, Framing, media_type};
use httparse::EMPTY_HEADER;

use super::event::{Method, RequestHead, ResponseHead};
use super::message::Body;
use crate::model::Stamp;

/// Most header lines of a head. Docker's clients send about ten, its daemons about ten.
const HEADERS_LIMIT: usize = 256;

/// A request's head and what it says about its body.
pub(super) struct Request {
    pub(super) head: RequestHead,
    pub(super) body: Body,
}

/// An answer's head and what it says about what follows.
pub(super) struct Answer {
    pub(super) head: ResponseHead,
    /// `Upgrade` in lower case, empty where there is none.
    pub(super) upgrade: String,
    /// True if the server ends the connection behind this answer.
    pub(super) closes: bool,
    /// The body's end as the headers tell it; the request's method and the status can overrule it.
    framing: Body,
}

/// Reads a whole head of a request; `None` if it is none, or says two things about its body.
pub(super) fn parse_request(bytes: &[u8], at: Stamp) -> Option<Request> {
    let mut headers = [EMPTY_HEADER; HEADERS_LIMIT];
    let mut request = httparse::Request::new(&mut headers);
    if !request.parse(bytes).ok()?.is_complete() {
        return None;
    }
    let (path, query) = split_target(request.path?);
    let fields = Fields(request.headers);
    Some(Request {
        head: RequestHead {
            method: method(request.method?),
            path: path.to_owned(),
            query: query.to_owned(),
            content_type: fields.media_type(),
            at,
        },
        body: match fields.framing(request.version?)? {
            Framing::Chunked => Body::Chunked,
            Framing::OtherCoding => return None,
            Framing::Length(len) => Body::Length(len),
            Framing::None => Body::Length(0),
        },
    })
}

/// Reads a whole head of an answer; `None` if it is none, or says two things about its body.
pub(super) fn parse_answer(bytes: &[u8], at: Stamp) -> Option<Answer> {
    let mut headers = [EMPTY_HEADER; HEADERS_LIMIT];
    let mut answer = httparse::Response::new(&mut headers);
    if !answer.parse(bytes).ok()?.is_complete() {
        return None;
    }
    let (version, fields) = (answer.version?, Fields(answer.headers));
    let status = answer.code?;
    if !(100..=599).contains(&status) {
        return None;
    }
    let connection = |option| fields.has_option("connection", option);
    Some(Answer {
        head: ResponseHead {
            status,
            content_type: fields.media_type(),
            server: fields.text("server"),
            api_version: fields.text("api-version"),
            at,
        },
        upgrade: fields.text("upgrade").to_ascii_lowercase(),
        closes: connection("close") || (version == 0 && !connection("keep-alive")),
        framing: match fields.framing(version)? {
            Framing::Chunked => Body::Chunked,
            Framing::Length(len) => Body::Length(len),
            Framing::OtherCoding | Framing::None => Body::UntilClose,
        },
    })
}

impl Answer {
    /// True for an answer that only says that another will come (RFC 9110 section 15.2).
    pub(super) fn is_interim(&self) -> bool {
        self.head.status < 200 && self.head.status != 101
    }

    /// True if what follows in both directions is no HTTP/1.
    ///
    /// Besides 101, dockerd takes over a connection by a 200 whose content type is one of its two
    /// stream formats (moby, daemon/server/router/container, `postContainersAttach` and
    /// `postContainerExecStart`) for clients that asked for no upgrade. Its logs have the same
    /// types, but are asked for by GET and are chunked.
    pub(super) fn takes_over(&self, method: Method) -> bool {
        let stream = matches!(
            self.head.content_type.as_str(),
            "application/vnd.docker.raw-stream" | "application/vnd.docker.multiplexed-stream"
        );
        self.head.status == 101
            || (self.head.status == 200
                && method == Method::Post
                && stream
                && matches!(self.framing, Body::UntilClose))
    }

    /// The body that follows as an answer to a request of that method (RFC 9112 section 6.3).
    pub(super) fn body(&self, method: Method) -> Body {
        match self.head.status {
            204 | 304 => Body::Length(0),
            _ if method == Method::Head => Body::Length(0),
            _ => self.framing,
        }
    }
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "OPTIONS" => Method::Options,
        _ => Method::Other,
    }
}

impl RequestHead {
    /// The head of a request with that method, target and content type.
    pub(in crate::decode) fn new(
        name: &str,
        target: &str,
        content_type: Option<String>,
        at: Stamp,
    ) -> Self {
        let (path, query) = split_target(target);
        Self {
            method: method(name),
            path: path.to_owned(),
            query: query.to_owned(),
            content_type: media_type(content_type.unwrap_or_default().as_bytes()),
            at,
        }
    }
}

impl ResponseHead {
    /// The head of an answer with that status, content type and server.
    pub(in crate::decode) fn new(
        status: u16,
        content_type: Option<String>,
        server: String,
        api_version: String,
        at: Stamp,
    ) -> Self {
        Self {
            status,
            content_type: media_type(content_type.unwrap_or_default().as_bytes()),
            server,
            api_version,
            at,
        }
    }
}

/// Path and query of a target in origin form or absolute form (RFC 9112 section 3.2).
fn split_target(target: &str) -> (&str, &str) {
    let origin = match target.split_once("://") {
        Some((_, rest)) if !target.starts_with('/') => {
            rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
        }
        _ => target,
    };
    origin.split_once('?').unwrap_or((origin, ""))
}

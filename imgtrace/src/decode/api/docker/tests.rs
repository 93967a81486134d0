//! Exchanges go in as the HTTP parser tells them, and come out as lines such as
//! `docker pull ok {"image":"docker.io/library/busybox:1.36"}`.

mod docker_api;
mod edges;
mod libpod_api;
mod looks;
mod secrets;
mod streams;

use bytes::Bytes;

use super::*;
use crate::model::Subject;

pub(super) const HEX: &str = "86e0e091d0da6bde2456dbb48306f3956bbeb2eae1b5b9a43045843f69fe4aaa";
pub(super) const ID: &str = "3f9c2a71b0c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5c6d7e8f9012";

/// One exchange of a connection.
#[derive(Clone)]
pub(super) struct Talk {
    method: http1::Method,
    target: String,
    content_type: &'static str,
    body: Vec<u8>,
    status: u16,
    server: &'static str,
    api_version: &'static str,
    answer: Vec<u8>,
    /// Bytes of each piece of a body.
    piece: usize,
}

pub(super) fn talk(method: &str, target: &str) -> Talk {
    Talk {
        method: match method {
            "GET" => http1::Method::Get,
            "HEAD" => http1::Method::Head,
            "POST" => http1::Method::Post,
            "PUT" => http1::Method::Put,
            "DELETE" => http1::Method::Delete,
            other => panic!("{other}"),
        },
        target: target.to_owned(),
        content_type: "",
        body: Vec::new(),
        status: 200,
        server: "",
        api_version: "",
        answer: Vec::new(),
        piece: usize::MAX,
    }
}

/// Milliseconds.
pub(super) fn at(millis: u64) -> Stamp {
    Stamp {
        mono: millis * 1_000_000,
        wall: 0,
    }
}

impl Talk {
    pub(super) fn form(self, body: &str) -> Self {
        let content_type = "application/x-www-form-urlencoded";
        Self {
            content_type,
            ..self
        }
        .body(body)
    }

    pub(super) fn body(self, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        Self { body, ..self }
    }

    pub(super) fn answer(self, status: u16, answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self {
            status,
            answer,
            ..self
        }
    }

    pub(super) fn server(self, server: &'static str) -> Self {
        Self { server, ..self }
    }

    pub(super) fn api_version(self, api_version: &'static str) -> Self {
        Self {
            api_version,
            ..self
        }
    }

    pub(super) fn pieces(self, piece: usize) -> Self {
        Self { piece, ..self }
    }

    pub(super) fn request_head(&self) -> http1::Event {
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        http1::Event::Request {
            exchange: Exchange(0),
            head: RequestHead {
                method: self.method,
                path: path.to_owned(),
                query: query.to_owned(),
                content_type: self.content_type.to_owned(),
                at: at(1),
            },
        }
    }

    pub(super) fn response_head(&self) -> http1::Event {
        http1::Event::Response {
            exchange: Exchange(0),
            head: ResponseHead {
                status: self.status,
                content_type: String::new(),
                server: self.server.to_owned(),
                api_version: self.api_version.to_owned(),
                at: at(2),
            },
        }
    }

    /// The exchange as the parser tells it.
    pub(super) fn http(&self) -> Vec<http1::Event> {
        let mut events = vec![self.request_head()];
        let bodies = |body: &[u8], direction| -> Vec<_> {
            let pieces = body.chunks(self.piece);
            pieces.map(|piece| bytes(direction, piece)).collect()
        };
        events.extend(bodies(&self.body, Direction::ToServer));
        events.push(end(Direction::ToServer));
        events.push(self.response_head());
        events.extend(bodies(&self.answer, Direction::ToClient));
        events.push(end(Direction::ToClient));
        events
    }

    pub(super) fn events(&self) -> Vec<Event> {
        read(self.http())
    }

    /// What the operation came to.
    pub(super) fn told(&self) -> String {
        let told = told(&self.events());
        assert_eq!(
            told,
            self::told(&self.clone().pieces(1).events()),
            "{}",
            self.target
        );
        told
    }
}

pub(super) fn bytes(direction: Direction, piece: &[u8]) -> http1::Event {
    body(direction, Piece::Bytes(Bytes::copy_from_slice(piece)))
}

pub(super) fn gap(direction: Direction) -> http1::Event {
    body(direction, Piece::Gap(1000))
}

fn body(direction: Direction, piece: Piece) -> http1::Event {
    http1::Event::Body {
        exchange: Exchange(0),
        direction,
        piece,
        at: at(3),
    }
}

pub(super) fn end(direction: Direction) -> http1::Event {
    http1::Event::End {
        exchange: Exchange(0),
        direction,
        at: at(4),
    }
}

pub(super) fn abandoned() -> http1::Event {
    http1::Event::Abandoned {
        exchange: Exchange(0),
        at: at(5),
    }
}

pub(super) fn read(events: impl IntoIterator<Item = http1::Event>) -> Vec<Event> {
    let mut reader = Reader::new();
    let mut out = Vec::new();
    for event in events {
        reader.read(event, &mut out);
    }
    assert!(
        out.iter()
            .all(|event| !matches!(event, Event::Began { at: began, .. } if *began != at(1)))
    );
    out
}

/// The events in a line: of an operation its end, with everything that was said of its subject. The
/// version that a client speaks has tests of its own.
pub(super) fn told(events: &[Event]) -> String {
    let mut lines = Vec::new();
    let mut subject = Subject::default();
    let mut begun = None;
    for event in events {
        match event {
            Event::Began {
                api,
                op,
                subject: asked,
                ..
            } => {
                assert!(begun.is_none(), "{events:?}");
                begun = Some(format!("{} {}", api.as_str(), op.as_str()));
                subject = asked.clone();
            }
            Event::Ended {
                outcome,
                error,
                subject: added,
                ..
            } => {
                subject.update(added.clone());
                let error = error
                    .as_ref()
                    .map(|error| format!(": {error}"))
                    .unwrap_or_default();
                let outcome = serde_json::to_value(outcome).unwrap();
                let subject = serde_json::to_string(&subject).unwrap();
                let begun = begun.take().expect("an operation begins before it ends");
                lines.push(format!(
                    "{begun} {}{error} {subject}",
                    outcome.as_str().unwrap()
                ));
            }
            Event::Withdrawn { .. } => panic!("HTTP/1 leaves nothing to guess"),
            Event::Progress { subject, .. } => {
                lines.push(format!(
                    "progress {}",
                    serde_json::to_string(subject).unwrap()
                ));
            }
            Event::Learned(Fact::ApiVersion { .. }) => {}
            Event::Learned(fact) => lines.push(serde_json::to_string(fact).unwrap()),
            Event::Anomaly(anomaly) => lines.push(serde_json::to_string(anomaly).unwrap()),
        }
    }
    lines.extend(begun.map(|begun| format!("{begun} …")));
    lines.join("\n")
}

//! The Docker Engine API and Podman's two, as spoken over HTTP/1.1.
//!
//! It turns requests and answers into operations as operations.md defines them, and what answers
//! tell by the way into facts. Podman serves Docker's API and its own (`/libpod/…`) on the same
//! connections, so one [`Reader`] reads both. Of a message it knows the parameters and fields that
//! an operation is described by; everything else, credentials and environments above all, is
//! stepped over and never copied.
//!
//! Podman looks short names up in its own list of registries; they are written as Docker would
//! write them unless the answer says what they stood for.

mod answer;
mod asking;
mod body;
mod facts;
mod operation;
mod params;
mod request;
mod route;
mod spoken;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use facts::Facts;
use operation::Operation;
use route::Route;
use spoken::Spoken;

use crate::decode::http1::{self, Piece, RequestHead, ResponseHead};
use crate::decode::{Direction, Event, Exchange};
use crate::model::{DigestKind, Stamp};
use crate::observation::{Anomaly, Fact};

/// Requests of one connection that are followed at once; no known client pipelines at all.
const MAX_EXCHANGES: usize = 128;

/// Reads what one connection says.
///
/// While a request is not understood yet it holds parts of it as they were sent, so only tests can
/// print it.
#[derive(Default)]
#[cfg_attr(test, derive(Debug))]
pub struct Reader {
    exchanges: BTreeMap<Exchange, Following>,
    /// The daemon's version was told.
    knows_version: bool,
    spoken: Spoken,
}

/// What an exchange is followed for.
#[derive(Debug)]
enum Following {
    Operation(Box<Operation>),
    Facts(Facts),
}

impl Reader {
    /// A reader for a connection of which nothing was read yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next event of the connection and adds what it means to `out`.
    pub fn read(&mut self, event: http1::Event, out: &mut Vec<Event>) {
        use http1::Event as Http;
        match event {
            Http::Request { exchange, head } => self.request(exchange, &head, out),
            Http::Response { exchange, head } => self.response(exchange, &head, out),
            Http::Body {
                exchange,
                direction,
                piece,
                at,
            } => self.body(exchange, direction, &piece, at, out),
            Http::End {
                exchange,
                direction: Direction::ToServer,
                ..
            } => {
                if let Some(Following::Operation(operation)) = self.exchanges.get_mut(&exchange) {
                    operation.request_end(out);
                }
            }
            Http::End { exchange, at, .. } => self.end(exchange, at, true, out),
            // The connection is the exchange's own from here on, and ends it.
            Http::Upgraded { .. } => {}
            Http::Abandoned { exchange, at } => self.end(exchange, at, false, out),
            Http::Anomaly(anomaly) => out.push(Event::Anomaly(anomaly)),
        }
    }

    fn request(&mut self, exchange: Exchange, head: &RequestHead, out: &mut Vec<Event>) {
        self.spoken.asked(&head.path);
        let Some((api, route)) = route::route(head.method, &head.path) else {
            return;
        };
        if self.exchanges.len() >= MAX_EXCHANGES {
            out.push(Event::Anomaly(Anomaly::TooManyPending));
            return;
        }
        let following = match route {
            Route::Call(call) => {
                Following::Operation(Box::new(Operation::new(exchange, api, call, head, out)))
            }
            Route::Look(look) => Following::Facts(Facts::new(look)),
        };
        self.exchanges.insert(exchange, following);
    }

    fn response(&mut self, exchange: Exchange, head: &ResponseHead, out: &mut Vec<Event>) {
        if let Some(version) = facts::server_version(&head.server) {
            self.learn_version(version, out);
        }
        let spoken = self.spoken.answered(&head.api_version);
        out.extend(spoken.map(Event::Learned));
        match self.exchanges.get_mut(&exchange) {
            Some(Following::Operation(operation)) => {
                let podman = head.server.starts_with("Libpod/");
                let ids = podman.then_some(DigestKind::Config);
                operation.response(head.status, ids, out);
            }
            Some(Following::Facts(facts)) => facts.response(head.status, self.knows_version),
            None => {}
        }
    }

    fn body(
        &mut self,
        exchange: Exchange,
        direction: Direction,
        piece: &Piece,
        at: Stamp,
        out: &mut Vec<Event>,
    ) {
        match (self.exchanges.get_mut(&exchange), direction) {
            (Some(Following::Operation(operation)), Direction::ToServer) => {
                operation.request_body(piece, out);
            }
            (Some(Following::Operation(operation)), Direction::ToClient) => {
                operation.response_body(piece, at, out);
            }
            (Some(Following::Facts(facts)), Direction::ToClient) => {
                facts.response_body(piece, out);
            }
            _ => {}
        }
    }

    fn end(&mut self, exchange: Exchange, at: Stamp, complete: bool, out: &mut Vec<Event>) {
        match self.exchanges.remove(&exchange) {
            Some(Following::Operation(mut operation)) => operation.end(at, complete, out),
            Some(Following::Facts(facts)) if complete => facts.end(out),
            _ => {}
        }
    }

    fn learn_version(&mut self, version: Fact, out: &mut Vec<Event>) {
        if !self.knows_version {
            self.knows_version = true;
            out.push(Event::Learned(version));
        }
    }
}

//! Which answer belongs to which request: in order, as RFC 9112 section 9.3.2 has it.

use std::collections::VecDeque;

use super::event::{Event, Method};
use crate::decode::{Direction, Exchange};
use crate::model::Stamp;

/// Most requests that wait for their answer. No known client pipelines at all.
const PENDING_LIMIT: usize = 128;

/// The exchanges that have not ended, oldest first.
///
/// Only the youngest can have a request that is still being sent, and only the oldest an answer
/// that has begun.
#[derive(Default)]
pub(super) struct Exchanges {
    open: VecDeque<Open>,
    next: u64,
}

struct Open {
    exchange: Exchange,
    method: Method,
    request: Request,
    answered: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Request {
    Sending,
    Sent,
    /// Its end will not be seen.
    Lost,
}

impl Exchanges {
    /// A request's head was seen. `None` if too many wait already.
    pub(super) fn begin(&mut self, method: Method) -> Option<Exchange> {
        if self.open.len() == PENDING_LIMIT {
            return None;
        }
        let exchange = Exchange(self.next);
        self.next += 1;
        self.open.push_back(Open {
            exchange,
            method,
            request: Request::Sending,
            answered: false,
        });
        Some(exchange)
    }

    /// True before the first request.
    pub(super) fn none_began(&self) -> bool {
        self.next == 0
    }

    /// The exchange whose request is being sent, unless it was given up.
    pub(super) fn sending(&self) -> Option<Exchange> {
        self.open
            .back()
            .filter(|open| open.request == Request::Sending)
            .map(|open| open.exchange)
    }

    /// The exchange whose answer is awaited or being sent, and its request's method.
    pub(super) fn awaiting(&self) -> Option<(Exchange, Method)> {
        self.open
            .iter()
            .find(|open| !open.answered)
            .map(|open| (open.exchange, open.method))
    }

    /// The request that is being sent is complete.
    pub(super) fn end_request(&mut self, at: Stamp, out: &mut Vec<Event>) {
        if let Some(exchange) = self.sending() {
            out.push(Event::End {
                exchange,
                direction: Direction::ToServer,
                at,
            });
            self.settle_request(Request::Sent, at, out);
        }
    }

    /// The end of the request that is being sent will not be seen. Its answer may be.
    pub(super) fn lose_request(&mut self, at: Stamp, out: &mut Vec<Event>) {
        if self.sending().is_some() {
            self.settle_request(Request::Lost, at, out);
        }
    }

    fn settle_request(&mut self, request: Request, at: Stamp, out: &mut Vec<Event>) {
        if let Some(open) = self.open.back_mut() {
            open.request = request;
        }
        self.drop_ended(at, out);
    }

    /// The answer that is being sent is complete.
    pub(super) fn end_answer(&mut self, at: Stamp, out: &mut Vec<Event>) {
        if let Some(open) = self.open.iter_mut().find(|open| !open.answered) {
            open.answered = true;
            out.push(Event::End {
                exchange: open.exchange,
                direction: Direction::ToClient,
                at,
            });
            self.drop_ended(at, out);
        }
    }

    /// Forgets the oldest exchange once nothing more of it can come.
    fn drop_ended(&mut self, at: Stamp, out: &mut Vec<Event>) {
        let ended = |open: &mut Open| open.answered && open.request != Request::Sending;
        while let Some(open) = self.open.pop_front_if(ended) {
            if open.request == Request::Lost {
                out.push(abandoned(open.exchange, at));
            }
        }
    }

    /// Gives up one exchange.
    pub(super) fn abandon(&mut self, given_up: Option<Exchange>, at: Stamp, out: &mut Vec<Event>) {
        self.open.retain(|open| {
            let keep = Some(open.exchange) != given_up;
            if !keep {
                out.push(abandoned(open.exchange, at));
            }
            keep
        });
    }

    /// Gives up every exchange but `kept`.
    pub(super) fn abandon_except(
        &mut self,
        kept: Option<Exchange>,
        at: Stamp,
        out: &mut Vec<Event>,
    ) {
        self.open.retain(|open| {
            let keep = Some(open.exchange) == kept;
            if !keep {
                out.push(abandoned(open.exchange, at));
            }
            keep
        });
    }
}

fn abandoned(exchange: Exchange, at: Stamp) -> Event {
    Event::Abandoned { exchange, at }
}

//! Which method a call is of whose path was not seen.
//!
//! A client names a method once in so many words; from then on it sends the number of an entry in
//! its header table (RFC 7541). Who joins later sees numbers. This stage stands between the calls
//! of gRPC and the readers of the APIs: what it knows it passes on at once, what it can conclude it
//! passes on with the evidence, and of the rest it says that it is unknown.
//!
//! It knows what the messages of CRI and of containerd's services look like, in both directions,
//! and which states requests lead to; not what they mean for an operation. No conclusion is drawn
//! from a request alone: only an answer, or a state seen later, makes it one. `docs/late-join.md`
//! says what is concluded from what.

#[cfg(test)]
mod tests;

mod call;
mod conclude;
mod containerd;
mod cri;
mod form;
mod ids;
mod learn;
mod lists;
mod method;
mod rule;
mod shape;
mod slots;
mod starts;
mod state;
mod told;
mod waiting;

use std::collections::HashMap;

use self::call::{Call, Held, Told};
use self::ids::Ids;
use self::lists::Lists;
use self::method::{CriVersion, Method};
use self::slots::{Slots, Withdrawn, path_slot};
use self::starts::Starts;
use self::waiting::Waiting;
use super::grpc::{self, Head, Path};
use super::http2::{Field, Text};
use super::rpc::{End, Event};
use super::{Direction, Exchange};
use crate::model::{Basis, Stamp};
use crate::observation::Anomaly;

/// Calls that are followed at once; of further ones nothing is concluded.
const CALLS: usize = 8192;

/// Bytes of messages that are held back on one connection; beyond that a call is unknown.
const HELD: usize = 1024 * 1024;

/// The methods of one connection's calls.
#[derive(Debug)]
pub struct Inference {
    /// True if paths may be unknown: the connection was joined, or has a gap. Until then all is
    /// passed on as it is.
    late: bool,
    /// Events so far.
    now: u64,
    calls: HashMap<Exchange, Call>,
    /// Bytes that the held ones of `calls` hold.
    held: usize,
    waiting: Waiting,
    slots: Slots,
    ids: Ids,
    starts: Starts,
    lists: Lists,
    /// CRI's version, if it was seen.
    version: Option<CriVersion>,
}

impl Inference {
    /// For a connection from its first byte, or one that was there already (`joined`).
    pub fn new(joined: bool) -> Self {
        Self {
            late: joined,
            now: 0,
            calls: HashMap::new(),
            held: 0,
            waiting: Waiting::default(),
            slots: Slots::default(),
            ids: Ids::default(),
            starts: Starts::default(),
            lists: Lists::default(),
            version: None,
        }
    }

    /// Takes the next event and tells what is known now; that may be of earlier calls too, with the
    /// times at which they were made.
    pub fn push(&mut self, event: grpc::Event, out: &mut Vec<Event>) {
        self.now += 1;
        match event {
            grpc::Event::Called {
                exchange,
                fields,
                at,
            } => {
                self.waiting.expire(at, out);
                self.called(exchange, &fields, at, out);
            }
            grpc::Event::Message {
                exchange,
                direction,
                message,
                at,
            } => self.message(exchange, (direction, message, at), out),
            grpc::Event::Ended { exchange, end, at } => self.ended(exchange, end, at, out),
            grpc::Event::Interrupted { direction, .. } => self.interrupted(direction),
            grpc::Event::Anomaly(anomaly) => out.push(Event::Anomaly(anomaly)),
        }
    }

    /// The connection is gone: what still waits for a later state is unknown.
    pub fn close(&mut self, out: &mut Vec<Event>) {
        self.waiting.clear(out);
    }

    fn called(&mut self, exchange: Exchange, fields: &[Field], at: Stamp, out: &mut Vec<Event>) {
        let head = Head::read(fields);
        match head.path {
            Path::Known(path) => {
                self.seen(exchange, &path, fields, out);
                out.push(Event::Called {
                    exchange,
                    path,
                    basis: Basis::OBSERVED,
                    namespace: head.namespace,
                    correlation: head.correlation,
                    at,
                });
            }
            Path::Unknown(_) | Path::Unseen => {
                self.late = true;
                let slot = path_slot(fields);
                if let Some(slot) = slot {
                    let mut withdrawn = Withdrawn::new();
                    self.slots.pass(slot, self.now, &mut withdrawn);
                    self.withdraw(withdrawn, out);
                }
                if self.calls.len() >= CALLS {
                    out.push(Event::Anomaly(Anomaly::UnknownMethod));
                } else {
                    let call = Held::new(head, slot, at, self.now);
                    self.calls.insert(exchange, Call::Held(Box::new(call)));
                }
            }
        }
    }

    /// A path went by in so many words.
    fn seen(&mut self, exchange: Exchange, path: &str, fields: &[Field], out: &mut Vec<Event>) {
        if !self.late {
            return;
        }
        let Some((method, version)) = Method::of_path(path) else {
            return;
        };
        if method.is_cri() {
            self.version = Some(version);
        }
        let is_path = |field: &&Field| matches!(&field.name, Text::Known(name) if name == ":path");
        if let Some(slot) = fields.iter().find(is_path).and_then(|field| field.slot) {
            let mut withdrawn = Withdrawn::new();
            self.slots.see(slot, method, self.now, &mut withdrawn);
            self.withdraw(withdrawn, out);
        }
        if self.calls.len() < CALLS {
            let told = Box::new(Told::new(method, self.now));
            self.calls.insert(exchange, Call::Told(told));
        }
    }

    fn message(&mut self, exchange: Exchange, message: call::Timed, out: &mut Vec<Event>) {
        match self.calls.get_mut(&exchange) {
            None => out.push(passed(exchange, message)),
            Some(Call::Unknown) => {}
            Some(Call::Told(_)) => self.tell(exchange, message, out),
            Some(Call::Held(held)) => {
                self.held += message.1.bytes.len();
                held.messages.push(message);
                if held.is_full() || self.held > HELD {
                    self.give_up(exchange);
                } else {
                    self.try_messages(exchange, out);
                }
            }
        }
    }

    fn ended(&mut self, exchange: Exchange, end: End, at: Stamp, out: &mut Vec<Event>) {
        match self.calls.remove(&exchange) {
            None => out.push(Event::Ended { exchange, end, at }),
            Some(Call::Unknown) => out.push(Event::Anomaly(Anomaly::UnknownMethod)),
            Some(Call::Told(told)) => self.told_ended(exchange, &told, (end, at), out),
            Some(Call::Held(mut held)) => {
                self.held -= held.bytes();
                held.ended = Some((end, at, self.now));
                self.try_end(exchange, held, out);
            }
        }
    }

    /// Requests or answers were missed: calls that are not known are not concluded any more, and
    /// no state from before means anything.
    fn interrupted(&mut self, direction: Direction) {
        self.late = true;
        for call in self.calls.values_mut() {
            match call {
                Call::Held(held) => {
                    self.held -= held.bytes();
                    *call = Call::Unknown;
                }
                Call::Told(_) | Call::Unknown => {}
            }
        }
        self.lists.clear();
        self.ids.forget_states(self.now);
        self.waiting.interrupted(direction);
        if direction == Direction::ToServer {
            self.slots.clear();
        }
    }

    /// Nothing is concluded of this call.
    fn give_up(&mut self, exchange: Exchange) {
        if let Some(Call::Held(held)) = self.calls.insert(exchange, Call::Unknown) {
            self.held -= held.bytes();
        }
    }

    /// Takes back what was concluded of these calls.
    fn withdraw(&mut self, withdrawn: Withdrawn, out: &mut Vec<Event>) {
        for exchange in withdrawn {
            out.push(Event::Withdrawn { exchange });
            match self.calls.get_mut(&exchange) {
                Some(call) => *call = Call::Unknown,
                None => out.push(Event::Anomaly(Anomaly::UnknownMethod)),
            }
        }
    }
}

fn passed(exchange: Exchange, (direction, message, at): call::Timed) -> Event {
    Event::Message {
        exchange,
        direction,
        message,
        at,
    }
}

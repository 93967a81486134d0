//! The APIs that are spoken by remote procedure calls: the CRI, containerd's, BuildKit's and the
//! shims', told apart by the service that a call names.
//!
//! It turns calls into operations as operations.md defines them, and what answers tell by the way
//! into facts. Of a message it knows the fields that an operation is described by; everything else
//! is stepped over and never copied. What is said twice, as in kubelet's lists of every second, is
//! told once.

mod operation;
mod payload;
mod told;

#[cfg(test)]
pub(super) mod tests;

pub(super) use operation::{Ending, Operation, Procedure, Shape, ending, never};
pub(super) use payload::{Nested, Partial, Payload};

use std::collections::{BTreeMap, VecDeque};

use told::Told;

use super::{buildkit, containerd, cri, shim};
use crate::decode::rpc::{self, End};
use crate::decode::{Direction, Event, Exchange};
use crate::model::{Basis, Correlation, Stamp};
use crate::observation::{Anomaly, Fact};

/// Calls of one connection that are followed at once; those whose method is not known here take no
/// place.
const MAX_CALLS: usize = 4096;

/// Operations of guessed calls of one connection that may be taken back; older ones stand.
pub(crate) const MAX_GUESSED: usize = 4096;

/// Reads what one connection says.
#[derive(Default)]
#[cfg_attr(test, derive(Debug))]
pub struct Reader {
    calls: BTreeMap<Exchange, Call>,
    told: Told,
    containerd: containerd::State,
    shim: shim::Creates,
    /// Operations that were told of calls whose method was guessed, the latest last.
    guessed: VecDeque<Exchange>,
}

/// A call that is followed.
#[derive(Debug)]
struct Call {
    head: Head,
    role: Role,
}

/// What is known of a call apart from its messages.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) exchange: Exchange,
    pub(super) basis: Basis,
    pub(super) namespace: Option<String>,
    pub(super) correlation: Correlation,
    /// When it was complete.
    pub(super) at: Stamp,
}

/// What a call is followed for.
#[derive(Debug)]
pub(super) enum Role {
    /// It makes an operation by itself.
    Operation(Box<Operation>),
    /// Its answers tell facts.
    Look(Look),
    /// It is part of something longer in containerd's API.
    Containerd(containerd::Call),
    /// It is part of a start at a shim.
    Shim(shim::Call),
}

/// Reads the facts of an answer.
pub(super) type Look = fn(&mut Payload, &mut Vec<Fact>);

impl Reader {
    /// A reader for a connection of which nothing was read yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next event of the connection and adds what it means to `out`.
    pub fn read(&mut self, event: rpc::Event, out: &mut Vec<Event>) {
        let before = out.len();
        self.take(event, out);
        for event in out.iter().skip(before) {
            self.remember(event);
        }
    }

    fn take(&mut self, event: rpc::Event, out: &mut Vec<Event>) {
        match event {
            rpc::Event::Called {
                exchange,
                path,
                basis,
                namespace,
                correlation,
                at,
            } => {
                let head = Head {
                    exchange,
                    basis,
                    namespace,
                    correlation,
                    at,
                };
                self.called(head, &path, out);
            }
            rpc::Event::Message {
                exchange,
                direction,
                message,
                at,
            } => {
                self.containerd.pass(at, out);
                let mut payload = Payload::new(message);
                self.message(exchange, direction, &mut payload, at, out);
                if payload.is_malformed() {
                    out.push(Event::Anomaly(Anomaly::MalformedMessage));
                }
            }
            rpc::Event::Ended { exchange, end, at } => self.ended(exchange, &end, at, out),
            rpc::Event::Withdrawn { exchange } => self.withdrawn(exchange, out),
            rpc::Event::Anomaly(anomaly) => out.push(Event::Anomaly(anomaly)),
        }
    }

    /// The connection is gone, after its last event: what only waited for more ends here.
    pub fn close(&mut self, at: Stamp, out: &mut Vec<Event>) {
        for exchange in self.calls.keys().copied().collect::<Vec<_>>() {
            self.ended(exchange, &End::Unseen, at, out);
        }
        self.containerd.close(at, out);
    }

    fn called(&mut self, head: Head, path: &str, out: &mut Vec<Event>) {
        self.containerd.pass(head.at, out);
        self.told
            .tell(cri::old_version(path).into_iter().collect(), out);
        let Some(role) = role(path) else {
            return;
        };
        if self.calls.len() >= MAX_CALLS {
            out.push(Event::Anomaly(Anomaly::TooManyStreams));
            return;
        }
        self.calls.insert(head.exchange, Call { head, role });
    }

    fn message(
        &mut self,
        exchange: Exchange,
        direction: Direction,
        payload: &mut Payload,
        at: Stamp,
        out: &mut Vec<Event>,
    ) {
        let Some(Call { head, role }) = self.calls.get_mut(&exchange) else {
            return;
        };
        match role {
            Role::Operation(operation) => operation.message(head, direction, payload, out),
            Role::Look(look) if direction == Direction::ToClient => {
                let mut facts = Vec::new();
                look(payload, &mut facts);
                self.told.tell(facts, out);
            }
            Role::Look(_) => {}
            Role::Containerd(call) => {
                let mut facts = Vec::new();
                let said = containerd::Said {
                    head,
                    direction,
                    at,
                };
                call.message(&mut self.containerd, said, payload, &mut facts, out);
                self.told.tell(facts, out);
            }
            Role::Shim(call) => call.message(&mut self.shim, head, direction, payload, out),
        }
    }

    fn ended(&mut self, exchange: Exchange, end: &End, at: Stamp, out: &mut Vec<Event>) {
        self.containerd.pass(at, out);
        let Some(Call { head, role }) = self.calls.remove(&exchange) else {
            return;
        };
        match role {
            Role::Operation(operation) => operation.end(&head, end, at, out),
            Role::Look(_) => {}
            Role::Containerd(call) => call.end(&mut self.containerd, &head, end, at, out),
            Role::Shim(call) => call.end(&mut self.shim, &head, end, at, out),
        }
    }

    /// What was told of an exchange is taken back, if anything was; it may have ended.
    fn withdrawn(&mut self, exchange: Exchange, out: &mut Vec<Event>) {
        let is_naming = self.containerd.withdraw(exchange);
        let call = self.calls.remove(&exchange);
        let is_running = call.is_some_and(|call| self.take_back(call));
        let before = self.guessed.len();
        self.guessed.retain(|guessed| *guessed != exchange);
        if is_naming || is_running || self.guessed.len() < before {
            out.push(Event::Withdrawn { exchange });
        }
    }

    fn remember(&mut self, event: &Event) {
        if let Event::Began {
            exchange, basis, ..
        } = event
            && !basis.is_observed()
        {
            if self.guessed.len() >= MAX_GUESSED {
                self.guessed.pop_front();
            }
            self.guessed.push_back(*exchange);
        }
    }

    /// Forgets what a call has said; true if something was told of it.
    fn take_back(&mut self, call: Call) -> bool {
        match call.role {
            Role::Operation(operation) => operation.has_begun(),
            Role::Look(_) => false,
            Role::Containerd(part) => part.withdraw(&mut self.containerd),
            Role::Shim(part) => part.withdraw(&mut self.shim),
        }
    }
}

/// What a call of this path is followed for; null if it is none of those that are known here.
fn role(path: &str) -> Option<Role> {
    let (service, method) = path.strip_prefix('/')?.rsplit_once('/')?;
    match service {
        "runtime.v1.RuntimeService" | "runtime.v1alpha2.RuntimeService" => cri::runtime(method),
        "runtime.v1.ImageService" | "runtime.v1alpha2.ImageService" => cri::image(method),
        "moby.buildkit.v1.Control" => buildkit::control(method),
        "containerd.task.v2.Task" | "containerd.task.v3.Task" => shim::task(method),
        _ => containerd::role(service.strip_prefix("containerd.services.")?, method),
    }
}

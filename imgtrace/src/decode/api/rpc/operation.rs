//! One call that makes an operation, from its request to the end of its answer.

use super::{Head, Payload};
use crate::decode::clean::clean;
use crate::decode::rpc::End;
use crate::decode::{Direction, Event};
use crate::model::{Api, Basis, Confidence, Op, Outcome, Stamp, Subject};

/// What a method does, as an operation.
pub(in crate::decode::api) struct Procedure {
    /// What is spoken.
    pub(in crate::decode::api) api: Api,
    /// When it makes an operation.
    pub(in crate::decode::api) shape: Shape,
    /// What the request asks for; null if it makes no operation. Its payload may be
    /// [doubted](Payload::doubt), unless the shape is [`Shape::Refused`].
    pub(in crate::decode::api) asked: fn(&mut Payload) -> Option<(Op, Subject)>,
    /// What a message of the answer adds.
    pub(in crate::decode::api) answered: fn(&mut Payload, &mut Subject),
}

/// When a call makes an operation, and what its answer consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::decode::api) enum Shape {
    /// At its request; one message answers it.
    Unary,
    /// At its request; any number of messages answer it.
    Stream,
    /// Only if it is refused.
    Refused,
}

/// For calls whose answer adds nothing.
pub(in crate::decode::api) fn never(_: &mut Payload, _: &mut Subject) {}

/// A call that makes an operation.
pub(in crate::decode::api) struct Operation {
    procedure: &'static Procedure,
    state: State,
    /// What was learnt since it was asked for.
    added: Box<Subject>,
    is_answered: bool,
}

#[derive(Debug)]
enum State {
    /// Its request is not seen yet.
    Asking,
    /// This will have been asked for if it is refused.
    Refusable(Op, Box<Subject>),
    /// What it asks for was told.
    Told,
    /// Its request makes no operation.
    Nothing,
}

/// How a call ended, as an operation says it.
pub(in crate::decode::api) type Ending = (Outcome, Option<String>);

impl std::fmt::Debug for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Operation({:?})", self.state)
    }
}

impl Operation {
    pub(in crate::decode::api) fn new(procedure: &'static Procedure) -> Self {
        Self {
            procedure,
            state: State::Asking,
            added: Box::default(),
            is_answered: false,
        }
    }

    /// Takes a message of the call.
    pub(in crate::decode::api) fn message(
        &mut self,
        head: &Head,
        direction: Direction,
        payload: &mut Payload,
        out: &mut Vec<Event>,
    ) {
        match (&self.state, direction) {
            (State::Asking, Direction::ToServer) => {
                self.state = match (self.procedure.asked)(payload) {
                    None => State::Nothing,
                    Some((op, subject)) if self.procedure.shape == Shape::Refused => {
                        State::Refusable(op, Box::new(subject))
                    }
                    Some((op, subject)) => {
                        let mut basis = head.basis.clone();
                        if let Some(why) = payload.doubted() {
                            basis.confidence = Confidence::Inferred;
                            basis.evidence.push(why.to_owned());
                        }
                        out.push(self.began(head, basis, op, subject));
                        State::Told
                    }
                };
            }
            (State::Told, Direction::ToClient) => {
                self.is_answered = true;
                (self.procedure.answered)(payload, &mut self.added);
            }
            _ => {}
        }
    }

    /// The call's end.
    pub(in crate::decode::api) fn end(
        mut self,
        head: &Head,
        end: &End,
        at: Stamp,
        out: &mut Vec<Event>,
    ) {
        let is_answered = self.is_answered && self.procedure.shape != Shape::Stream;
        let (outcome, error) = ending(end, is_answered);
        match std::mem::replace(&mut self.state, State::Nothing) {
            State::Told => {}
            State::Refusable(op, subject) if outcome == Outcome::Error => {
                out.push(self.began(head, head.basis.clone(), op, *subject));
            }
            State::Refusable(..) | State::Asking | State::Nothing => return,
        }
        out.push(Event::Ended {
            exchange: head.exchange,
            at,
            outcome,
            error,
            subject: *self.added,
        });
    }

    /// Takes in what was learnt elsewhere.
    pub(in crate::decode::api) fn add(&mut self, learnt: Subject) {
        self.added.update(learnt);
    }

    /// True if it was told.
    pub(in crate::decode::api) const fn has_begun(&self) -> bool {
        matches!(self.state, State::Told)
    }

    /// Namespaces are those of containerd and its shims; other APIs have none.
    fn began(&self, head: &Head, basis: Basis, op: Op, mut subject: Subject) -> Event {
        if matches!(self.procedure.api, Api::Containerd | Api::Shim) {
            subject.namespace.clone_from(&head.namespace);
        }
        Event::Began {
            exchange: head.exchange,
            at: head.at,
            api: self.procedure.api,
            op,
            subject,
            basis,
            correlation: head.correlation.clone(),
        }
    }
}

/// What an end means. Servers answer with a message only what has worked, so a status that could
/// not be read was a good one where a single message came before it (`is_answered`).
pub(in crate::decode::api) fn ending(end: &End, is_answered: bool) -> Ending {
    match end {
        End::Status { code: Some(0), .. } => (Outcome::Ok, None),
        End::Status {
            code: Some(_),
            message,
        } => (Outcome::Error, told(message)),
        End::Status {
            code: None,
            message,
        } if !message.is_empty() => (Outcome::Error, told(message)),
        End::Status { code: None, .. } if is_answered => (Outcome::Ok, None),
        End::Status { code: None, .. } | End::Cancelled | End::Unseen => (Outcome::Unknown, None),
    }
}

fn told(message: &str) -> Option<String> {
    Some(clean(message)).filter(|message| !message.is_empty())
}

//! One request that makes an operation, from its head to the end of its answer.

use super::answer::Answer;
use super::asking::Asking;
use super::request::id_kind;
use super::route::Call;
use crate::decode::api::layers::Pace;
use crate::decode::http1::{Piece, RequestHead};
use crate::decode::{Event, Exchange};
use crate::model::{Api, Basis, Correlation, DigestKind, Op, Outcome, Stamp, Subject};
use crate::observation::{Anomaly, Fact};

/// A request that makes an operation.
#[derive(Debug)]
pub(super) struct Operation {
    exchange: Exchange,
    at: Stamp,
    api: Api,
    /// An exec is only prepared: it makes an operation if it is refused, else a fact.
    prepares_exec: bool,
    state: State,
    pace: Pace,
}

#[derive(Debug)]
enum State {
    /// Its request is not understood yet.
    Asking(Box<Asking>),
    /// It asks for this.
    Asked(Op, Subject),
    /// It is being answered.
    Answered(Op, Subject, Box<Answer>),
    /// It has ended, or its parameters ask for nothing.
    Over,
}

impl Operation {
    /// A request with this head; it has begun if the head says all there is to say.
    pub(super) fn new(
        exchange: Exchange,
        api: Api,
        call: Call,
        head: &RequestHead,
        out: &mut Vec<Event>,
    ) -> Self {
        let mut operation = Self {
            exchange,
            at: head.at,
            api,
            prepares_exec: matches!(call, Call::CreateExec(_)),
            state: State::Asking(Box::new(Asking::new(api, call, head))),
            pace: Pace::new(head.at),
        };
        operation.begin_if_known(out);
        operation
    }

    /// Takes a piece of the request's body.
    pub(super) fn request_body(&mut self, piece: &Piece, out: &mut Vec<Event>) {
        if let State::Asking(asking) = &mut self.state {
            asking.read(piece);
            self.begin_if_known(out);
        }
    }

    /// The request is complete.
    pub(super) fn request_end(&mut self, out: &mut Vec<Event>) {
        if let State::Asking(asking) = &mut self.state {
            asking.end();
            self.begin(out);
        }
    }

    fn begin_if_known(&mut self, out: &mut Vec<Event>) {
        if matches!(&self.state, State::Asking(asking) if asking.is_known()) {
            self.begin(out);
        }
    }

    /// It is understood as far as it is known: no more will be.
    fn begin(&mut self, out: &mut Vec<Event>) {
        self.state = match std::mem::replace(&mut self.state, State::Over) {
            State::Asking(asking) => match asking.understood() {
                Some((op, subject)) => {
                    if !self.prepares_exec {
                        out.push(self.began(op, &subject));
                    }
                    State::Asked(op, subject)
                }
                None => State::Over,
            },
            other => other,
        };
    }

    /// Takes the answer's status, and what the daemon's image ids are digests of where its name
    /// tells that.
    pub(super) fn response(&mut self, status: u16, ids: Option<DigestKind>, out: &mut Vec<Event>) {
        self.begin(out);
        self.state = match std::mem::replace(&mut self.state, State::Over) {
            State::Asked(op, subject) => {
                let ids = ids.unwrap_or_else(|| id_kind(self.api));
                let answer = if self.prepares_exec {
                    Answer::of_prepared_exec(status)
                } else {
                    Answer::new(op, status, ids)
                };
                State::Answered(op, subject, Box::new(answer))
            }
            other => other,
        };
    }

    /// Takes a piece of the answer's body.
    pub(super) fn response_body(&mut self, piece: &Piece, at: Stamp, out: &mut Vec<Event>) {
        let State::Answered(_, _, answer) = &mut self.state else {
            return;
        };
        answer.read(piece);
        if let Some(subject) = self.pace.due(answer.progress(), at) {
            out.push(Event::Progress {
                exchange: self.exchange,
                subject,
            });
        }
    }

    /// Its end: the answer is complete, or will never be.
    pub(super) fn end(&mut self, at: Stamp, complete: bool, out: &mut Vec<Event>) {
        self.begin(out);
        match std::mem::replace(&mut self.state, State::Over) {
            State::Answered(op, asked, answer) => {
                if answer.is_malformed(complete) {
                    out.push(Event::Anomaly(Anomaly::MalformedBody));
                }
                self.end_answered((op, &asked), &answer, at, complete, out);
            }
            State::Asked(..) if !self.prepares_exec => {
                out.push(self.ended(at, Outcome::Unknown, None, Subject::default()));
            }
            _ => {}
        }
    }

    fn end_answered(
        &self,
        (op, asked): (Op, &Subject),
        answer: &Answer,
        at: Stamp,
        complete: bool,
        out: &mut Vec<Event>,
    ) {
        let outcome = answer.outcome(complete);
        if self.prepares_exec && outcome == Outcome::Error {
            out.push(self.began(op, asked));
        } else if self.prepares_exec {
            out.extend(prepared(asked, answer).map(Event::Learned));
            return;
        }
        let error = answer.error().filter(|_| outcome == Outcome::Error);
        out.push(self.ended(at, outcome, error, answer.subject(asked)));
    }

    fn began(&self, op: Op, subject: &Subject) -> Event {
        Event::Began {
            exchange: self.exchange,
            at: self.at,
            api: self.api,
            op,
            subject: subject.clone(),
            basis: Basis::OBSERVED,
            correlation: Correlation::default(),
        }
    }

    const fn ended(
        &self,
        at: Stamp,
        outcome: Outcome,
        error: Option<String>,
        subject: Subject,
    ) -> Event {
        Event::Ended {
            exchange: self.exchange,
            at,
            outcome,
            error,
            subject,
        }
    }
}

/// The exec that was prepared, if its id was seen.
fn prepared(asked: &Subject, answer: &Answer) -> Option<Fact> {
    Some(Fact::Exec {
        id: answer.exec()?.to_owned(),
        container: asked.container.clone()?,
    })
}

//! A connection as the layers below tell it, one event a nanosecond.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::proto::Proto;
use crate::decode::api::rpc::Reader;
use crate::decode::rpc::{self, End, Message};
use crate::decode::{Direction, Event, Exchange};
use crate::model::{Api, Basis, Correlation, Op, Outcome, Stamp, Subject};
use crate::observation::Fact;

/// What is said on a connection, and what the reader makes of it.
pub(in crate::decode::api) struct Script {
    reader: Reader,
    out: Vec<Event>,
    now: u64,
    next: u64,
    /// What the next calls bear.
    pub(in crate::decode::api) basis: Basis,
    pub(in crate::decode::api) namespace: Option<String>,
    pub(in crate::decode::api) correlation: Correlation,
}

/// An operation, all that was told of it put together.
#[derive(Clone, Debug)]
pub(in crate::decode::api) struct Told {
    pub(in crate::decode::api) at: u64,
    pub(in crate::decode::api) api: Api,
    pub(in crate::decode::api) op: Op,
    pub(in crate::decode::api) subject: Subject,
    /// Null if it has not ended.
    pub(in crate::decode::api) outcome: Option<Outcome>,
    pub(in crate::decode::api) error: Option<String>,
}

pub(in crate::decode::api) fn ok() -> End {
    refused(0, "")
}

pub(in crate::decode::api) fn refused(code: u32, message: &str) -> End {
    End::Status {
        code: Some(code),
        message: message.to_owned(),
    }
}

impl Script {
    pub(in crate::decode::api) fn new() -> Self {
        Self {
            reader: Reader::new(),
            out: Vec::new(),
            now: 0,
            next: 0,
            basis: Basis::OBSERVED,
            namespace: None,
            correlation: Correlation::default(),
        }
    }

    /// Under this lease from now on.
    pub(in crate::decode::api) fn lease(&mut self, lease: Option<&str>) {
        self.correlation.lease = lease.map(str::to_owned);
    }

    /// Lets time pass.
    pub(in crate::decode::api) fn wait_ms(&mut self, ms: u64) {
        self.now += ms * 1_000_000;
    }

    pub(in crate::decode::api) fn call(&mut self, path: &str) -> Exchange {
        let exchange = Exchange(self.next);
        self.next += 1;
        self.call_as(exchange, path);
        exchange
    }

    pub(in crate::decode::api) fn call_as(&mut self, exchange: Exchange, path: &str) {
        let at = self.tick();
        self.event(rpc::Event::Called {
            exchange,
            path: path.to_owned(),
            basis: self.basis.clone(),
            namespace: self.namespace.clone(),
            correlation: self.correlation.clone(),
            at,
        });
    }

    pub(in crate::decode::api) fn ask(&mut self, exchange: Exchange, message: &Proto) {
        self.ask_bytes(exchange, &message.bytes(), true);
    }

    pub(in crate::decode::api) fn ask_bytes(
        &mut self,
        exchange: Exchange,
        bytes: &[u8],
        complete: bool,
    ) {
        self.message(exchange, Direction::ToServer, bytes, complete);
    }

    pub(in crate::decode::api) fn answer(&mut self, exchange: Exchange, message: &Proto) {
        self.answer_bytes(exchange, &message.bytes(), true);
    }

    pub(in crate::decode::api) fn answer_bytes(
        &mut self,
        exchange: Exchange,
        bytes: &[u8],
        complete: bool,
    ) {
        self.message(exchange, Direction::ToClient, bytes, complete);
    }

    fn message(&mut self, exchange: Exchange, direction: Direction, bytes: &[u8], complete: bool) {
        let at = self.tick();
        self.event(rpc::Event::Message {
            exchange,
            direction,
            message: Message {
                bytes: Bytes::copy_from_slice(bytes),
                complete,
                len: bytes.len() as u64,
            },
            at,
        });
    }

    pub(in crate::decode::api) fn end(&mut self, exchange: Exchange, end: End) {
        let at = self.tick();
        self.event(rpc::Event::Ended { exchange, end, at });
    }

    /// A whole call that works.
    pub(in crate::decode::api) fn unary(
        &mut self,
        path: &str,
        ask: &Proto,
        answer: &Proto,
    ) -> Exchange {
        let exchange = self.call(path);
        self.ask(exchange, ask);
        self.answer(exchange, answer);
        self.end(exchange, ok());
        exchange
    }

    /// A whole call that fails.
    pub(in crate::decode::api) fn fails(
        &mut self,
        path: &str,
        ask: &Proto,
        code: u32,
        message: &str,
    ) {
        let exchange = self.call(path);
        self.ask(exchange, ask);
        self.end(exchange, refused(code, message));
    }

    pub(in crate::decode::api) fn withdraw(&mut self, exchange: Exchange) {
        self.event(rpc::Event::Withdrawn { exchange });
    }

    pub(in crate::decode::api) fn event(&mut self, event: rpc::Event) {
        self.reader.read(event, &mut self.out);
    }

    pub(in crate::decode::api) fn close(&mut self) {
        let at = self.tick();
        self.reader.close(at, &mut self.out);
    }

    /// Facts that are remembered as told.
    pub(in crate::decode::api) fn remembered(&self) -> usize {
        self.reader.told.len()
    }

    /// All that the reader holds.
    pub(in crate::decode::api) fn debug(&self) -> String {
        format!("{:?}", self.reader)
    }

    fn tick(&mut self) -> Stamp {
        self.now += 1;
        Stamp {
            mono: self.now,
            wall: i64::try_from(self.now).unwrap(),
        }
    }

    /// What was told since the last time.
    pub(in crate::decode::api) fn take(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.out)
    }

    /// The facts of it.
    pub(in crate::decode::api) fn facts(&mut self) -> Vec<Fact> {
        let facts = self.take().into_iter().filter_map(|event| match event {
            Event::Learned(fact) => Some(fact),
            _ => None,
        });
        facts.collect()
    }

    /// The operations of it, in the order in which they began. Panics if an event is of none.
    pub(in crate::decode::api) fn operations(&mut self) -> Vec<Told> {
        operations(self.take())
    }
}

pub(in crate::decode::api) fn operations(events: Vec<Event>) -> Vec<Told> {
    let mut order = Vec::new();
    let mut told: BTreeMap<Exchange, Told> = BTreeMap::new();
    for event in events {
        match event {
            Event::Began {
                exchange,
                at,
                api,
                op,
                subject,
                ..
            } => {
                assert!(!told.contains_key(&exchange), "{exchange:?} begins twice");
                order.push(exchange);
                let (at, outcome, error) = (at.mono, None, None);
                told.insert(
                    exchange,
                    Told {
                        at,
                        api,
                        op,
                        subject,
                        outcome,
                        error,
                    },
                );
            }
            Event::Progress { exchange, subject } => {
                let operation = told.get_mut(&exchange).expect("progress of what has begun");
                assert_eq!(operation.outcome, None, "progress after the end");
                operation.subject.update(subject);
            }
            Event::Ended {
                exchange,
                outcome,
                error,
                subject,
                ..
            } => {
                let operation = told.get_mut(&exchange).expect("the end of what has begun");
                assert_eq!(operation.outcome, None, "{exchange:?} ends twice");
                operation.outcome = Some(outcome);
                operation.error = error;
                operation.subject.update(subject);
            }
            Event::Withdrawn { exchange } => {
                order.retain(|begun| *begun != exchange);
                told.remove(&exchange)
                    .expect("only what has begun is withdrawn");
            }
            Event::Learned(_) => {}
            Event::Anomaly(anomaly) => panic!("{anomaly:?}"),
        }
    }
    order
        .iter()
        .map(|exchange| told[exchange].clone())
        .collect()
}

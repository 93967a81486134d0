//! A client whose header table was full before it was joined.

use std::collections::HashMap;

use bytes::Bytes;

use crate::decode::grpc;
use crate::decode::http2::{Field, Slot, Text};
use crate::decode::inference::Inference;
use crate::decode::rpc::{End, Event, Message};
use crate::decode::{Direction, Exchange};
use crate::model::{Confidence, Stamp};
use crate::observation::Anomaly;

/// What is fed and what comes of it.
pub(super) struct Session {
    pub(super) inference: Inference,
    /// Everything that was told.
    pub(super) told: Vec<Event>,
    /// Entries of the table, by the path that they stand for.
    slots: HashMap<&'static str, i64>,
    inserted: i64,
    next: u32,
    mono: u64,
}

/// The end as a late joiner sees it: both trailers stand in entries that were never seen.
pub(super) fn ok() -> End {
    End::Status {
        code: None,
        message: String::new(),
    }
}

pub(super) fn error() -> End {
    End::Status {
        code: Some(2),
        message: "it did not work".to_owned(),
    }
}

impl Session {
    pub(super) fn new() -> Self {
        Self {
            inference: Inference::new(true),
            told: Vec::new(),
            slots: HashMap::new(),
            inserted: 0,
            next: 1,
            mono: 1_000_000_000,
        }
    }

    /// A call of the method `path` names, whose path is one number; answered, and ended well.
    pub(super) fn call(&mut self, path: &'static str, request: &[u8], answer: &[u8]) -> Exchange {
        let exchange = self.begin(path);
        self.say(exchange, Direction::ToServer, request);
        self.say(exchange, Direction::ToClient, answer);
        self.end(exchange, ok());
        exchange
    }

    /// A call that is answered by an error.
    pub(super) fn failing(&mut self, path: &'static str, request: &[u8]) -> Exchange {
        let exchange = self.begin(path);
        self.say(exchange, Direction::ToServer, request);
        self.end(exchange, error());
        exchange
    }

    /// A call's head as grpc-go writes it, its path an entry from before.
    pub(super) fn begin(&mut self, path: &'static str) -> Exchange {
        let next = -1 - i64::try_from(self.slots.len()).unwrap();
        let slot = *self.slots.entry(path).or_insert(next);
        self.head(slot)
    }

    /// The same with this entry.
    pub(super) fn head(&mut self, slot: i64) -> Exchange {
        let path = Field {
            name: Text::Unknown(Slot(slot)),
            value: Text::Unknown(Slot(slot)),
            slot: Some(Slot(slot)),
        };
        self.called(path)
    }

    /// A call whose path goes by in so many words and is inserted.
    pub(super) fn literal(&mut self, path: &'static str) -> Exchange {
        let slot = Slot(self.inserted);
        self.inserted += 1;
        self.slots.insert(path, slot.0);
        self.called(Field {
            name: Text::Known(Bytes::from_static(b":path")),
            value: Text::Known(Bytes::from_static(path.as_bytes())),
            slot: Some(slot),
        })
    }

    fn called(&mut self, path: Field) -> Exchange {
        let known = |name: &'static str, value: &'static str| Field {
            name: Text::Known(Bytes::from_static(name.as_bytes())),
            value: Text::Known(Bytes::from_static(value.as_bytes())),
            slot: None,
        };
        let authority = Field {
            name: Text::Unknown(Slot(-100)),
            value: Text::Unknown(Slot(-100)),
            slot: Some(Slot(-100)),
        };
        let fields = vec![
            known(":method", "POST"),
            known(":scheme", "http"),
            path,
            authority,
        ];
        let exchange = Exchange::of_stream(self.next);
        self.next += 2;
        let at = self.now();
        self.push(grpc::Event::Called {
            exchange,
            fields,
            at,
        });
        exchange
    }

    pub(super) fn say(&mut self, exchange: Exchange, direction: Direction, bytes: &[u8]) {
        let at = self.now();
        let message = Message {
            bytes: Bytes::copy_from_slice(bytes),
            complete: true,
            len: bytes.len() as u64,
        };
        self.push(grpc::Event::Message {
            exchange,
            direction,
            message,
            at,
        });
    }

    pub(super) fn end(&mut self, exchange: Exchange, end: End) {
        let at = self.now();
        self.push(grpc::Event::Ended { exchange, end, at });
    }

    pub(super) fn push(&mut self, event: grpc::Event) {
        self.inference.push(event, &mut self.told);
    }

    pub(super) fn wait(&mut self, seconds: u64) {
        self.mono += seconds * 1_000_000_000;
    }

    fn now(&mut self) -> Stamp {
        self.mono += 1_000_000;
        Stamp {
            mono: self.mono,
            wall: 0,
        }
    }

    /// The path that was told of a call and not taken back, and how sure it is.
    pub(super) fn path(&self, exchange: Exchange) -> Option<(String, Confidence)> {
        let mut path = None;
        for event in &self.told {
            match event {
                Event::Called {
                    exchange: of,
                    path: told,
                    basis,
                    ..
                } if *of == exchange => path = Some((told.clone(), basis.confidence)),
                Event::Withdrawn { exchange: of } if *of == exchange => path = None,
                _ => {}
            }
        }
        path
    }

    /// The path that was concluded of a call.
    pub(super) fn concluded(&self, exchange: Exchange) -> Option<String> {
        let (path, confidence) = self.path(exchange)?;
        (confidence == Confidence::Inferred).then_some(path)
    }

    /// Calls that were said to be unknown.
    pub(super) fn unknown(&self) -> usize {
        let unknown = |event: &&Event| **event == Event::Anomaly(Anomaly::UnknownMethod);
        self.told.iter().filter(unknown).count()
    }

    /// What was told of one call, in order: `called`, `request`, `answer`, `ended`, `withdrawn`.
    pub(super) fn story(&self, exchange: Exchange) -> Vec<&'static str> {
        let word = |event: &Event| match event {
            Event::Called { exchange: of, .. } if *of == exchange => Some("called"),
            Event::Message {
                exchange: of,
                direction,
                ..
            } if *of == exchange => Some(match direction {
                Direction::ToServer => "request",
                Direction::ToClient => "answer",
            }),
            Event::Ended { exchange: of, .. } if *of == exchange => Some("ended"),
            Event::Withdrawn { exchange: of } if *of == exchange => Some("withdrawn"),
            _ => None,
        };
        self.told.iter().filter_map(word).collect()
    }
}

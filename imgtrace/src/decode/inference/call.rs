//! A call while it is followed: held back until its method is known, or told.

use super::ids::{Id, Known};
use super::method::Method;
use super::rule;
use super::shape::Shape;
use crate::decode::Direction;
use crate::decode::grpc::Head;
use crate::decode::http2::Slot;
use crate::decode::rpc::{End, Message};
use crate::model::Stamp;

/// Messages of one call that are held back; of a call that has more nothing is concluded.
const MESSAGES: usize = 8;

/// Bytes of one call that are held back. A container's configuration has a few thousand; the bound
/// leaves room for large environments.
const BYTES: usize = 128 * 1024;

/// A message and when it came.
pub(super) type Timed = (Direction, Message, Stamp);

/// A call that is followed.
#[derive(Debug)]
pub(super) enum Call {
    /// Its method is not known yet.
    Held(Box<Held>),
    /// It was passed on.
    Told(Box<Told>),
    /// Nothing is concluded of it.
    Unknown,
}

/// A call that is held back.
#[derive(Debug)]
pub(super) struct Held {
    /// What its head says.
    pub(super) head: Head,
    /// The entry that stands for its path.
    pub(super) slot: Option<Slot>,
    /// When its head was complete.
    pub(super) at: Stamp,
    /// The same, on the connection's own count of events.
    pub(super) began: u64,
    /// Its messages.
    pub(super) messages: Vec<Timed>,
    /// The id that it names and nothing else, and what was known of it when it was named.
    pub(super) named: Option<(Id, Option<Known>)>,
    /// How it ended, and when on the connection's count.
    pub(super) ended: Option<(End, Stamp, u64)>,
    /// False once states cannot tell what it did.
    pub(super) by_state: bool,
}

/// A call that was passed on.
#[derive(Debug)]
pub(super) struct Told {
    /// Its method.
    pub(super) method: Method,
    /// The entry from which it was concluded.
    pub(super) slot: Option<Slot>,
    /// True if its path was not seen.
    pub(super) concluded: bool,
    /// When it began, on the connection's count of events.
    pub(super) began: u64,
    /// The client's first message, until the server's first.
    pub(super) request: Option<Message>,
    /// The server's messages so far.
    pub(super) answers: u32,
    /// True if what it may have changed was taken note of before it was told.
    pub(super) counted: bool,
    /// The id that it names and may change.
    pub(super) named: Option<Id>,
}

impl Held {
    /// A call with this head.
    pub(super) fn new(head: Head, slot: Option<Slot>, at: Stamp, began: u64) -> Self {
        Self {
            head,
            slot,
            at,
            began,
            messages: Vec::new(),
            named: None,
            ended: None,
            by_state: true,
        }
    }

    /// Bytes that it holds.
    pub(super) fn bytes(&self) -> usize {
        let bytes = |message: &Timed| message.1.bytes.len();
        self.messages.iter().map(bytes).sum()
    }

    /// True if it holds as much as it may.
    pub(super) fn is_full(&self) -> bool {
        self.messages.len() > MESSAGES || self.bytes() > BYTES
    }

    /// The client's first message.
    pub(super) fn request(&self) -> Option<Shape<'_>> {
        self.first(Direction::ToServer)
    }

    /// The server's first message.
    pub(super) fn answer(&self) -> Option<Shape<'_>> {
        self.first(Direction::ToClient)
    }

    /// True if it ended with an error instead of an answer.
    pub(super) fn failed(&self) -> bool {
        let answered = || self.messages.iter().any(|m| m.0 == Direction::ToClient);
        match &self.ended {
            Some((
                End::Status {
                    code: Some(code), ..
                },
                ..,
            )) => *code != 0,
            Some((End::Status { code: None, .. }, ..)) => !answered(),
            _ => false,
        }
    }

    /// True if its entry may stand for this method, as far as its request tells.
    pub(super) fn fits(&self, method: Method) -> bool {
        self.request()
            .is_some_and(|request| rule::request_fits(method, request))
    }

    fn first(&self, direction: Direction) -> Option<Shape<'_>> {
        let message = self.messages.iter().find(|m| m.0 == direction)?;
        shape(&message.1)
    }
}

impl Told {
    /// A call of this method.
    pub(super) fn new(method: Method, began: u64) -> Self {
        Self {
            method,
            slot: None,
            concluded: false,
            began,
            request: None,
            answers: 0,
            counted: false,
            named: None,
        }
    }

    /// The end, with the status that a message before it implies: the server of a method with one
    /// answer sends it only where all went well (grpc-go `server.go` `processUnaryRPC`).
    pub(super) fn end(&self, end: End) -> End {
        match end {
            End::Status {
                code: None,
                message,
            } if self.method.is_unary() && self.answers > 0 => End::Status {
                code: Some(0),
                message,
            },
            end => end,
        }
    }
}

/// A message's fields.
pub(super) fn shape(message: &Message) -> Option<Shape<'_>> {
    Shape::read(&message.bytes, message.complete)
}

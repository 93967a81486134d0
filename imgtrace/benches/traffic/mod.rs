//! Traffic to measure the decoder with: calls of one kind, as clients and daemons write them.
#![allow(
    dead_code,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "each bench uses its part, and helpers of benches fail as benches do"
)]

mod http1;
mod http2;
mod ttrpc;

use bytes::Bytes;
use imgtrace::{
    decode::{Connection, Direction, Event, Segment},
    model::Stamp,
};

/// What the kernel side hands over of a long write to a socket: 32 KiB.
pub const BUFFER: usize = 32 << 10;

/// A protocol, as far as its traffic differs.
#[derive(Clone, Copy, Debug)]
pub enum Protocol {
    Http1,
    Grpc,
    Ttrpc,
}

impl Protocol {
    pub const ALL: [Self; 3] = [Self::Http1, Self::Grpc, Self::Ttrpc];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Http1 => "HTTP/1",
            Self::Grpc => "HTTP/2 and gRPC",
            Self::Ttrpc => "ttrpc",
        }
    }

    /// The beginning of a connection.
    pub fn opening(self) -> Vec<Turn> {
        match self {
            Self::Http1 | Self::Ttrpc => Vec::new(),
            Self::Grpc => http2::opening(),
        }
    }

    /// The request of one call that starts a container.
    pub fn request(self, number: u32) -> Turn {
        let bytes = match self {
            Self::Http1 => http1::request(),
            Self::Grpc => http2::request(number),
            Self::Ttrpc => ttrpc::request(number),
        };
        (Direction::ToServer, bytes)
    }

    /// The answer to it.
    pub fn answer(self, number: u32) -> Turn {
        let bytes = match self {
            Self::Http1 => http1::answer(),
            Self::Grpc => http2::answer(number),
            Self::Ttrpc => ttrpc::answer(number),
        };
        (Direction::ToClient, bytes)
    }

    /// The head of a call that brings bulk.
    pub fn bulk_head(self) -> Turn {
        let bytes = match self {
            Self::Http1 => http1::bulk_head(),
            Self::Grpc => http2::bulk_head(),
            Self::Ttrpc => Vec::new(),
        };
        (Direction::ToServer, bytes)
    }

    /// About [`BUFFER`] bytes of its body.
    pub fn bulk(self, number: u32) -> Turn {
        let bytes = match self {
            Self::Http1 => http1::bulk(),
            Self::Grpc => http2::bulk(),
            Self::Ttrpc => ttrpc::bulk(number),
        };
        (Direction::ToServer, bytes)
    }
}

/// Who says what.
pub type Turn = (Direction, Vec<u8>);

/// A connection that traffic is pushed into.
pub struct Listener {
    connection: Connection,
    sent: [u64; 2],
    /// How many events there were.
    pub events: u64,
    /// How many of them began an operation.
    pub began: u64,
}

impl Listener {
    pub fn new(protocol: Protocol) -> Self {
        let mut listener = Self {
            connection: Connection::new(false),
            sent: [0; 2],
            events: 0,
            began: 0,
        };
        for turn in protocol.opening() {
            listener.hear(turn.0, &Bytes::from(turn.1));
        }
        listener
    }

    /// One buffer.
    pub fn hear(&mut self, direction: Direction, bytes: &Bytes) {
        let sent = match direction {
            Direction::ToServer => self.sent.first_mut(),
            Direction::ToClient => self.sent.last_mut(),
        };
        let sent = sent.unwrap();
        let segment = Segment {
            at: Stamp { mono: 1, wall: 1 },
            direction,
            offset: *sent,
            len: u32::try_from(bytes.len()).unwrap(),
            bytes: bytes.clone(),
        };
        *sent += bytes.len() as u64;
        let mut events = Vec::new();
        self.connection.push(segment, &mut events);
        self.events += events.len() as u64;
        let began = |event: &&Event| matches!(event, Event::Began { .. });
        self.began += events.iter().filter(began).count() as u64;
    }
}

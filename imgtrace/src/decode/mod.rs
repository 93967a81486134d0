//! Bytes in, events out: what the clients and daemons say to each other on a runtime's socket.
//!
//! Pure: it knows no process, no clock, no file. Traffic cannot make it fail; what it cannot
//! decode is an [`Anomaly`].
//!
//! [`Anomaly`]: crate::observation::Anomaly

pub mod api;
pub(crate) mod clean;
mod connection;
#[cfg(test)]
#[path = "../../tests/conversation/mod.rs"]
mod conversation;
mod doubt;
mod flow;
mod gather;
pub mod grpc;
pub mod http1;
pub mod http2;
pub mod inference;
mod json;
mod metadata;
pub mod rpc;
pub mod ttrpc;

pub use connection::Connection;

use bytes::Bytes;

use crate::model::{Api, Basis, Correlation, Op, Outcome, Stamp, Subject};
use crate::observation::{Anomaly, Fact};

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// The client, to the daemon.
    ToServer,
    /// The daemon, to the client.
    ToClient,
}

/// Part of one direction of a connection, as the kernel captured it.
#[derive(Clone, Debug)]
pub struct Segment {
    /// When its receiver read it.
    pub at: Stamp,
    /// Who sent it.
    pub direction: Direction,
    /// How many bytes the sender had sent before it, since the connection was first seen.
    pub offset: u64,
    /// How many bytes it had; those behind `bytes` were counted and not copied.
    pub len: u32,
    /// Its first bytes, all of them unless it was cut.
    pub bytes: Bytes,
}

/// Number of a request within its connection: of HTTP/1's the position, of a stream's or a ttrpc
/// call's [`Exchange::of_stream`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Exchange(pub u64);

impl Exchange {
    /// The exchange on an HTTP/2 stream or of a ttrpc call. No HTTP/1 exchange bears such a number,
    /// which a connection that was upgraded may have had before.
    pub const fn of_stream(stream: u32) -> Self {
        Self(1 << 32 | stream as u64)
    }
}

/// What a connection has said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A request that makes an operation.
    Began {
        /// Its number.
        exchange: Exchange,
        /// When its head was complete.
        at: Stamp,
        /// What was spoken.
        api: Api,
        /// What it asks for.
        op: Op,
        /// What it is about.
        subject: Subject,
        /// How it is known that it asks for this.
        basis: Basis,
        /// What tells which other request it was made for.
        correlation: Correlation,
    },
    /// More of it is known.
    Progress {
        /// Its number.
        exchange: Exchange,
        /// What was added.
        subject: Subject,
    },
    /// It has ended.
    Ended {
        /// Its number.
        exchange: Exchange,
        /// When its last byte was read.
        at: Stamp,
        /// How.
        outcome: Outcome,
        /// The message as sent, at most 512 bytes, cleaned.
        error: Option<String>,
        /// What the answer added.
        subject: Subject,
    },
    /// What was told of it was a wrong guess; it may have ended. It may begin again as another.
    Withdrawn {
        /// Its number.
        exchange: Exchange,
    },
    /// Something learnt from an answer.
    Learned(Fact),
    /// Something that could not be decoded.
    Anomaly(Anomaly),
}

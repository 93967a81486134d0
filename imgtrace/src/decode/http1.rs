//! HTTP/1.1 as a passive listener sees it (RFC 9112): two directions, paired into exchanges.
//!
//! It knows messages, their order and where they end, and nothing of what an API means by them.
//! [`Parser`] takes both directions as pieces in the order in which they were read and gives
//! [`Event`]s. The parts: `head` and `chunked` read what frames a message, `message` finds the
//! messages of one direction, `exchange` pairs them, `turn` and `tentative` find the footing in a
//! connection whose beginning, or some middle, was not seen.

mod chunked;
mod event;
mod exchange;
mod head;
mod message;
mod parser;
mod tentative;
mod turn;

pub use event::{Event, Method, RequestHead, ResponseHead};
pub use parser::Parser;

pub use super::flow::Piece;

//! HTTP/1.1 as a passive listener sees it (RFC 9112): two directions, paired into exchanges.

mod event;

pub use event::{Event, Method, Piece, RequestHead, ResponseHead};

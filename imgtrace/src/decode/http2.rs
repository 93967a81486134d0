//! HTTP/2 as a passive listener sees it (RFC 9113): frames of two directions, and the streams that
//! they make.
//!
//! It knows frames, header blocks and streams, and nothing of what is said on them.

mod event;

pub use event::{Event, Field, Slot, Text};

//! HTTP/2 as a passive listener sees it (RFC 9113): frames of two directions, and the streams that
//! they make.
//!
//! It knows frames, header blocks and streams, and nothing of what is said on them. [`Parser`]
//! takes both directions as pieces in the order in which they were read and gives [`Event`]s. The
//! parts: `frame` says what a frame may look like, `side` follows the frames of one direction,
//! `headers` puts its header blocks together, `hpack` decodes them.

mod event;
mod frame;
mod headers;
mod hpack;
mod parser;
mod report;
mod side;

pub use event::{Event, Field, Slot, Text};
pub use parser::{Footing, Parser};

//! HTTP/2 as a passive listener sees it (RFC 9113): frames of two directions, and the streams that
//! they make.
//!
//! It knows frames, header blocks and streams, and nothing of what is said on them. [`Parser`]
//! takes both directions as pieces in the order in which they were read and gives [`Event`]s. The
//! parts: `frame` says what a frame may look like, `side` follows the frames of one direction from
//! `place` to place, `headers` puts its header blocks together, `hpack` decodes them and `role` says
//! whose they may be. In a connection whose beginning, or some middle, was not seen, `search` finds
//! the place in a direction: a `chain` of frames that the `trail` of the other side bears out.

mod chain;
mod event;
mod frame;
mod headers;
mod held;
mod hpack;
mod parser;
mod place;
mod report;
mod role;
mod search;
mod side;
mod trail;

pub use event::{Event, Field, Slot, Text};
pub use parser::{Footing, Parser};

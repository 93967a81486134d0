//! ttrpc as a passive listener sees it (containerd/ttrpc `PROTOCOL.md`): frames of two directions,
//! and the calls that they make.
//!
//! It knows frames, calls and the envelopes `Request` and `Response`; not what a payload means.
//! Every request names its method in full and nothing refers to anything before it, so a listener
//! who comes late misses nothing of the calls that begin after it came. [`Parser`] takes both
//! directions as pieces in the order in which they were read. The parts: `frame` finds the frames
//! of one direction, `envelope` opens them, `call` knows when a call has ended.

mod call;
mod envelope;
mod frame;
mod parser;
#[cfg(test)]
mod wire;

pub use parser::Parser;

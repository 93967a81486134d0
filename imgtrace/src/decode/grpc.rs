//! gRPC as a passive listener sees it (gRPC `doc/PROTOCOL-HTTP2.md`): streams of HTTP/2 as calls and
//! their messages.
//!
//! It knows calls, message framing, compression and status; not which method a call is of where its
//! path stands in a table that was never seen, and not what a message means.

mod event;
mod head;

pub use event::Event;
pub use head::{Head, Path};

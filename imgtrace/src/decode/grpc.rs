//! gRPC as a passive listener sees it (gRPC `doc/PROTOCOL-HTTP2.md`): streams of HTTP/2 as calls and
//! their messages.
//!
//! It knows calls, message framing, compression and status; not which method a call is of where its
//! path stands in a table that was never seen, and not what a message means. [`Parser`] takes what
//! the HTTP/2 parser tells and gives [`Event`]s. The parts: `head` and `status` read the header
//! blocks, `messages` finds the messages of one direction, `compressed` unpacks them.

mod calls;
mod compressed;
mod event;
mod head;
mod messages;
mod parser;
mod status;

pub use event::Event;
pub use head::{Head, Path};
pub use parser::Parser;

//! The APIs that are spoken by remote procedure calls: the CRI, containerd's, BuildKit's and the
//! shims', told apart by the service that a call names.
//!
//! It turns calls into operations as operations.md defines them, and what answers tell by the way
//! into facts. Of a message it knows the fields that an operation is described by; everything else
//! is stepped over and never copied.

use crate::decode::Event;
use crate::decode::rpc;
use crate::model::Stamp;

/// Reads what one connection says.
#[derive(Default)]
pub struct Reader {}

impl Reader {
    /// A reader for a connection of which nothing was read yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next event of the connection and adds what it means to `out`.
    pub fn read(&mut self, event: rpc::Event, out: &mut Vec<Event>) {
        if let rpc::Event::Anomaly(anomaly) = event {
            out.push(Event::Anomaly(anomaly));
        }
    }

    /// The connection is gone, after its last event: what only waited for more ends here.
    pub fn close(&mut self, _at: Stamp, _out: &mut Vec<Event>) {}
}

//! What is told of calls before it is known which method they are of.

use crate::decode::http2::Field;
use crate::decode::rpc::{End, Message};
use crate::decode::{Direction, Exchange};
use crate::model::Stamp;
use crate::observation::Anomaly;

/// What happened on a connection.
///
/// For each exchange: one `Called`, any number of `Message` in either direction, one `Ended`; of a
/// call whose head was not seen nothing is told. After `Interrupted` the slots of that direction
/// begin anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A request's head, of a call or of what may be one: its content type is that of gRPC, or
    /// stands in an entry of the table that was never seen.
    Called {
        /// The call.
        exchange: Exchange,
        /// The whole header block in the order of the wire, as far as the table is known. It may
        /// hold secrets: [`Head::read`](super::Head::read) takes what may be kept.
        fields: Vec<Field>,
        /// When its last byte was read.
        at: Stamp,
    },
    /// A message.
    Message {
        /// The call.
        exchange: Exchange,
        /// Who sent it.
        direction: Direction,
        /// The message.
        message: Message,
        /// When its last byte was read.
        at: Stamp,
    },
    /// The call has ended.
    Ended {
        /// The call.
        exchange: Exchange,
        /// How.
        end: End,
        /// When.
        at: Stamp,
    },
    /// Something in one direction was missed, and with it the table that its header blocks refer
    /// to: calls may have begun and ended unseen, and those that are open may have lost messages.
    Interrupted {
        /// The direction.
        direction: Direction,
        /// When.
        at: Stamp,
    },
    /// Something that cannot be followed.
    Anomaly(Anomaly),
}

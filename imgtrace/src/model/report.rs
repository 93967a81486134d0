//! What comes out at the end: the things that can be shown, one line or one JSON object each.

use serde::{Deserialize, Serialize};

use super::{
    Endpoint, EndpointId, Finding, Operation, OperationId, Stamp, Store, StoreId, Summary,
};

/// Where something was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LossKind {
    /// The kernel had no room in a buffer shared with user space. Said twice: as records of the
    /// whole machine, and as bytes that a connection misses.
    Buffer,
    /// A table of bounded size was full.
    Table,
    /// A direction sent more than its budget and a request or answer was cut with it.
    Budget,
    /// Records of a connection whose beginning was lost.
    Connection,
    /// A mount that was gone, or whose message was, before it could be looked at.
    Mount,
}

impl LossKind {
    /// The word used in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Buffer => "buffer",
            Self::Table => "table",
            Self::Budget => "budget",
            Self::Connection => "connection",
            Self::Mount => "mount",
        }
    }
}

/// Something that was not seen, and is said for that reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// When it was noticed.
    pub at: Stamp,
    /// Where it was lost.
    pub what: LossKind,
    /// On which endpoint; null where it cannot be told.
    pub endpoint: Option<EndpointId>,
    /// On which connection; null where it cannot be told.
    pub connection: Option<u64>,
    /// How many records, since the last time it was said.
    pub records: u64,
    /// How many bytes, since the last time it was said; 0 where unknown.
    pub bytes: u64,
}

/// Something that cannot be seen, or that the user should know, said once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// When it was noticed.
    pub at: Stamp,
    /// A stable word for machines: `tcp-listener`, `ssh-dial-stdio`, `socket-proxy` …
    pub about: String,
    /// One sentence for people, with the remedy where there is one.
    pub text: String,
    /// The endpoint that it is about.
    pub endpoint: Option<EndpointId>,
}

/// One thing to show.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// An operation's request was understood.
    Began(Operation),
    /// A long operation is still going on; its subject says how far it is.
    Progress(Operation),
    /// An operation has ended.
    Ended(Operation),
    /// What had begun as an operation of its own is part of another; it does not end by itself.
    Merged {
        /// When that was concluded.
        at: Stamp,
        /// What had begun.
        id: OperationId,
        /// What it is part of.
        into: OperationId,
    },
    /// What was said of an operation, which may have ended, was a wrong guess.
    Withdrawn {
        /// When that was found out.
        at: Stamp,
        /// The operation.
        id: OperationId,
    },
    /// A rule has concluded something.
    Finding(Finding),
    /// An endpoint was found, has changed, or is gone.
    Endpoint(Stamp, Endpoint),
    /// A store was found.
    Store(Stamp, StoreId, Store),
    /// Something was lost.
    Loss(Loss),
    /// Something is worth saying once.
    Notice(Notice),
    /// The run has ended; what it came to.
    Summary(Summary),
}

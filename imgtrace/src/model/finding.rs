//! A finding: what a rule concludes from operations and stores.

use serde::{Deserialize, Serialize};

use super::{OperationId, Stamp, StoreRef};

/// The rules, one file each under `verdict/` and one page each under `docs/verdicts/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// A process inside a container drives a runtime outside of it.
    Dood,
    /// A process inside a container drives a runtime inside the same container.
    Dind,
    /// The same content is in two stores of this machine, or gets into a second one.
    DoublePull,
    /// The same content is in two namespaces of one containerd: fetched once, unpacked twice.
    HalfDuplicate,
    /// Two endpoints lead to one store.
    SameStore,
    /// What a container starts lies in another store than its own image.
    Split,
    /// A store that no living daemon uses.
    Leftover,
    /// A container was made with a runtime's socket in it.
    SocketGrant,
    /// A process was refused at a runtime's socket.
    Denied,
    /// One caller fetches the same content again and again.
    RepeatedPull,
    /// An image or container was removed that somebody else had used.
    RemovedBy,
    /// A client speaks a version of an API that the next daemon refuses.
    OldApi,
}

impl Rule {
    /// All rules.
    pub const ALL: [Self; 12] = [
        Self::Dood,
        Self::Dind,
        Self::DoublePull,
        Self::HalfDuplicate,
        Self::SameStore,
        Self::Split,
        Self::Leftover,
        Self::SocketGrant,
        Self::Denied,
        Self::RepeatedPull,
        Self::RemovedBy,
        Self::OldApi,
    ];

    /// The word used in output: the rule's file and page bear it too.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dood => "dood",
            Self::Dind => "dind",
            Self::DoublePull => "double-pull",
            Self::HalfDuplicate => "half-duplicate",
            Self::SameStore => "same-store",
            Self::Split => "split",
            Self::Leftover => "leftover",
            Self::SocketGrant => "socket-grant",
            Self::Denied => "denied",
            Self::RepeatedPull => "repeated-pull",
            Self::RemovedBy => "removed-by",
            Self::OldApi => "old-api",
        }
    }
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Info,
    /// Costs something, or gives power that may not be meant.
    Warning,
}

impl Severity {
    /// The word used in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
        }
    }
}

/// What a rule concluded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// When it was concluded.
    pub at: Stamp,
    /// Which rule.
    pub rule: Rule,
    /// How much it matters.
    pub severity: Severity,
    /// One sentence, without a full stop.
    pub summary: String,
    /// What it rests on, a sentence each.
    pub evidence: Vec<String>,
    /// The image that it is about.
    pub image: Option<String>,
    /// The operations that showed it.
    pub operations: Vec<OperationId>,
    /// The stores that it is about; the one that had it first stands first.
    pub stores: Vec<StoreRef>,
    /// Bytes that were fetched again although they were there; null where that does not apply or
    /// could not be told.
    pub fetched_bytes: Option<u64>,
    /// Bytes that lie on the disk without need: what would be free if the remedy were followed.
    pub wasted_bytes: Option<u64>,
    /// What to do about it, a sentence; null where there is nothing to do.
    pub remedy: Option<String>,
    /// How often the situation was met, this time included.
    pub count: u64,
}

impl Finding {
    /// One of which no more is known yet.
    pub const fn new(at: Stamp, rule: Rule, severity: Severity, summary: String) -> Self {
        Self {
            at,
            rule,
            severity,
            summary,
            evidence: Vec::new(),
            image: None,
            operations: Vec::new(),
            stores: Vec::new(),
            fetched_bytes: None,
            wasted_bytes: None,
            remedy: None,
            count: 1,
        }
    }
}

//! A finding: what a rule concludes from operations and stores.

use serde::{Deserialize, Serialize};

use super::{OperationId, Stamp};

/// The rules, one file each under `verdict/` and one page each under `docs/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// A process inside a container drives a runtime outside of it.
    Dood,
    /// A process inside a container drives a runtime inside the same container.
    Dind,
}

impl Rule {
    /// The word used in output: the rule's file and page bear it too.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dood => "dood",
            Self::Dind => "dind",
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
}

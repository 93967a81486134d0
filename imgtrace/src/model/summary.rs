//! What a whole run comes to, said once at its end.

use serde::{Deserialize, Serialize};

use super::{EndpointId, LossKind, Op, Rule, Runtime, Severity, Stamp};
use crate::observation::Anomaly;

/// The run in numbers. Every list is in a fixed order, so equal runs give equal summaries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// When the first thing was seen.
    pub began: Stamp,
    /// When the run ended.
    pub at: Stamp,
    /// Operations by kind, in [`Op`]'s order; kinds that did not occur are left out.
    pub operations: Vec<OperationCount>,
    /// Who asked most, most operations first.
    pub callers: Vec<CallerCount>,
    /// Operations of callers that `callers` has no room for, and of unknown ones.
    pub other_callers: u64,
    /// Findings by rule and severity.
    pub findings: Vec<FindingCount>,
    /// Endpoints, by number.
    pub endpoints: Vec<EndpointCount>,
    /// What was lost, by place.
    pub losses: Vec<LossCount>,
    /// What could not be decoded, by kind.
    pub anomalies: Vec<AnomalyCount>,
}

/// How often one kind of operation was seen, by outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationCount {
    /// The kind.
    pub op: Op,
    /// Those that worked.
    pub ok: u64,
    /// Those that failed.
    pub error: u64,
    /// Those whose end was not seen.
    pub unknown: u64,
}

/// How many operations one program at one place asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerCount {
    /// Where it lives: `pod ci/runner-0`, `container web`, `cron.service`; null on a bare host.
    pub place: Option<String>,
    /// The program's name without its folder.
    pub program: String,
    /// How many operations.
    pub operations: u64,
}

/// How often a rule concluded something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingCount {
    /// The rule.
    pub rule: Rule,
    /// How much these findings matter.
    pub severity: Severity,
    /// How many.
    pub count: u64,
}

/// What went over one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointCount {
    /// Its number.
    pub id: EndpointId,
    /// The daemon behind it.
    pub runtime: Runtime,
    /// The path that the daemon bound.
    pub path: String,
    /// Connections that were made or joined.
    pub connections: u64,
    /// Operations that ended.
    pub operations: u64,
}

/// How much was lost at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LossCount {
    /// Where.
    pub what: LossKind,
    /// Records.
    pub records: u64,
    /// Bytes, as far as they are known.
    pub bytes: u64,
}

/// How often something could not be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnomalyCount {
    /// What.
    pub anomaly: Anomaly,
    /// How often.
    pub count: u64,
}

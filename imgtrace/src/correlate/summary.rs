//! Counts what a run comes to. A line that stands for several starts counts as that many.

use std::collections::BTreeMap;

use super::bounded::Bounded;
use crate::model::{
    AnomalyCount, Caller, CallerCount, Endpoint, EndpointCount, EndpointId, FindingCount, Loss,
    LossCount, LossKind, Op, Operation, OperationCount, OperationId, Outcome, Report, Rule,
    Runtime, Severity, Stamp, Summary,
};
use crate::observation::{Anomaly, Observation, Observed};

/// Callers told apart while counting; the least active ones are summed when there are more.
const MAX_CALLERS: usize = 1_024;

/// Callers that the summary names.
const NAMED_CALLERS: usize = 10;

/// Endpoints that the summary names.
const MAX_ENDPOINTS: usize = 256;

/// Operations that can still be taken out again.
const MAX_COUNTED: usize = 4_096;

/// The counts so far.
#[derive(Debug)]
pub(crate) struct Tally {
    began: Option<Stamp>,
    operations: BTreeMap<Op, OperationCount>,
    callers: Bounded<CallerKey, CallerCount>,
    other_callers: u64,
    findings: BTreeMap<(Rule, Severity), u64>,
    endpoints: Bounded<EndpointId, EndpointCount>,
    losses: BTreeMap<LossKind, LossCount>,
    anomalies: BTreeMap<Anomaly, u64>,
    /// The latest operations, for when one is taken back.
    counted: Bounded<OperationId, Counted>,
}

/// What makes two callers the same: the container or unit, and the program.
type CallerKey = (Option<String>, String);

impl Tally {
    pub(crate) const fn new() -> Self {
        Self {
            began: None,
            operations: BTreeMap::new(),
            callers: Bounded::new(MAX_CALLERS),
            other_callers: 0,
            findings: BTreeMap::new(),
            endpoints: Bounded::new(MAX_ENDPOINTS),
            losses: BTreeMap::new(),
            anomalies: BTreeMap::new(),
            counted: Bounded::new(MAX_COUNTED),
        }
    }

    /// Counts what no report tells.
    pub(crate) fn observe(&mut self, observed: &Observed) {
        self.began.get_or_insert(observed.at);
        match &observed.what {
            Observation::Anomaly { anomaly, .. } => {
                *self.anomalies.entry(*anomaly).or_default() += 1;
            }
            Observation::Connected { endpoint, .. } => {
                if let Some(count) = self.endpoints.get_mut(endpoint) {
                    count.connections += 1;
                }
            }
            _ => {}
        }
    }

    /// Counts a report.
    pub(crate) fn count(&mut self, report: &Report) {
        match report {
            Report::Ended(operation) => self.operation(operation),
            Report::Finding(finding) => {
                *self
                    .findings
                    .entry((finding.rule, finding.severity))
                    .or_default() += 1;
            }
            Report::Endpoint(_, endpoint) => self.endpoint(endpoint),
            Report::Loss(loss) => self.loss(loss),
            Report::Withdrawn { id, .. } => self.uncount(*id),
            Report::Began(_)
            | Report::Progress(_)
            | Report::Merged { .. }
            | Report::Store(..)
            | Report::Notice(_)
            | Report::Summary(_) => {}
        }
    }

    fn operation(&mut self, operation: &Operation) {
        let op = operation.op;
        let count = self.operations.entry(op).or_insert(OperationCount {
            op,
            ok: 0,
            error: 0,
            unknown: 0,
        });
        *outcome(count, operation.outcome) += operation.count;
        self.counted.insert(operation.id, Counted::new(operation));
        if let Some(id) = operation.endpoint.id
            && let Some(count) = self.endpoints.get_mut(&id)
        {
            count.operations += operation.count;
        }
        match &operation.caller {
            Some(caller) => self.caller(caller, operation.count),
            None => self.other_callers += operation.count,
        }
    }

    /// Takes an operation out that was a wrong guess.
    fn uncount(&mut self, id: OperationId) {
        let Some(counted) = self.counted.remove(&id) else {
            return;
        };
        if let Some(count) = self.operations.get_mut(&counted.op) {
            let count = outcome(count, counted.outcome);
            *count = count.saturating_sub(counted.count);
        }
        self.operations
            .retain(|_, count| count.ok + count.error + count.unknown > 0);
        if let Some(count) = counted.endpoint.and_then(|id| self.endpoints.get_mut(&id)) {
            count.operations = count.operations.saturating_sub(counted.count);
        }
        let caller = counted.caller.and_then(|key| self.callers.get_mut(&key));
        let count = caller.map_or(&mut self.other_callers, |caller| &mut caller.operations);
        *count = count.saturating_sub(counted.count);
    }

    fn caller(&mut self, caller: &Caller, operations: u64) {
        let key = caller_key(caller);
        if let Some(count) = self.callers.get_mut(&key) {
            count.operations += operations;
            count.place = caller.place();
            return;
        }
        let count = CallerCount {
            place: caller.place(),
            program: key.1.clone(),
            operations,
        };
        if let Some((_, gone)) = self.callers.insert(key, count) {
            self.other_callers += gone.operations;
        }
    }

    /// A shim is none that is named: there is one for each container.
    fn endpoint(&mut self, endpoint: &Endpoint) {
        if endpoint.runtime == Runtime::Shim {
            return;
        }
        if self.endpoints.get_mut(&endpoint.id).is_none() {
            let count = EndpointCount {
                id: endpoint.id,
                runtime: endpoint.runtime,
                path: endpoint.path.clone(),
                connections: 0,
                operations: 0,
            };
            self.endpoints.insert(endpoint.id, count);
        }
    }

    fn loss(&mut self, loss: &Loss) {
        let count = self.losses.entry(loss.what).or_insert(LossCount {
            what: loss.what,
            records: 0,
            bytes: 0,
        });
        count.records = count.records.saturating_add(loss.records);
        count.bytes = count.bytes.saturating_add(loss.bytes);
    }

    /// What it all comes to.
    pub(crate) fn summary(&self, at: Stamp) -> Summary {
        let mut callers: Vec<_> = self.callers.iter().map(|(_, count)| count).collect();
        callers.sort_by_key(|count| std::cmp::Reverse(count.operations));
        let (named, rest) = callers.split_at(callers.len().min(NAMED_CALLERS));
        let rest: u64 = rest.iter().map(|count| count.operations).sum();
        Summary {
            began: self.began.unwrap_or(at),
            at,
            operations: self.operations.values().copied().collect(),
            callers: named.iter().copied().cloned().collect(),
            other_callers: self.other_callers + rest,
            findings: self.findings.iter().map(finding_count).collect(),
            endpoints: self
                .endpoints
                .iter()
                .map(|(_, count)| count.clone())
                .collect(),
            losses: self.losses.values().copied().collect(),
            anomalies: self.anomalies.iter().map(anomaly_count).collect(),
        }
    }
}

/// What was counted for an operation that may be taken back.
#[derive(Debug)]
struct Counted {
    op: Op,
    outcome: Option<Outcome>,
    endpoint: Option<EndpointId>,
    caller: Option<CallerKey>,
    count: u64,
}

impl Counted {
    fn new(operation: &Operation) -> Self {
        Self {
            op: operation.op,
            outcome: operation.outcome,
            endpoint: operation.endpoint.id,
            caller: operation.caller.as_ref().map(caller_key),
            count: operation.count,
        }
    }
}

fn caller_key(caller: &Caller) -> CallerKey {
    let container = caller.container.as_ref().map(|container| &container.id);
    let place = container.or(caller.unit.as_ref());
    (place.cloned(), caller.name().to_owned())
}

/// The number that an outcome is counted in.
const fn outcome(count: &mut OperationCount, outcome: Option<Outcome>) -> &mut u64 {
    match outcome {
        Some(Outcome::Ok) => &mut count.ok,
        Some(Outcome::Error) => &mut count.error,
        Some(Outcome::Unknown) | None => &mut count.unknown,
    }
}

const fn finding_count((key, count): (&(Rule, Severity), &u64)) -> FindingCount {
    FindingCount {
        rule: key.0,
        severity: key.1,
        count: *count,
    }
}

const fn anomaly_count((anomaly, count): (&Anomaly, &u64)) -> AnomalyCount {
    AnomalyCount {
        anomaly: *anomaly,
        count: *count,
    }
}

#[cfg(test)]
mod tests;

//! The object `summary`, the last one of a run that ended in an orderly way.

use serde::Serialize;

use crate::model::{
    AnomalyCount, CallerCount, EndpointCount, FindingCount, LossCount, OperationCount, Summary,
};

use super::moment;

#[derive(Serialize)]
pub(super) struct View<'a> {
    kind: &'static str,
    at: String,
    began: String,
    duration_ms: f64,
    operations: &'a [OperationCount],
    callers: &'a [CallerCount],
    other_callers: u64,
    findings: &'a [FindingCount],
    endpoints: &'a [EndpointCount],
    losses: &'a [LossCount],
    anomalies: &'a [AnomalyCount],
}

impl<'a> View<'a> {
    pub(super) fn new(summary: &'a Summary) -> Self {
        Self {
            kind: "summary",
            at: moment(summary.at),
            began: moment(summary.began),
            duration_ms: summary.at.millis_since(summary.began),
            operations: &summary.operations,
            callers: &summary.callers,
            other_callers: summary.other_callers,
            findings: &summary.findings,
            endpoints: &summary.endpoints,
            losses: &summary.losses,
            anomalies: &summary.anomalies,
        }
    }
}

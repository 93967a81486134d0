//! Pulls that failed and are tried again at once: kubelet tries each credential that it has.

use super::bounded::Bounded;
use super::request::Request;
use crate::model::{EndpointId, Op, OperationId, Outcome, ProcessKey, Stamp};

/// Failed pulls that are remembered.
const MAX_FAILED: usize = 1_024;

/// Milliseconds between the end of a failed pull and the begin of another try. kubelet takes the
/// next credential at once; what it tries again after its back-off (10 s at first) is a new wish.
const WITHIN: f64 = 2_000.0;

/// Pulls that failed a short time ago.
#[derive(Debug)]
pub(super) struct Retries {
    failed: Bounded<Pull, (Stamp, OperationId)>,
}

/// Who wanted what from whom.
type Pull = (ProcessKey, EndpointId, String);

impl Retries {
    pub(super) const fn new() -> Self {
        Self {
            failed: Bounded::new(MAX_FAILED),
        }
    }

    /// The first try of what this request is another try of.
    pub(super) fn first_of(&self, request: &Request) -> Option<OperationId> {
        let (failed, first) = self.failed.get(&pull(request)?)?;
        let soon = failed.mono <= request.at.mono && request.at.millis_since(*failed) <= WITHIN;
        soon.then_some(*first)
    }

    /// Notes how a pull ended that is this operation, or another try of `first`.
    pub(super) fn note(&mut self, request: &Request, id: OperationId, first: Option<OperationId>) {
        let Some((end, pull)) = request.end.as_ref().zip(pull(request)) else {
            return;
        };
        match (end.outcome, end.at) {
            (Outcome::Error, Some(at)) => {
                self.failed.insert(pull, (at, first.unwrap_or(id)));
            }
            _ => {
                self.failed.remove(&pull);
            }
        }
    }
}

fn pull(request: &Request) -> Option<Pull> {
    let image = request.keys.images.first()?;
    let whose = (request.client?, request.endpoint.id?, image.clone());
    (request.op == Op::Pull).then_some(whose)
}

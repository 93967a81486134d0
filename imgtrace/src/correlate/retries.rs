//! Pulls that failed and are tried again at once: kubelet tries each credential that it has.

use super::bounded::Bounded;
use super::request::Request;
use crate::model::{EndpointId, Op, OperationId, Outcome, Pod, ProcessKey, Stamp};

/// Failed pulls that are remembered.
const MAX_FAILED: usize = 1_024;

/// Milliseconds between the end of a failed pull and the begin of another try. kubelet takes the
/// next credential at once; what it tries again after its back-off (10 s at first) is a new wish.
const WITHIN: f64 = 2_000.0;

/// Pulls that failed a short time ago.
#[derive(Debug)]
pub(super) struct Retries {
    failed: Bounded<Pull, Failed>,
}

/// The latest try of a pull.
#[derive(Clone, Copy, Debug)]
struct Failed {
    at: Stamp,
    id: OperationId,
    first: OperationId,
}

/// Who wanted what from whom, and for which pod: two pods that want one image are no retry of each
/// other.
type Pull = (ProcessKey, EndpointId, String, Option<Pod>);

impl Retries {
    pub(super) const fn new() -> Self {
        Self {
            failed: Bounded::new(MAX_FAILED),
        }
    }

    /// The first try of what this request is another try of.
    pub(super) fn first_of(&self, request: &Request) -> Option<OperationId> {
        let failed = self.failed.get(&pull(request)?)?;
        let at = failed.at;
        let soon = at.mono <= request.at.mono && request.at.millis_since(at) <= WITHIN;
        soon.then_some(failed.first)
    }

    /// Forgets an operation that was taken back.
    pub(super) fn forget(&mut self, id: OperationId) {
        let tries = self.failed.iter();
        let gone = tries.filter(|(_, failed)| failed.id == id || failed.first == id);
        let gone: Vec<_> = gone.map(|(pull, _)| pull.clone()).collect();
        for pull in gone {
            self.failed.remove(&pull);
        }
    }

    /// Notes how a pull ended that is this operation, or another try of `first`.
    pub(super) fn note(&mut self, request: &Request, id: OperationId, first: Option<OperationId>) {
        let Some((end, pull)) = request.end.as_ref().zip(pull(request)) else {
            return;
        };
        match (end.outcome, end.at) {
            (Outcome::Error, Some(at)) => {
                let first = first.unwrap_or(id);
                self.failed.insert(pull, Failed { at, id, first });
            }
            _ => {
                self.failed.remove(&pull);
            }
        }
    }
}

fn pull(request: &Request) -> Option<Pull> {
    let image = request.keys.images.first()?;
    let whose = (
        request.client?,
        request.endpoint.id?,
        image.clone(),
        request.keys.pod.clone(),
    );
    (request.op == Op::Pull).then_some(whose)
}

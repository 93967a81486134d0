//! DinD: a process inside a container drives a runtime that runs inside that same container.
//!
//! It is no DooD, and it is said once for each container and endpoint, so that the two are not
//! taken for each other: both bind the same path.

use super::placement::Placement;
use super::{Seen, Verdict};
use crate::correlate::Bounded;
use crate::model::{EndpointId, Finding, Op, Rule, Severity};

/// Pairs of container and endpoint that are remembered as said.
const MAX_PAIRS: usize = 4_096;

/// The rule.
#[derive(Debug)]
pub(super) struct Dind {
    said: Bounded<(String, EndpointId), ()>,
}

impl Dind {
    pub(super) const fn new() -> Self {
        Self {
            said: Bounded::new(MAX_PAIRS),
        }
    }
}

impl Verdict for Dind {
    fn operation(&mut self, seen: &Seen<'_>, out: &mut Vec<Finding>) {
        let is_refused = seen.operation.op == Op::ConnectDenied;
        let is_it = |it: &&Placement<'_>| it.is_inside() && !it.is_daemons() && !is_refused;
        let Some(placement) = seen.placement.filter(is_it) else {
            return;
        };
        let pair = (placement.container.id.clone(), placement.endpoint);
        if self.said.get_mut(&pair).is_some() {
            return;
        }
        self.said.insert(pair, ());
        out.push(finding(seen, placement));
    }
}

fn finding(seen: &Seen<'_>, placement: &Placement<'_>) -> Finding {
    let operation = seen.operation;
    let endpoint = &operation.endpoint;
    let mut evidence = placement.evidence();
    evidence.push("the daemon is inside the caller's container, so this is not DooD".to_owned());
    evidence.extend(placement.made_of(seen.now.world));
    evidence.extend(operation.evidence.iter().cloned());
    let summary = format!(
        "{} drives {} ({}), which runs inside it",
        placement.who(),
        placement.path,
        endpoint.runtime.as_str()
    );
    Finding {
        evidence,
        image: operation.subject.image.clone(),
        stores: placement.known_stores(seen.now.world),
        operations: vec![operation.id],
        ..Finding::new(seen.now.at, Rule::Dind, Severity::Info, summary)
    }
}

#[cfg(test)]
mod tests;

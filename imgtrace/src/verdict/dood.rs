//! DooD: a process inside a container drives a runtime outside of it.
//!
//! Said when a container is first seen to do it, and again for each container that it starts, so
//! that the chain is whole: container → socket → container. Who starts thousands is said less
//! often, with the count; nothing of it is dropped.

use super::placement::{Placement, short};
use super::{Now, Seen, Verdict};
use crate::correlate::Bounded;
use crate::model::{
    EndpointId, Finding, Op, Operation, OperationId, Outcome, Rule, Severity, Stamp,
};

/// Pairs of container and endpoint that are remembered.
const MAX_PAIRS: usize = 4_096;

/// Starts of one pair that get a finding each.
const SAID_EACH: u64 = 20;

/// After these, one finding for so many starts.
const SAID_EVERY: u64 = 100;

/// The rule.
#[derive(Debug)]
pub(super) struct Dood {
    pairs: Bounded<(String, EndpointId), Pair>,
}

/// One container that drives one endpoint.
#[derive(Debug)]
struct Pair {
    /// `pod ci/runner-0 (containerd) drives /run/docker.sock (docker)`.
    drives: String,
    starts: u64,
    /// Starts since the last finding.
    held_back: u64,
    /// The last of them.
    last: Option<OperationId>,
}

impl Dood {
    pub(super) const fn new() -> Self {
        Self {
            pairs: Bounded::new(MAX_PAIRS),
        }
    }
}

impl Verdict for Dood {
    fn operation(&mut self, seen: &Seen<'_>, out: &mut Vec<Finding>) {
        let is_refused = seen.operation.op == Op::ConnectDenied;
        let is_it = |it: &&Placement<'_>| !it.is_inside() && !is_refused;
        let Some(placement) = seen.placement.filter(is_it) else {
            return;
        };
        let key = (placement.container.id.clone(), placement.endpoint);
        let drives = drives(seen.operation, placement);
        if self.pairs.get_mut(&key).is_none() {
            out.push(first(seen, placement, &drives));
            self.pairs.insert(key.clone(), Pair::new(drives.clone()));
        }
        if is_start(seen.operation)
            && let Some(pair) = self.pairs.get_mut(&key)
        {
            pair.drives = drives;
            out.extend(pair.start(seen, placement));
        }
    }

    fn finish(&mut self, now: &Now<'_>, out: &mut Vec<Finding>) {
        let pairs = self.pairs.iter().map(|(_, pair)| pair);
        let rest = pairs.filter(|pair| pair.held_back > 0);
        out.extend(rest.map(|pair| pair.rest(now.at)));
    }
}

/// True for the end of a start that worked.
fn is_start(operation: &Operation) -> bool {
    operation.op == Op::Start && operation.outcome == Some(Outcome::Ok)
}

fn drives(operation: &Operation, placement: &Placement<'_>) -> String {
    let (path, runtime) = (placement.path, operation.endpoint.runtime.as_str());
    format!("{} drives {path} ({runtime})", placement.who())
}

/// The finding for the first operation: the power that the container has.
fn first(seen: &Seen<'_>, placement: &Placement<'_>, drives: &str) -> Finding {
    let operation = seen.operation;
    let world = seen.now.world;
    let mut evidence = placement.evidence();
    evidence.extend(placement.made_of(world));
    evidence.extend(operation.evidence.iter().cloned());
    let summary = format!("{drives}, which runs outside of it");
    Finding {
        evidence,
        stores: placement.known_stores(world),
        image: operation.subject.image.clone(),
        operations: vec![operation.id],
        ..Finding::new(seen.now.at, Rule::Dood, Severity::Warning, summary)
    }
}

impl Pair {
    const fn new(drives: String) -> Self {
        Self {
            drives,
            starts: 0,
            held_back: 0,
            last: None,
        }
    }

    /// The finding for a container that was started, unless it is held back.
    fn start(&mut self, seen: &Seen<'_>, placement: &Placement<'_>) -> Option<Finding> {
        self.starts += 1;
        self.held_back += 1;
        self.last = Some(seen.operation.id);
        if self.starts > SAID_EACH && !self.starts.is_multiple_of(SAID_EVERY) {
            return None;
        }
        let earlier = self.held_back - 1;
        self.held_back = 0;
        Some(self.started(seen, placement, earlier))
    }

    fn started(&self, seen: &Seen<'_>, placement: &Placement<'_>, earlier: u64) -> Finding {
        let operation = seen.operation;
        let place = placement.started_where();
        let store = if placement.is_other_store() {
            ", in another store"
        } else {
            ""
        };
        let started = started_name(operation);
        let count = if earlier == 0 {
            String::new()
        } else {
            format!(
                "; {earlier} more since the last time, {} in all",
                self.starts
            )
        };
        let mut evidence = vec![format!(
            "container {} → {} ({}) → {started}",
            placement.container.label(),
            placement.path,
            placement.endpoint
        )];
        let world = seen.now.world;
        evidence.extend(placement.made_of(world));
        evidence.extend(operation.evidence.iter().cloned());
        let summary = format!("{}: {started} runs {place}{store}{count}", self.drives);
        Finding {
            evidence,
            stores: placement.known_stores(world),
            count: self.starts,
            image: operation.subject.image.clone(),
            operations: vec![operation.id],
            ..Finding::new(seen.now.at, Rule::Dood, Severity::Info, summary)
        }
    }

    /// The finding at the end for what was held back.
    fn rest(&self, at: Stamp) -> Finding {
        let summary = format!(
            "{}: {} more containers started since the last time, {} in all",
            self.drives, self.held_back, self.starts
        );
        Finding {
            operations: self.last.into_iter().collect(),
            ..Finding::new(at, Rule::Dood, Severity::Info, summary)
        }
    }
}

/// `web 3f9c2a71d5e1`.
fn started_name(operation: &Operation) -> String {
    let subject = &operation.subject;
    let id = subject.container.as_deref().map_or("a container", short);
    match subject.container_name.as_deref() {
        Some(name) if name != id => format!("{name} {id}"),
        _ => id.to_owned(),
    }
}

#[cfg(test)]
mod tests;

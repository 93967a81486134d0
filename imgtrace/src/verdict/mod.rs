//! What follows from operations and stores: one rule a file, one page a rule under `docs/verdicts/`.
//!
//! A rule sees operations, what was observed of stores and sockets, and what is known of the
//! machine, never bytes. It is an object with three questions: what one operation shows, what one
//! observation shows, and what is left to say at the end of what it held back.

mod calm;
mod denied;
mod dind;
mod dood;
mod double_pull;
mod duplicates;
mod half_duplicate;
mod leftover;
mod old_api;
mod placement;
mod removed_by;
mod repeated_pull;
mod same_store;
mod situations;
mod socket_grant;
mod split;
mod who;
mod words;

use self::calm::Calm;
use self::denied::Denied;
use self::dind::Dind;
use self::dood::Dood;
use self::duplicates::Duplicates;
use self::leftover::Leftover;
use self::old_api::OldApi;
use self::placement::Placement;
use self::removed_by::RemovedBy;
use self::repeated_pull::RepeatedPull;
use self::same_store::SameStore;
use self::socket_grant::SocketGrant;
use self::split::Split;
use crate::correlate::World;
use crate::model::{Finding, Notice, Operation, OperationId, Report, Stamp};
use crate::observation::{Observation, Observed};

/// One rule.
trait Verdict: std::fmt::Debug {
    /// What an operation shows, as it begins (`outcome` is none) and again, better known, as it
    /// ends.
    fn operation(&mut self, _seen: &Seen<'_>, _out: &mut Vec<Finding>) {}

    /// What an observation of a store, an endpoint, a connection or a mount shows. The world has
    /// taken it in already; what it makes of operations comes after it.
    fn observed(&mut self, _what: &Observation, _now: &Now<'_>, _out: &mut Vec<Finding>) {}

    /// An operation that was said to have begun is part of another, or was a wrong guess.
    fn dropped(&mut self, _id: OperationId) {}

    /// What was held back so far, at the end of the run.
    fn finish(&mut self, _now: &Now<'_>, _out: &mut Vec<Finding>) {}
}

/// The moment in which a rule is asked, and what is known then.
struct Now<'a> {
    at: Stamp,
    world: &'a World,
}

/// An operation that a rule may look at.
struct Seen<'a> {
    operation: &'a Operation,
    /// Where the caller stands to the daemon; none if one of them is in no container or unknown.
    placement: Option<&'a Placement<'a>>,
    now: &'a Now<'a>,
}

/// All rules.
#[derive(Debug)]
pub(crate) struct Verdicts {
    rules: Vec<Box<dyn Verdict>>,
    calm: Calm,
}

impl Verdicts {
    pub(crate) fn new() -> Self {
        Self {
            rules: vec![
                Box::new(Dood::new()),
                Box::new(Dind::new()),
                Box::new(Split::new()),
                Box::new(Duplicates::new()),
                Box::new(SameStore::new()),
                Box::new(Leftover::new()),
                Box::new(SocketGrant::new()),
                Box::new(Denied::new()),
                Box::new(RepeatedPull::new()),
                Box::new(RemovedBy::new()),
                Box::new(OldApi::new()),
            ],
            calm: Calm::default(),
        }
    }

    /// What an observation shows by itself.
    pub(crate) fn observed(&mut self, observed: &Observed, world: &World) -> Vec<Finding> {
        let now = Now {
            at: observed.at,
            world,
        };
        let mut findings = Vec::new();
        for rule in &mut self.rules {
            rule.observed(&observed.what, &now, &mut findings);
        }
        self.calm.take(&findings);
        findings
    }

    /// What lies in the stores, and whether nothing is wrong with that, when all have been listed.
    pub(crate) fn calm(&self, observed: &Observed, world: &World) -> Option<Notice> {
        matches!(observed.what, Observation::Inventoried)
            .then(|| self.calm.inventoried(observed.at, world))
    }

    /// What a report shows that was made at this moment.
    pub(crate) fn check(&mut self, at: Stamp, report: &Report, world: &World) -> Vec<Finding> {
        let operation = match report {
            Report::Began(operation) | Report::Ended(operation) => operation,
            Report::Merged { id, .. } | Report::Withdrawn { id, .. } => {
                self.rules.iter_mut().for_each(|rule| rule.dropped(*id));
                return Vec::new();
            }
            _ => return Vec::new(),
        };
        let placement = Placement::of(operation, world);
        let seen = Seen {
            operation,
            placement: placement.as_ref(),
            now: &Now { at, world },
        };
        let mut findings = Vec::new();
        for rule in &mut self.rules {
            rule.operation(&seen, &mut findings);
        }
        self.calm.take(&findings);
        findings
    }

    /// What the rules held back.
    pub(crate) fn finish(&mut self, at: Stamp, world: &World) -> Vec<Finding> {
        let now = Now { at, world };
        let mut findings = Vec::new();
        for rule in &mut self.rules {
            rule.finish(&now, &mut findings);
        }
        findings
    }
}

//! What follows from operations: one rule a file, one page a rule under `docs/verdicts/`.
//!
//! A rule sees operations and what is known of the machine, never bytes. It is an object with
//! three questions: which one it is, what one operation shows, and what is left to say at the end
//! of what it held back.

mod dind;
mod dood;
mod placement;

use self::dind::Dind;
use self::dood::Dood;
use self::placement::Placement;
use crate::correlate::World;
use crate::model::{Finding, Op, Operation, Report, Stamp};

/// One rule.
trait Verdict: std::fmt::Debug {
    /// What an operation shows, as it begins and again, better known, as it ends.
    fn check(&mut self, seen: &Seen<'_>) -> Vec<Finding>;

    /// What was held back so far, at the end of the run.
    fn finish(&mut self, _at: Stamp) -> Vec<Finding> {
        Vec::new()
    }
}

/// What a rule may look at.
struct Seen<'a> {
    operation: &'a Operation,
    /// Where the caller stands to the daemon; none if one of them is in no container or unknown.
    placement: Option<&'a Placement<'a>>,
    /// Now.
    at: Stamp,
}

/// All rules.
#[derive(Debug)]
pub(crate) struct Verdicts {
    rules: Vec<Box<dyn Verdict>>,
}

impl Verdicts {
    pub(crate) fn new() -> Self {
        Self {
            rules: vec![Box::new(Dood::new()), Box::new(Dind::new())],
        }
    }

    /// What a report shows that was made at this moment.
    pub(crate) fn check(&mut self, at: Stamp, report: &Report, world: &World) -> Vec<Finding> {
        let (Report::Began(operation) | Report::Ended(operation)) = report else {
            return Vec::new();
        };
        if operation.op == Op::ConnectDenied {
            return Vec::new();
        }
        let placement = Placement::of(operation, world);
        let seen = Seen {
            operation,
            placement: placement.as_ref(),
            at,
        };
        let rules = self.rules.iter_mut();
        rules.flat_map(|rule| rule.check(&seen)).collect()
    }

    /// What the rules held back.
    pub(crate) fn finish(&mut self, at: Stamp) -> Vec<Finding> {
        let rules = self.rules.iter_mut();
        rules.flat_map(|rule| rule.finish(at)).collect()
    }
}

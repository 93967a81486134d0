//! What live and replay share: observations in, reports out, in the order they are shown.

use crate::correlate::{Correlator, Tally};
use crate::model::Report;
use crate::observation::{Observation, Observed};
use crate::verdict::Verdicts;

/// One run. Equal observations give equal reports: it asks no clock and nothing of the machine.
#[derive(Debug)]
pub struct Trace {
    correlator: Correlator,
    verdicts: Verdicts,
    tally: Tally,
}

impl Trace {
    /// A run of which nothing is known yet.
    pub fn new() -> Self {
        Self {
            correlator: Correlator::new(),
            verdicts: Verdicts::new(),
            tally: Tally::new(),
        }
    }

    /// Takes in one observation and appends what it makes to show. A finding stands behind the
    /// operation that it rests on; a run that ends with [`Observation::End`] ends with a summary.
    pub fn observe(&mut self, observed: &Observed, out: &mut Vec<Report>) {
        let before = out.len();
        self.tally.observe(observed);
        let mut reports = Vec::new();
        self.correlator.observe(observed, &mut reports);
        let world = self.correlator.world();
        let shown = self.verdicts.observed(observed, world);
        for report in reports {
            let findings = self.verdicts.check(observed.at, &report, world);
            out.push(report);
            out.extend(findings.into_iter().map(Report::Finding));
        }
        out.extend(shown.into_iter().map(Report::Finding));
        let calm = self.verdicts.calm(observed, world);
        out.extend(calm.map(Report::Notice));
        let ended = matches!(observed.what, Observation::End);
        if ended {
            let rest = self.verdicts.finish(observed.at, world);
            out.extend(rest.into_iter().map(Report::Finding));
        }
        for report in out.iter().skip(before) {
            self.tally.count(report);
        }
        if ended {
            out.push(Report::Summary(self.tally.summary(observed.at)));
        }
    }
}

impl Default for Trace {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod hops;
#[cfg(test)]
mod properties;
#[cfg(test)]
pub(crate) mod scene;
#[cfg(test)]
mod starts;
#[cfg(test)]
mod tests;

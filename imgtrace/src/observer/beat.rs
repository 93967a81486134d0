//! What is due as time passes: losses, refusals, closed connections, another look, a tick.

use std::time::{Duration, Instant};

use super::Observer;
use crate::{
    capture::{Capture, Error},
    model::{LossKind, Stamp},
    observation::{Observation, Observed},
};

/// The least time between two looks at all open files.
const SCAN_INTERVAL: Duration = Duration::from_secs(2);
/// The same while a request is under way: its end may be that its connection is gone.
const BUSY_SCAN_INTERVAL: Duration = Duration::from_millis(250);
/// A look may take this part of the time at most: on a node with a million open files it takes
/// long, and comes less often.
const SCAN_SHARE: u32 = 100;
/// How often time passes in the log of observations while something is going on.
const TICK_INTERVAL: Duration = Duration::from_secs(1);

impl Observer {
    /// Does what is due: called a few times a second, after all records from before `handed_over`
    /// (ns of `CLOCK_MONOTONIC`) were taken in.
    ///
    /// # Errors
    ///
    /// If the open files cannot be listed any more.
    pub fn pass_time(&mut self, capture: &mut Capture, handed_over: u64) -> Result<(), Error> {
        self.clock.refresh();
        let at = self.clock.now();
        self.count_losses(capture, at);
        self.settle(capture)?;
        self.refuse(at.mono);
        self.hear_search();
        self.connections
            .close_missing(handed_over, at, &mut self.out);
        let interval = if self.connections.busy() {
            BUSY_SCAN_INTERVAL
        } else {
            SCAN_INTERVAL
        };
        if self.scanned.elapsed() >= interval.max(self.scan_cost * SCAN_SHARE) {
            self.scan(capture)?;
        }
        let lively = self.lively || !self.out.is_empty() || self.connections.busy();
        if lively && self.ticked.elapsed() >= TICK_INTERVAL {
            self.ticked = Instant::now();
            self.out.push(Observed {
                at,
                what: Observation::Tick,
            });
            self.lively = false;
        }
        Ok(())
    }

    /// Observes what the kernel side could not hand over since the last time.
    fn count_losses(&mut self, capture: &mut Capture, at: Stamp) {
        let losses = capture.take_losses();
        for (what, records) in [
            (LossKind::Buffer, losses.buffer),
            (LossKind::Table, losses.table),
        ] {
            if records > 0 {
                self.lost(what, None, records, 0, at);
            }
        }
    }

    /// Looks a last time for connections that are gone, so that [`Self::end`] can tell what had
    /// ended by now from what goes on. The records that are there at this moment are to be taken in
    /// between the two.
    ///
    /// # Errors
    ///
    /// If the open files cannot be listed any more.
    pub fn last_look(&mut self, capture: &mut Capture) -> Result<(), Error> {
        self.scan(capture)?;
        self.judge_doubtful();
        Ok(())
    }

    /// The end of the run.
    pub fn end(&mut self, capture: &mut Capture) {
        self.clock.refresh();
        let at = self.clock.now();
        self.count_losses(capture, at);
        self.connections.close_missing(u64::MAX, at, &mut self.out);
        self.refuse(u64::MAX);
        self.stop_inventory();
        self.end_search();
        self.out.push(Observed {
            at: self.clock.now(),
            what: Observation::End,
        });
    }
}

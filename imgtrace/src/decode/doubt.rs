//! Calls whose end may have been missed.
//!
//! Where a part of the answers was missed, a call that is open may have ended in it or may be
//! answered yet: some take minutes. What is still open after [`PATIENCE`] is taken for ended.

use std::time::Duration;

use crate::model::Stamp;

/// How long an answer is waited for that may have been missed.
const PATIENCE: Duration = Duration::from_mins(10);

/// Which calls that is true of.
#[derive(Default)]
pub(super) struct Doubt(Option<(Stamp, u32)>);

impl Doubt {
    /// Answers were missed, and no stream above `newest` had begun.
    pub(super) fn cast(&mut self, newest: u32, at: Stamp) {
        self.0 = Some((at, newest));
    }

    /// The highest stream of those that have waited long enough, said once.
    pub(super) fn settle(&mut self, now: Stamp) -> Option<u32> {
        let (since, newest) = self.0?;
        let waited = Duration::from_nanos(now.mono.saturating_sub(since.mono));
        (waited >= PATIENCE).then(|| {
            self.0 = None;
            newest
        })
    }
}

//! When something happened, on the two clocks that output needs.

use serde::{Deserialize, Serialize};

/// A moment, on the monotonic clock (for durations) and on the wall clock (for people).
///
/// Taken once, at the edge; nothing after `decode` asks a clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stamp {
    /// Nanoseconds of `CLOCK_MONOTONIC`, as `bpf_ktime_get_ns` gives them.
    pub mono: u64,
    /// Microseconds since the Unix epoch, UTC.
    pub wall: i64,
}

impl Stamp {
    /// Milliseconds from `earlier` to `self` on the monotonic clock; 0 if it is not earlier.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a duration of 104 days still has microseconds"
    )]
    pub fn millis_since(self, earlier: Self) -> f64 {
        (self.mono.saturating_sub(earlier.mono) / 1_000) as f64 / 1_000.0
    }
}

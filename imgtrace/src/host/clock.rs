//! The two clocks, tied together: what a kernel time stamp means to people.
//!
//! The kernel stamps with `CLOCK_MONOTONIC`; lines show wall time. One offset joins the two, read
//! at start and taken anew only when the wall clock has been set or has drifted visibly, so that
//! two stamps of one moment never differ.

use rustix::time::{ClockId, Timespec, clock_gettime};

use crate::model::Stamp;

/// How far the wall clock may have moved before the offset is taken anew.
const STEP_NS: i128 = 1_000_000;

/// How often the pair is read to find one that nothing came between.
const TRIES: u32 = 4;

const NANOS: i128 = 1_000_000_000;

/// The offset between `CLOCK_MONOTONIC` and the wall clock.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// Wall clock minus monotonic clock, in nanoseconds.
    offset: i128,
}

impl Clock {
    /// Reads both clocks.
    pub fn new() -> Self {
        Self { offset: read() }
    }

    /// The stamp of a monotonic time, as `bpf_ktime_get_ns` gives it.
    pub fn stamp(&self, mono_ns: u64) -> Stamp {
        let wall = (i128::from(mono_ns) + self.offset).div_euclid(1_000);
        Stamp {
            mono: mono_ns,
            wall: i64::try_from(wall).unwrap_or(i64::MAX),
        }
    }

    /// The stamp of this moment.
    pub fn now(&self) -> Stamp {
        let mono = nanos(clock_gettime(ClockId::Monotonic));
        self.stamp(u64::try_from(mono).unwrap_or(0))
    }

    /// Reads both clocks again; true if the wall clock had moved by more than a millisecond and
    /// the stamps of now on follow it.
    pub fn refresh(&mut self) -> bool {
        self.follow(read())
    }

    fn follow(&mut self, offset: i128) -> bool {
        let moved = (offset - self.offset).abs() > STEP_NS;
        if moved {
            self.offset = offset;
        }
        moved
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

/// The offset, from the reading of the wall clock that stands closest between two of the other.
fn read() -> i128 {
    (0..TRIES)
        .map(|_| {
            let before = nanos(clock_gettime(ClockId::Monotonic));
            let wall = nanos(clock_gettime(ClockId::Realtime));
            let after = nanos(clock_gettime(ClockId::Monotonic));
            (after - before, wall - i128::midpoint(before, after))
        })
        .min_by_key(|(width, _)| *width)
        .map_or(0, |(_, offset)| offset)
}

fn nanos(time: Timespec) -> i128 {
    i128::from(time.tv_sec) * NANOS + i128::from(time.tv_nsec)
}

#[cfg(test)]
mod tests;

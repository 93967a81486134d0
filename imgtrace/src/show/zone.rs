//! The time zone that lines are printed in, small enough to stand in a recording.
//!
//! It holds offsets, not a name to look up: a replay prints the same times on a machine with
//! another time zone database, or none. It does not know where the offsets come from.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

/// Changes of the offset that are kept: two a year make eight years of watching.
pub const MAX_CHANGES: usize = 16;

/// One moment from which another offset holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Seconds since the Unix epoch.
    pub from: i64,
    /// Seconds east of UTC.
    pub offset: i32,
}

/// A time zone for the time of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    /// IANA name, for people; null where the system does not say it.
    pub name: Option<String>,
    /// Seconds east of UTC before the first change.
    pub offset: i32,
    /// Later offsets, in the order of their begin.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
}

impl Zone {
    /// Seconds east of UTC at a moment, in microseconds since the epoch.
    pub fn offset_at(&self, wall: i64) -> i32 {
        let seconds = wall.div_euclid(1_000_000);
        let begun = self
            .changes
            .iter()
            .take_while(|change| change.from <= seconds);
        begun.last().map_or(self.offset, |change| change.offset)
    }

    /// The civil time at a moment, in microseconds since the epoch.
    pub fn civil(&self, wall: i64) -> DateTime {
        civil(wall, self.offset_at(wall))
    }

    /// The moment as RFC 3339 in this zone, with microseconds and offset.
    pub fn rfc3339(&self, wall: i64) -> String {
        let offset = self.offset_at(wall);
        let sign = if offset < 0 { '-' } else { '+' };
        let minutes = offset.unsigned_abs() / 60;
        let (hours, minutes) = (minutes / 60, minutes % 60);
        format!(
            "{}{sign}{hours:02}:{minutes:02}",
            Instant(civil(wall, offset))
        )
    }
}

/// The moment, in microseconds since the epoch, as RFC 3339 in UTC with microseconds:
/// `2026-01-01T00:00:00.812400Z`.
pub fn rfc3339_utc(wall: i64) -> String {
    format!("{}Z", Instant(civil(wall, 0)))
}

/// Civil time at an offset; a moment or an offset that no calendar has becomes the nearest one
/// that it has, because a recording may say anything.
fn civil(wall: i64, offset: i32) -> DateTime {
    let (first, last) = (
        Timestamp::MIN.as_microsecond(),
        Timestamp::MAX.as_microsecond(),
    );
    let moment = Timestamp::from_microsecond(wall.clamp(first, last)).unwrap_or_default();
    Offset::from_seconds(offset)
        .unwrap_or(Offset::UTC)
        .to_datetime(moment)
}

/// Date and time of day with exactly six decimals.
struct Instant(DateTime);

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.0;
        let micros = at.subsec_nanosecond() / 1_000;
        let (date, hour, minute, second) = (at.date(), at.hour(), at.minute(), at.second());
        write!(f, "{date}T{hour:02}:{minute:02}:{second:02}.{micros:06}")
    }
}

#[cfg(test)]
mod tests;

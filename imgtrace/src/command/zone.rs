//! The system's time zone, read once, as offsets for the time of a run.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::show::{Change, MAX_CHANGES, Zone};

/// The zone of `TZ`, else of `/etc/localtime`, else UTC; with its changes after a moment given in
/// microseconds since the epoch.
pub(super) fn system(wall: i64) -> Zone {
    from(&TimeZone::system(), wall)
}

fn from(zone: &TimeZone, wall: i64) -> Zone {
    let now = Timestamp::from_microsecond(wall).unwrap_or_default();
    let later = zone.following(now).take(MAX_CHANGES);
    Zone {
        name: zone.iana_name().map(str::to_owned),
        offset: zone.to_offset(now).seconds(),
        changes: later
            .map(|change| Change {
                from: change.timestamp().as_second(),
                offset: change.offset().seconds(),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests;

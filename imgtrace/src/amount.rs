//! Bytes and durations as people read them. Decimal units, as the Docker CLI prints them.

/// Units of bytes, each a thousand of the one before.
const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];

/// `512 B`, `1.2 kB`, `34 MB`.
pub(crate) fn bytes(count: u64) -> String {
    let (power, unit) = unit_of(count);
    format!("{} {unit}", in_unit(count, power))
}

/// How far something is: `34 of 187 MB`, or as much of it as is known.
pub(crate) fn progress(done: Option<u64>, total: Option<u64>) -> Option<String> {
    match (done, total) {
        (done, Some(total)) if total > 0 => {
            let (power, unit) = unit_of(total);
            let done = in_unit(done.unwrap_or(0), power);
            Some(format!("{done} of {} {unit}", in_unit(total, power)))
        }
        (Some(done), _) => Some(bytes(done)),
        (None, _) => None,
    }
}

/// The power of a thousand that a count is shown in, and its name.
fn unit_of(count: u64) -> (u32, &'static str) {
    let powers = (0_u32..).zip(UNITS);
    let fitting = powers.take_while(|&(power, _)| count >= 1_000_u64.pow(power));
    fitting.last().unwrap_or((0, "B"))
}

/// A count in a unit: one decimal below ten, none above, none for bytes.
fn in_unit(count: u64, power: u32) -> String {
    let unit = 1_000_u64.pow(power);
    let tenths = u128::from(count) * 10 / u128::from(unit);
    if power == 0 || tenths >= 100 {
        (tenths / 10).to_string()
    } else {
        format!("{}.{}", tenths / 10, tenths % 10)
    }
}

/// A duration in at most six columns: `0.4 ms`, `812 ms`, `1.24 s`, `12.3 s`, `2m04s`, `1h02m`,
/// `3d04h`.
pub(crate) fn duration(millis: f64) -> String {
    if millis < 9.95 {
        return format!("{millis:.1} ms");
    }
    if millis < 999.5 {
        return format!("{millis:.0} ms");
    }
    let seconds = millis / 1_000.0;
    if seconds < 9.995 {
        return format!("{seconds:.2} s");
    }
    if seconds < 59.95 {
        return format!("{seconds:.1} s");
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float's `as` saturates, and durations are not negative"
    )]
    let whole = seconds.round() as u64;
    let (days, hours, minutes) = (whole / 86_400, whole / 3_600, whole / 60);
    if days > 0 {
        format!("{days}d{:02}h", hours % 24)
    } else if hours > 0 {
        format!("{hours}h{:02}m", minutes % 60)
    } else {
        format!("{minutes}m{:02}s", whole % 60)
    }
}

#[cfg(test)]
mod tests;

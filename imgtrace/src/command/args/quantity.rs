//! Numbers with units: `1h30m`, `100M`, `0.5`.

use std::time::Duration;

/// The units of a size, each 1024 of the one before, as `ls -h` and `du -h` have them.
const SIZES: [(char, u32); 4] = [('K', 1), ('M', 2), ('G', 3), ('T', 4)];

/// Why a number is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum QuantityError {
    #[error("a time is a number and a unit: 30s, 5m, 1h30m")]
    Duration,
    #[error("a time must be longer than nothing")]
    Nothing,
    #[error("a size is a number and K, M, G or T: 100M")]
    Size,
    #[error("a speed is 0 or more: 1 is as fast as it happened, 2 twice as fast")]
    Speed,
}

/// `30s`, `5m`, `1h30m`; a number alone has no unit and is refused.
pub(super) fn duration(text: &str) -> Result<Duration, QuantityError> {
    let span: jiff::SignedDuration = text.parse().map_err(|_| QuantityError::Duration)?;
    let duration = Duration::try_from(span).map_err(|_| QuantityError::Nothing)?;
    if duration.is_zero() {
        Err(QuantityError::Nothing)
    } else {
        Ok(duration)
    }
}

/// `4096`, `100M`, `1.5G`, also with a B or iB behind the unit.
pub(super) fn size(text: &str) -> Result<u64, QuantityError> {
    let bare = text.trim_end_matches(['B', 'b']).trim_end_matches('i');
    let unit = SIZES
        .into_iter()
        .find(|(unit, _)| bare.ends_with([*unit, unit.to_ascii_lowercase()]));
    let (number, power) = match unit {
        Some((_, power)) => (bare.get(..bare.len() - 1).unwrap_or_default(), power),
        None => (bare, 0),
    };
    let number: f64 = number.parse().map_err(|_| QuantityError::Size)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float's `as` saturates, and what is no positive number is refused below"
    )]
    let bytes = (number * 1024_f64.powi(i32::try_from(power).unwrap_or(0))) as u64;
    if number.is_finite() && bytes > 0 {
        Ok(bytes)
    } else {
        Err(QuantityError::Size)
    }
}

/// A factor; 0 is "without waiting".
pub(super) fn speed(text: &str) -> Result<f64, QuantityError> {
    let speed: f64 = text
        .trim_end_matches(['x', 'X'])
        .parse()
        .map_err(|_| QuantityError::Speed)?;
    if speed.is_finite() && speed >= 0.0 {
        Ok(speed)
    } else {
        Err(QuantityError::Speed)
    }
}

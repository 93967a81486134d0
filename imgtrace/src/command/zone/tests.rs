use super::*;

/// 2026-01-01 00:00 UTC.
const NEW_YEAR: i64 = 1_767_225_600_000_000;

#[test]
fn utc_never_changes() {
    let zone = from(&TimeZone::UTC, NEW_YEAR);
    assert_eq!((zone.offset, zone.changes.len()), (0, 0));
}

#[test]
fn a_zone_with_seasons_knows_the_next_ones() {
    let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
    let zone = from(&berlin, NEW_YEAR);
    assert_eq!((zone.offset, zone.changes.len()), (3_600, MAX_CHANGES));
    assert_eq!(
        zone.changes[0],
        Change {
            from: 1_774_746_000,
            offset: 7_200
        }
    );
    assert_eq!(zone.rfc3339(NEW_YEAR), "2026-01-01T01:00:00.000000+01:00");
}

use proptest::prelude::*;

use super::*;

/// 2026-03-29 01:00 UTC, when Central European summer time begins.
const SUMMER: i64 = 1_774_746_000;

fn berlin() -> Zone {
    Zone {
        name: Some("Europe/Berlin".to_owned()),
        offset: 3_600,
        changes: vec![Change {
            from: SUMMER,
            offset: 7_200,
        }],
    }
}

#[test]
fn utc_has_six_decimals() {
    assert_eq!(
        rfc3339_utc(1_767_225_600_812_400),
        "2026-01-01T00:00:00.812400Z"
    );
    assert_eq!(rfc3339_utc(0), "1970-01-01T00:00:00.000000Z");
    assert_eq!(rfc3339_utc(-1), "1969-12-31T23:59:59.999999Z");
}

#[test]
fn the_offset_changes_with_the_season() {
    let micros = SUMMER * 1_000_000;
    assert_eq!(
        berlin().rfc3339(micros - 1),
        "2026-03-29T01:59:59.999999+01:00"
    );
    assert_eq!(berlin().rfc3339(micros), "2026-03-29T03:00:00.000000+02:00");
}

#[test]
fn offsets_west_and_of_half_hours() {
    let newfoundland = Zone {
        offset: -12_600,
        ..Zone::default()
    };
    assert_eq!(newfoundland.rfc3339(0), "1969-12-31T20:30:00.000000-03:30");
}

proptest! {
    #[test]
    fn any_moment_in_any_zone_is_printed(wall: i64, offset: i32, from: i64) {
        let zone = Zone { name: None, offset, changes: vec![Change { from, offset: !offset }] };
        prop_assert!(zone.rfc3339(wall).len() >= 32);
        prop_assert!(rfc3339_utc(wall).ends_with('Z'));
    }
}

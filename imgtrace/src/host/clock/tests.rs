use std::time::{SystemTime, UNIX_EPOCH};

use super::*;

#[test]
fn now_agrees_with_the_wall_clock() {
    let before = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let stamp = Clock::new().now();
    let after = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let wall = u128::try_from(stamp.wall).unwrap();
    assert!(wall + 1_000 >= before.as_micros(), "{stamp:?} {before:?}");
    assert!(wall <= after.as_micros() + 1_000, "{stamp:?} {after:?}");
}

#[test]
fn a_stamp_keeps_the_distance_of_the_monotonic_clock() {
    let clock = Clock {
        offset: 1_700_000_000 * NANOS,
    };
    let (first, second) = (clock.stamp(5_000_999), clock.stamp(12_500_000));
    assert_eq!(first.mono, 5_000_999);
    assert_eq!(first.wall, 1_700_000_000_005_000);
    assert_eq!(second.wall - first.wall, 7_500);
}

#[test]
fn only_a_step_moves_the_offset() {
    let mut clock = Clock { offset: 0 };
    assert!(!clock.follow(STEP_NS));
    assert_eq!(clock.stamp(1_000_000).wall, 1_000);
    assert!(clock.follow(STEP_NS + 1));
    assert_eq!(clock.stamp(1_000_000).wall, 2_000);
    assert!(clock.follow(-3_600 * NANOS), "a clock set back is followed");
    assert_eq!(clock.stamp(0).wall, -3_600_000_000);
}

#[test]
fn the_offset_is_stable_while_nobody_sets_the_clock() {
    let mut clock = Clock::new();
    assert!(!clock.refresh());
}

//! What is told of copies.

use super::*;

const NS: u32 = 7;
const DEVICE: Device = (0, 50);

#[test]
fn a_file_system_is_told_once_in_a_namespace() {
    let mut known = Known::default();
    assert_eq!(known.attach(NS, 1, DEVICE), Attached::New);
    assert_eq!(known.attach(NS, 1, DEVICE), Attached::Again);
    assert_eq!(known.attach(NS, 2, DEVICE), Attached::Copy);
    assert_eq!(known.attach(NS + 1, 3, DEVICE), Attached::New);
    assert!(known.is_told(NS, 1) && !known.is_told(NS, 2));
    assert!(!known.detach(NS, 2), "a copy");
    assert!(known.detach(NS, 1));
    assert!(!known.detach(NS, 1), "once");
    assert_eq!(known.attach(NS, 4, DEVICE), Attached::New, "again mounted");
}

#[test]
fn a_copy_that_outlives_what_was_told_is_not_told() {
    let mut known = Known::default();
    known.attach(NS, 1, DEVICE);
    known.attach(NS, 2, DEVICE);
    assert!(known.detach(NS, 1));
    assert_eq!(known.attach(NS, 3, DEVICE), Attached::Copy);
    assert!(!known.detach(NS, 2));
    assert!(!known.detach(NS, 3));
    assert_eq!(known.attach(NS, 5, DEVICE), Attached::New);
}

#[test]
fn a_namespace_goes_with_all_its_mounts() {
    let mut known = Known::default();
    known.attach(NS, 1, DEVICE);
    known.attach(NS, 2, DEVICE);
    known.attach(NS + 1, 3, DEVICE);
    assert_eq!(known.forget(NS), [1]);
    assert_eq!(known.of(NS), [0; 0]);
    assert!(known.contains(NS + 1, 3));
}

#[test]
fn the_table_has_a_bound() {
    let mut known = Known::default();
    for id in 0..MOUNTS_MAX as u64 {
        known.attach(NS, id, DEVICE);
    }
    assert_eq!(known.attach(NS, u64::MAX, (0, 1)), Attached::Full);
    assert!(!known.detach(NS, u64::MAX));
    known.detach(NS, 1);
    assert_eq!(known.attach(NS, u64::MAX, (0, 1)), Attached::New);
}

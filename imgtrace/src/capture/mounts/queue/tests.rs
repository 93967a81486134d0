//! Bytes as fanotify's read(2) gives them.

use proptest::prelude::*;

use super::*;

/// A notification of the kernel 6.18: 24 bytes, then one record of 16.
fn bytes(mask: u64, pid: i32, mount: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(40u32.to_ne_bytes());
    bytes.extend([VERSION, 0]);
    bytes.extend(24u16.to_ne_bytes());
    bytes.extend(mask.to_ne_bytes());
    bytes.extend((-1i32).to_ne_bytes());
    bytes.extend(pid.to_ne_bytes());
    bytes.extend([INFO_TYPE_MNT, 0]);
    bytes.extend(16u16.to_ne_bytes());
    bytes.extend([0; 4]);
    bytes.extend(mount.to_ne_bytes());
    bytes
}

fn overflow() -> Vec<u8> {
    let mut bytes = bytes(FAN_Q_OVERFLOW, 0, 0);
    bytes.truncate(24);
    bytes[..4].copy_from_slice(&24u32.to_ne_bytes());
    bytes
}

fn attached(mount: u64, pid: Option<u32>, moved: bool) -> Notification {
    Notification::Attached { mount, pid, moved }
}

#[test]
fn notifications_are_read_in_order() {
    let all = [
        bytes(FAN_MNT_ATTACH, 42, 1),
        bytes(FAN_MNT_DETACH, 42, 1),
        overflow(),
        bytes(FAN_MNT_ATTACH | FAN_MNT_DETACH, 0, 2),
        bytes(0x2, 42, 3),
        bytes(FAN_MNT_ATTACH, -1, u64::MAX),
    ]
    .concat();
    let read: Vec<_> = notifications(&all).collect();
    let expected = [
        attached(1, Some(42), false),
        Notification::Detached { mount: 1 },
        Notification::Overflow,
        attached(2, None, true),
        attached(u64::MAX, None, false),
    ];
    assert_eq!(read, expected);
}

#[test]
fn another_record_before_it_is_skipped() {
    let one = bytes(FAN_MNT_ATTACH, 1, 9);
    let (head, record) = one.split_at(24);
    let other = [4, 0, 8, 0, 1, 2, 3, 4];
    let mut all = [head, &other, record].concat();
    all[..4].copy_from_slice(&48u32.to_ne_bytes());
    let read: Vec<_> = notifications(&all).collect();
    assert_eq!(read, [attached(9, Some(1), false)]);
}

#[test]
fn a_record_of_no_length_ends_it() {
    let mut all = bytes(FAN_MNT_ATTACH, 1, 9);
    all[24..28].copy_from_slice(&[4, 0, 0, 0]);
    assert_eq!(notifications(&all).count(), 0);
}

#[test]
fn another_version_is_not_read() {
    let mut all = bytes(FAN_MNT_ATTACH, 1, 9);
    all[4] = VERSION + 1;
    assert_eq!(notifications(&all).count(), 0);
}

proptest! {
    #[test]
    fn any_bytes_come_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(notifications(&bytes).count() <= bytes.len() / 24);
    }

    #[test]
    fn a_cut_leaves_what_is_before_it(count in 1usize..6, cut in 0usize..40) {
        let mount = |at: usize| bytes(FAN_MNT_ATTACH, 1, at as u64);
        let mut all: Vec<_> = (0..count).flat_map(mount).collect();
        all.truncate(all.len() - cut);
        let whole = all.len() / 40;
        prop_assert_eq!(notifications(&all).count(), whole);
    }
}

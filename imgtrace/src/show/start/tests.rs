use super::super::samples::restarted;
use super::*;

#[test]
fn what_was_mounted_is_told_as_far_as_it_is_known() {
    let mut start = restarted();
    assert_eq!(
        rootfs(&start).unwrap(),
        "101 layers, 1.2 GB, overlay2 in s1 docker /var/lib/docker"
    );
    start.store = None;
    let identity = &mut start.rootfs.as_mut().unwrap().identity;
    (identity.layers, identity.bytes) = (Some(1), None);
    assert_eq!(rootfs(&start).unwrap(), "1 layer, overlay2");
    start.rootfs = None;
    assert_eq!(rootfs(&start), None);
}

#[test]
fn why_is_told_in_words() {
    let start = restarted();
    assert_eq!(why(&start).unwrap(), "restart policy, 14th time");
    let of = |cause, restarts| {
        why(&Operation {
            cause,
            restarts,
            ..restarted()
        })
    };
    assert_eq!(
        of(Some(Cause::Recovery), Some(0)).unwrap(),
        "daemon recovery"
    );
    assert_eq!(of(Some(Cause::CommandLine), Some(0)), None);
    assert_eq!(of(Some(Cause::CommandLine), Some(1)).unwrap(), "2nd time");
    let asked_for_again = of(None, Some(3));
    assert_eq!(asked_for_again, None, "a client's own affair");
}

#[test]
fn ordinals() {
    let all = [1, 2, 3, 4, 11, 12, 13, 21, 22, 111, 112, 1_003];
    let expected = [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "111th", "112th",
        "1003rd",
    ];
    assert_eq!(all.map(ordinal), expected);
}

use super::*;
use crate::model::{Role, RootfsIdentity, Runtime};
use crate::trace::scene::key;

fn at(millis: u64) -> Stamp {
    Stamp {
        mono: millis * 1_000_000,
        wall: 0,
    }
}

fn mount(number: u64) -> Mount {
    let rootfs = Rootfs {
        mount: MountId(number),
        path: "/merged".to_owned(),
        host_path: None,
        mount_ns: 1,
        store: None,
        identity: RootfsIdentity::new(Runtime::Docker, Role::Container, "overlay2"),
    };
    Mount::new(rootfs, None)
}

fn mounts(life: &Life) -> Vec<Option<u64>> {
    let mounts = life.runs.iter().map(|run| run.mount.as_ref());
    mounts.map(|mount| Some(mount?.rootfs.mount.0)).collect()
}

#[test]
fn a_call_and_the_first_program_are_one_start_in_either_order() {
    let mut life = Life::default();
    assert!(life.called(at(1), key(1)));
    assert!(!life.runs(at(2), key(2)));
    life.deleted();
    assert!(life.runs(at(3), key(3)));
    assert!(!life.called(at(4), key(4)));
    assert_eq!(life.runs.len(), 2);
    assert_eq!(life.runs[1].number, 2);
}

#[test]
fn what_is_far_apart_or_seen_twice_is_another_start() {
    let mut life = Life::default();
    life.called(at(1), key(1));
    assert!(life.runs(at(20_000), key(2)));
    assert!(life.runs(at(20_001), key(3)), "its control group was empty");
    assert!(!life.called(at(20_002), key(4)));
    assert!(life.called(at(20_003), key(5)));
    assert_eq!(life.runs.len(), 4);
}

#[test]
fn a_start_begins_with_the_call_that_makes_it_ready() {
    let mut life = Life::default();
    life.created(at(1), key(1));
    life.called(at(5), key(2));
    assert_eq!((life.runs[0].began, life.runs[0].at), (at(1), at(5)));
    life.created(at(10), key(1));
    life.called(at(30_000), key(2));
    assert_eq!(life.runs[1].began, at(30_000), "CRI-O creates long before");
}

#[test]
fn a_mount_is_for_the_start_that_has_none() {
    let mut life = Life::default();
    life.mounted(mount(1), at(1));
    life.called(at(2), key(1));
    life.deleted();
    life.called(at(10), key(1));
    life.unmounted(MountId(1), at(11));
    life.mounted(mount(2), at(12));
    assert_eq!(mounts(&life), [Some(1), Some(2)]);
    life.called(at(20), key(1));
    assert_eq!(mounts(&life)[2], None, "it is on its way");
    let run = life.runs[2].clone();
    let fallback = life.mount_of(&run, true).unwrap();
    assert_eq!(fallback.rootfs.mount, MountId(2));
    life.unmounted(MountId(2), at(21));
    assert!(
        life.mount_of(&run, false).is_none(),
        "another may have its id"
    );
    life.mounted(mount(3), at(9_000));
    assert_eq!(mounts(&life)[2], None, "too late to be its own");
    assert!(life.fresh_mount().is_some());
}

#[test]
fn an_unmount_that_is_told_late_ends_nothing_that_is_new() {
    let mut life = Life::default();
    life.mounted(mount(1), at(1));
    life.called(at(2), key(1));
    life.unmounted(MountId(1), at(3));
    assert!(life.runs[0].is_running());
    life.mounted(mount(2), at(4));
    life.unmounted(MountId(2), at(60_000));
    assert!(!life.runs[0].is_running());
}

#[test]
fn starts_that_are_kept_are_bounded_and_told_ones_go_first() {
    let mut life = Life::default();
    for number in 0..40 {
        life.called(at(number), key(1));
        if number != 3 {
            life.runs.last_mut().unwrap().told = Told::Asked;
        }
    }
    assert_eq!(life.runs.len(), MAX_RUNS);
    assert_eq!(life.runs[0].number, 4);
    assert_eq!(life.runs[1].number, 26);
}

#[test]
fn a_start_that_is_dropped_before_it_is_told_is_counted() {
    let mut life = Life::default();
    for number in 0..MAX_RUNS + 2 {
        life.called(at(number as u64), key(1));
    }
    assert_eq!((life.runs.len(), life.dropped), (MAX_RUNS, 2));
    life.runs[3].told = Told::Never;
    life.called(at(100), key(1));
    assert_eq!((life.runs.len(), life.dropped), (MAX_RUNS, 2));
}

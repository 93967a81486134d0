//! Real overlays on the running kernel, by each way; skipped without root.

pub(super) mod scene;

use std::time::Duration;

use super::{Event, Mounts, NAMESPACES_MAX, WatchError, Way};
use scene::{Ground, Nested, QUIET, Seen};

/// Runs a test by each way that works here.
fn each_way(test: impl Fn(Seen)) {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: mounting needs root");
        return;
    }
    // The kernel program has tests of its own: here nobody hands over what it tells.
    let is_alone = |way: &&Way| **way != Way::Fexit;
    for way in Way::ALL.iter().filter(is_alone) {
        match Mounts::open(Some(*way), || Ok(())) {
            Ok(mounts) => test(Seen::new(mounts)),
            Err(error) => eprintln!("skipped: {error}"),
        }
    }
}

/// What [`Seen::of`] gives, for a program that mounts itself.
fn own_pid(way: Way) -> Option<u32> {
    (way == Way::Fanotify).then(std::process::id)
}

#[test]
fn a_mount_and_its_unmount_are_told() {
    each_way(|mut seen| {
        seen.watch_own();
        let ground = Ground::new(2);
        ground.mount();
        let mount = seen.attached(&ground.target());
        assert_eq!(mount.kind, "overlay");
        assert_eq!(mount.source, "overlay-of-test");
        assert_eq!(mount.lower, ground.lower());
        assert_eq!(mount.upper, Some(ground.upper()));
        assert_eq!(mount.mounter, own_pid(seen.way()));
        assert!(!mount.already);
        assert_eq!(mount.device, ground.device());
        ground.unmount();
        seen.detached(&mount);
    });
}

#[test]
fn a_mount_by_the_new_calls_is_told() {
    each_way(|mut seen| {
        seen.watch_own();
        let ground = Ground::new(3);
        ground.mount_by_fsopen();
        let mount = seen.attached(&ground.target());
        assert_eq!(mount.lower, ground.lower());
        assert_eq!(mount.upper, Some(ground.upper()));
        assert_eq!(mount.mounter, own_pid(seen.way()));
        ground.unmount();
        seen.detached(&mount);
    });
}

#[test]
fn a_hundred_layers_of_more_than_a_page_are_told_whole() {
    each_way(|mut seen| {
        seen.watch_own();
        let ground = Ground::with_names(100, &"x".repeat(90));
        ground.mount_by_fsopen();
        let mount = seen.attached(&ground.target());
        assert_eq!(mount.lower, ground.lower());
        assert!(mount.lower.concat().len() > 8192);
        ground.unmount();
        seen.detached(&mount);
    });
}

#[test]
fn relative_layers_are_told_as_they_were_given() {
    each_way(|mut seen| {
        seen.watch_own();
        let ground = Ground::new(100);
        ground.mount_relative();
        let mount = seen.attached(&ground.target());
        assert_eq!(mount.lower.len(), 100);
        assert_eq!(mount.lower[7], "l/7");
        ground.unmount();
        seen.detached(&mount);
    });
}

#[test]
fn names_with_separators_are_told_as_they_are() {
    each_way(|mut seen| {
        seen.watch_own();
        let ground = Ground::with_names(2, r":a b,\c=d\134");
        ground.mount();
        let mount = seen.attached(&ground.target());
        assert_eq!(mount.lower, ground.lower());
        assert_eq!(mount.upper, Some(ground.upper()));
        ground.unmount();
        ground.mount_by_fsopen();
        let mount = seen.attached(&ground.target());
        assert_eq!(mount.lower, ground.lower());
        ground.unmount();
    });
}

#[test]
fn what_is_mounted_already_is_told_as_such() {
    each_way(|mut seen| {
        let ground = Ground::new(2);
        ground.mount();
        seen.watch_own();
        let mount = seen.attached(&ground.target());
        assert!(mount.already);
        assert_eq!(mount.mounter, None);
        assert_eq!(mount.lower, ground.lower());
        seen.watch_own();
        ground.unmount();
        seen.detached(&mount);
        assert_eq!(seen.count(&ground.target()), 1, "once");
    });
}

#[test]
fn a_namespace_is_watched_when_it_appears() {
    each_way(|mut seen| {
        seen.watch_own();
        let ground = Ground::new(2);
        let mut nested = Nested::new();
        let watched = seen.watch(nested.pid()).unwrap();
        assert!(watched.is_new);
        assert!(!seen.watch(nested.pid()).unwrap().is_new);
        nested.mount(&ground);
        let mount = seen.attached(&ground.target());
        assert_eq!(mount.namespace, watched.namespace);
        assert_eq!(mount.lower, ground.lower());
        nested.run(&format!("umount {}", ground.target()));
        seen.detached(&mount);
    });
}

#[test]
fn the_mounts_of_a_namespace_that_is_gone_are_gone() {
    each_way(|mut seen| {
        let ground = Ground::new(2);
        let mut nested = Nested::new();
        seen.watch(nested.pid()).unwrap();
        nested.mount(&ground);
        let mount = seen.attached(&ground.target());
        drop(nested);
        seen.detached(&mount);
    });
}

#[test]
fn a_copy_of_a_mount_is_not_told_in_the_same_namespace() {
    each_way(|mut seen| {
        seen.watch_own();
        let ground = Ground::new(2);
        ground.mount();
        let mount = seen.attached(&ground.target());
        let copy = ground.bind();
        seen.settle(QUIET);
        assert_eq!(seen.count(&copy.path()), 0);
        ground.unmount();
        seen.detached(&mount);
    });
}

#[test]
fn a_fuse_overlayfs_is_told_without_its_layers() {
    each_way(|mut seen| {
        seen.watch_own();
        let ground = Ground::new(2);
        if !ground.mount_by_fuse() {
            eprintln!("skipped: there is no fuse-overlayfs here, or no /dev/fuse");
            return;
        }
        let mount = seen.attached(&ground.target());
        assert_eq!(mount.kind, "fuse.fuse-overlayfs");
        assert_eq!(mount.source, "fuse-overlayfs");
        assert_eq!((mount.lower.len(), mount.upper.as_ref()), (0, None));
        assert_eq!(mount.mounter.is_some(), seen.way() == Way::Fanotify);
        ground.unmount();
        seen.detached(&mount);
    });
}

#[test]
fn other_file_systems_are_not_told() {
    each_way(|mut seen| {
        seen.watch_own();
        let ground = Ground::new(1);
        ground.mount_tmpfs();
        seen.settle(QUIET);
        assert_eq!(seen.count(&ground.target()), 0);
        ground.unmount();
    });
}

#[test]
fn every_mount_of_a_storm_is_told_or_counted() {
    const MOUNTS: usize = 1000;
    each_way(|mut seen| {
        let ground = Ground::new(1);
        let nested = Nested::new();
        seen.watch(nested.pid()).unwrap();
        seen.settle(QUIET);
        let before = seen.events.len();
        let storm = nested.storm(&ground, MOUNTS);
        while !storm.is_finished() {
            seen.settle(Duration::from_millis(1));
        }
        storm.join().unwrap();
        seen.settle(QUIET);
        let mut told = 0;
        let mut lost = 0;
        for event in &seen.events[before..] {
            match event {
                Event::Attached(mount) if mount.target == ground.target() => told += 1,
                Event::Gone { mounts, .. } | Event::Lost { mounts, .. } => {
                    lost += usize::try_from(*mounts).unwrap();
                }
                _ => {}
            }
        }
        if seen.way() == Way::Fanotify {
            assert_eq!(told + lost, MOUNTS, "{told} told, {lost} lost");
        }
        assert!(told > 0);
    });
}

#[test]
fn lasting_mounts_of_a_storm_are_all_told() {
    const MOUNTS: usize = 1000;
    each_way(|mut seen| {
        let ground = Ground::new(1);
        let nested = Nested::new();
        seen.watch(nested.pid()).unwrap();
        nested.stack(&ground, MOUNTS).join().unwrap();
        seen.until(|events| {
            let target = ground.target();
            let told = events
                .iter()
                .filter(|event| matches!(event, Event::Attached(mount) if mount.target == target));
            told.count() == MOUNTS
        });
    });
}

#[test]
fn another_thread_interrupts() {
    each_way(|mut seen| {
        let waker = seen.mounts.waker();
        let thread = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            waker.wake();
        });
        let begun = std::time::Instant::now();
        while begun.elapsed() < Duration::from_millis(40) {
            let mut out = Vec::new();
            seen.mounts.next(Duration::from_secs(30), &mut out).unwrap();
        }
        assert!(begun.elapsed() < Duration::from_millis(900));
        thread.join().unwrap();
    });
}

#[test]
fn namespaces_have_a_bound() {
    each_way(|mut seen| {
        let nested: Vec<_> = (0..=NAMESPACES_MAX).map(|_| Nested::new()).collect();
        let (last, first) = nested.split_last().unwrap();
        for one in first {
            seen.watch(one.pid()).unwrap();
        }
        let refused = seen.watch(last.pid());
        assert!(matches!(refused, Err(WatchError::TooMany)));
        drop(nested);
        // The way by mountinfo holds a namespace until it looks for its processes.
        seen.settle(Duration::from_millis(2500));
        let late = Nested::new();
        assert!(seen.watch(late.pid()).unwrap().is_new);
    });
}

#[test]
fn a_process_that_is_gone_is_an_error() {
    each_way(|mut seen| {
        let pid = Nested::new().pid();
        assert!(matches!(seen.watch(pid), Err(WatchError::Open { .. })));
    });
}

#[test]
fn the_source_can_be_moved_to_a_thread() {
    fn is_send<T: Send>() {}
    is_send::<Mounts>();
}

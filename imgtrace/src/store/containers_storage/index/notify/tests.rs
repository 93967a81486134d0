use std::fs;
use std::process::Command;

use proptest::prelude::*;

use super::*;
use crate::store::View;

fn event(pid: i32, mask: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Followed by a file handle of 20 bytes, as FAN_REPORT_FID does.
    bytes.extend_from_slice(&44u32.to_ne_bytes());
    bytes.extend_from_slice(&[3, 0, 24, 0]);
    bytes.extend_from_slice(&mask.to_ne_bytes());
    bytes.extend_from_slice(&(-1i32).to_ne_bytes());
    bytes.extend_from_slice(&pid.to_ne_bytes());
    bytes.extend_from_slice(&[0xAA; 20]);
    bytes
}

fn seen(events: &[Vec<u8>]) -> Seen {
    let mut seen = Seen::default();
    seen.take_fanotify(&events.concat());
    seen
}

#[test]
fn one_writer_is_named_and_several_are_not() {
    let moved = libc::FAN_MOVED_TO;
    let writers = |pids: &[i32]| {
        let events: Vec<_> = pids.iter().map(|pid| event(*pid, moved)).collect();
        seen(&events).writers
    };
    assert_eq!(writers(&[]), None);
    assert_eq!(writers(&[7, 7, 7]), Some(Writers::One(7)));
    for pids in [&[7, 8][..], &[7, 8, 7], &[0], &[0, 7], &[7, 0], &[-1]] {
        assert_eq!(writers(pids), Some(Writers::Unknown), "{pids:?}");
    }
}

#[test]
fn an_overflow_may_have_been_anybody() {
    let overflow = seen(&[event(7, libc::FAN_MOVED_TO), event(0, libc::FAN_Q_OVERFLOW)]);
    assert_eq!(overflow.writers, Some(Writers::Unknown));
    assert!(seen(&[event(7, libc::FAN_DELETE_SELF)]).gone);
}

#[test]
fn a_rename_into_the_folder_is_seen_with_its_process() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().to_str().unwrap();
    let folder = View::of(std::process::id()).unwrap().folder(path).unwrap();
    let notify = Notify::new(&folder).unwrap();
    fs::write(place.path().join(".tmp"), "1").unwrap();
    assert_eq!(
        notify.read(),
        Seen::default(),
        "a file that is made is none"
    );
    let mut mv = Command::new("mv")
        .current_dir(place.path())
        .args([".tmp", "images.json"])
        .spawn()
        .unwrap();
    let pid = mv.id();
    mv.wait().unwrap();
    let writers = notify.read().writers;
    let expected = if notify.names_writers {
        Writers::One(pid)
    } else {
        Writers::Unknown
    };
    assert_eq!(writers, Some(expected));
    drop(folder);
    fs::remove_dir_all(place.path()).unwrap();
    assert!(notify.read().gone);
}

#[test]
fn inotify_tells_the_same_without_the_process() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().to_str().unwrap();
    let folder = View::of(std::process::id()).unwrap().folder(path).unwrap();
    let notify = Notify {
        fd: inotify(&folder).unwrap(),
        names_writers: false,
    };
    fs::write(place.path().join(".tmp"), "1").unwrap();
    assert_eq!(notify.read(), Seen::default());
    fs::rename(place.path().join(".tmp"), place.path().join("images.json")).unwrap();
    fs::write(place.path().join(".tmp"), "1").unwrap();
    fs::rename(place.path().join(".tmp"), place.path().join("images.json")).unwrap();
    assert_eq!(notify.read().writers, Some(Writers::Unknown));
    drop(folder);
    fs::remove_dir_all(place.path()).unwrap();
    assert!(notify.read().gone);
}

proptest! {
    #[test]
    fn no_bytes_do_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut seen = Seen::default();
        seen.take_fanotify(&bytes);
        seen.take_inotify(&bytes);
    }
}

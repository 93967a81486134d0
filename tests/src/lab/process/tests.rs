use std::process::Command;

use super::*;

#[test]
fn a_process_is_itself_and_no_other() {
    let me = ProcessId::of(i32::try_from(std::process::id()).unwrap()).unwrap();
    assert!(me.is_running());
    assert_eq!(ProcessId::parse(&me.text()), Some(me));
    let other = ProcessId {
        started: me.started + 1,
        ..me
    };
    assert!(
        !other.is_running(),
        "the same pid with another start time is another process"
    );
    other.signal(Signal::KILL).unwrap();
}

#[test]
fn a_zombie_does_not_run() {
    let mut child = Command::new("true").spawn().unwrap();
    let pid = i32::try_from(child.id()).unwrap();
    assert!(until(KILL_PATIENCE, || ProcessId::of(pid).is_none()));
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_process_is_ended() {
    let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
    let id = ProcessId::of(i32::try_from(child.id()).unwrap()).unwrap();
    id.end(KILL_PATIENCE).unwrap();
    assert!(!id.is_running());
    assert!(child.wait().is_err(), "end() has buried it");
}

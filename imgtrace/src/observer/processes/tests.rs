use imgtrace_common::origin;
use zerocopy::FromZeros as _;

use super::*;

/// A process that no machine has.
const PID: u32 = u32::MAX - 1;

fn record(start: u64, when: u32, args: &[u8]) -> Box<Record> {
    let mut record = Box::new(Record::new_zeroed());
    record.pid = PID;
    record.start = start;
    record.origin = when;
    record.comm[..6].copy_from_slice(b"docker");
    record.args[..args.len()].copy_from_slice(args);
    record.args_len = u32::try_from(args.len()).unwrap();
    record.ancestors[0].pid = if when == origin::EXEC { 10 } else { 1 };
    record.ancestors[0].comm[..4].copy_from_slice(b"bash");
    record
}

#[test]
fn a_later_description_keeps_what_it_cannot_know_better() {
    let mut processes = Processes::new();
    let mut exec = record(5 * TICK_NS, origin::EXEC, b"docker\0pull\0nginx\0");
    exec.exe[..15].copy_from_slice(b"/usr/bin/docker");
    processes.learn(&exec);
    let mut accept = record(5 * TICK_NS + 9, origin::ACCEPT, b"");
    accept.uid = 1000;
    processes.learn(&accept);
    let key = key(PID, 5 * TICK_NS);
    assert_eq!(processes.latest(PID), Some(key));
    let process = processes.get(key).unwrap();
    assert_eq!(
        process.args.as_deref().unwrap(),
        ["docker", "pull", "nginx"]
    );
    assert_eq!(process.exe.as_deref(), Some("/usr/bin/docker"));
    assert_eq!(process.uid, 1000, "the newest identity counts");
    assert_eq!(
        process.ancestors[0].key.pid, 10,
        "the parent that was there at exec"
    );
    assert_eq!(process.source, Source::Kernel);
}

#[test]
fn a_pid_that_comes_back_is_another_process() {
    let mut processes = Processes::new();
    processes.learn(&record(TICK_NS, origin::EXEC, b"docker\0"));
    processes.learn(&record(9 * TICK_NS, origin::EXEC, b"crictl\0"));
    assert_eq!(processes.latest(PID), Some(key(PID, 9 * TICK_NS)));
    let first = processes.get(key(PID, TICK_NS)).unwrap();
    assert_eq!(first.args.as_deref().unwrap(), ["docker"]);
}

#[test]
fn a_new_program_in_the_same_process_replaces_the_old_one() {
    let mut processes = Processes::new();
    let mut sudo = record(TICK_NS, origin::EXEC, b"sudo\0docker\0ps\0");
    sudo.exe[..13].copy_from_slice(b"/usr/bin/sudo");
    processes.learn(&sudo);
    processes.learn(&record(TICK_NS, origin::EXEC, b"docker\0ps\0"));
    let process = processes.get(key(PID, TICK_NS)).unwrap();
    assert_eq!(process.args.as_deref().unwrap(), ["docker", "ps"]);
    assert_eq!(
        process.exe, None,
        "the old program's path is not the new one's"
    );
}

#[test]
fn a_process_is_said_when_it_matters_and_again_when_it_has_changed() {
    let mut processes = Processes::new();
    let mut out = Vec::new();
    processes.learn(&record(TICK_NS, origin::EXEC, b"docker\0"));
    for _ in 0..2 {
        processes.say(key(PID, TICK_NS), Stamp::default(), &mut out);
    }
    assert_eq!(out.len(), 1);
    processes.learn(&record(TICK_NS, origin::EXEC, b"docker\0ps\0"));
    processes.say(key(PID, TICK_NS), Stamp::default(), &mut out);
    assert_eq!(out.len(), 2);
    processes.say(key(PID, 77 * TICK_NS), Stamp::default(), &mut out);
    assert_eq!(
        out.len(),
        2,
        "nothing is said of a process that nobody knows"
    );
}

#[test]
fn the_oldest_is_forgotten_first_and_the_rest_stays() {
    let mut processes = Processes::new();
    let mut record = record(TICK_NS, origin::EXEC, b"");
    for pid in 0..=u32::try_from(PROCESSES_MAX).unwrap() {
        record.pid = 4_000_000_000 + pid;
        processes.learn(&record);
    }
    assert!(processes.get(key(4_000_000_000, TICK_NS)).is_none());
    assert_eq!(processes.latest(4_000_000_000), None);
    assert!(processes.get(key(4_000_000_001, TICK_NS)).is_some());
}

#[test]
fn names_of_control_groups_make_a_path_from_the_root() {
    let mut names: CgroupNames =
        [[0; imgtrace_common::CGROUP_NAME_BYTES]; imgtrace_common::CGROUP_LEVELS];
    assert_eq!(path(&names), None);
    names[0][..5].copy_from_slice(b"inner");
    names[1][..6].copy_from_slice(b"docker");
    assert_eq!(path(&names).as_deref(), Some("/docker/inner"));
}

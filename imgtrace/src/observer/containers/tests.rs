use super::*;
use crate::model::{Ancestor, Source};

fn id(digit: char) -> String {
    digit.to_string().repeat(64)
}

fn cgroups(v1: &str, v2: &str) -> Cgroups {
    let path = |text: &str| text.replace("{A}", &id('a')).replace("{B}", &id('b'));
    Cgroups {
        v1: Some(path(v1)),
        v2: Some(path(v2)),
    }
}

fn program(exe: &str, parent: &str, cgroups: Cgroups) -> Process {
    Process {
        key: ProcessKey { pid: 7, start: 1 },
        comm: String::new(),
        exe: Some(exe.to_owned()),
        args: Some(vec![exe.to_owned(), "init".to_owned()]),
        args_cut: false,
        uid: 0,
        gid: 0,
        user: None,
        ancestors: vec![Ancestor {
            key: ProcessKey { pid: 1, start: 0 },
            comm: parent.to_owned(),
        }],
        cgroups,
        mount_ns: 1,
        pid_ns: 1,
        source: Source::Kernel,
    }
}

#[test]
fn the_first_program_of_a_container_is_its_beginning() {
    let mut running = Running::new();
    let here = || cgroups("/docker/{A}", "/");
    let runc = program("/usr/sbin/runc", "containerd-shim", here());
    assert_eq!(running.executed(&runc), None, "the runtime itself");
    let hook = program("/bin/hook", "runc:[2:INIT]", here());
    assert_eq!(running.executed(&hook), None, "a hook");
    let first = program("/bin/sh", "containerd-shim", here());
    assert_eq!(running.executed(&first), Some(vec![id('a')]));
    assert_eq!(running.executed(&first), None, "the second");
    let step = program(
        "/bin/sh",
        "runc",
        cgroups("/buildkit/abcdefghijklmnopqrstuvwxy", "/"),
    );
    assert_eq!(running.executed(&step), None, "a step of a build");
    let host = program("/bin/sh", "sshd", cgroups("/", "/user.slice"));
    assert_eq!(running.executed(&host), None, "no container");
}

#[test]
fn a_container_that_ended_may_run_again_and_what_was_in_it_too() {
    let mut running = Running::new();
    let outer = program(
        "/bin/dockerd",
        "containerd-shim",
        cgroups("/docker/{A}", "/docker/{A}"),
    );
    // On a hybrid host the inner container shows on v1 alone.
    let inner = program(
        "/bin/sh",
        "containerd-shim",
        cgroups("/docker/{A}/docker/{B}", "/docker/{A}"),
    );
    assert_eq!(running.executed(&outer), Some(vec![id('a')]));
    assert_eq!(running.executed(&inner), Some(vec![id('a'), id('b')]));
    running.ended(&[], &id('b'));
    assert_eq!(running.executed(&outer), None);
    assert_eq!(running.executed(&inner), Some(vec![id('a'), id('b')]));
    running.ended(&[], &id('a'));
    assert_eq!(running.executed(&inner), Some(vec![id('a'), id('b')]));
    assert_eq!(running.executed(&outer), Some(vec![id('a')]));
}

#[test]
fn nothing_inside_of_a_container_ends_what_is_beside_it() {
    let mut running = Running::new();
    let beside = program("/bin/sh", "containerd-shim", cgroups("/docker/{A}", "/"));
    let inner = cgroups("/docker/{B}/docker/{A}", "/");
    let inner = program("/bin/sh", "containerd-shim", inner);
    assert!(running.executed(&beside).is_some());
    assert!(running.executed(&inner).is_some());
    running.ended(&[id('b')], &id('b'));
    running.ended(&[id('b')], &id('a'));
    assert_eq!(running.executed(&beside), None, "it runs on");
    assert!(running.executed(&inner).is_some(), "this one had ended");
}

#[test]
fn of_what_runs_already_the_oldest_process_stands_for_each_container() {
    let glance = |pid: u32, comm: &str, v1: &str| Glance {
        key: ProcessKey {
            pid,
            start: u64::from(pid),
        },
        comm: comm.to_owned(),
        cgroups: cgroups(v1, "/"),
    };
    let seen = [
        glance(3, "runc:[2:INIT]", "/docker/{B}"),
        glance(9, "sh", "/docker/{A}"),
        glance(8, "sleep", "/docker/{A}"),
        glance(5, "sshd", "/"),
    ];
    let oldest = oldest(seen);
    assert_eq!(oldest.len(), 1);
    assert_eq!(oldest[&vec![id('a')]].pid, 8);
}

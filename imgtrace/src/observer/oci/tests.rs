use super::*;
use crate::model::{Ancestor, Cgroups, Source};

fn key(pid: u32) -> ProcessKey {
    ProcessKey { pid, start: 1 }
}

pub(crate) fn process(pid: u32, parents: &[(u32, &str)], exe: &str, args: &[&str]) -> Process {
    let ancestors = parents.iter().map(|(pid, comm)| Ancestor {
        key: key(*pid),
        comm: (*comm).to_owned(),
    });
    Process {
        key: key(pid),
        comm: String::new(),
        exe: Some(exe.to_owned()),
        args: Some(args.iter().map(|&arg| arg.to_owned()).collect()),
        args_cut: false,
        uid: 0,
        gid: 0,
        user: None,
        ancestors: ancestors.collect(),
        cgroups: Cgroups::default(),
        mount_ns: 1,
        pid_ns: 1,
        source: Source::Kernel,
    }
}

/// Whether each call in turn, by process, its parent, and what it says, is told.
fn told(calls: &[(u32, u32, &[&str])]) -> Vec<bool> {
    let mut known = Calls::default();
    calls
        .iter()
        .map(|(pid, parent, args)| {
            let process = process(*pid, &[(*parent, "")], "/usr/sbin/runc", args);
            let call = Call::of(&process).unwrap();
            known.is_news(&process, &call)
        })
        .collect()
}

#[test]
fn a_wrapper_and_what_it_executes_are_one_call() {
    let create: &[&str] = &["runc", "create", "c"];
    assert_eq!(told(&[(7, 1, create), (7, 1, create)]), [true, false]);
    assert_eq!(told(&[(7, 1, create), (8, 7, create)]), [true, false]);
    assert_eq!(told(&[(7, 1, create), (8, 1, create)]), [true, true]);
    let other: &[&str] = &["runc", "create", "d"];
    assert_eq!(told(&[(7, 1, create), (8, 7, other)]), [true, true]);
}

#[test]
fn a_container_is_deleted_once_each_time() {
    let create: &[&str] = &["runc", "create", "c"];
    let delete: &[&str] = &["runc", "delete", "c"];
    let calls = [
        (1, 0, delete),
        (2, 0, delete),
        (3, 0, create),
        (4, 0, delete),
    ];
    assert_eq!(told(&calls), [true, false, true, true]);
}

#[test]
fn the_same_name_in_another_namespace_is_another_container() {
    let one: &[&str] = &["runc", "--root", "/run/containerd/runc/a", "delete", "c"];
    let other: &[&str] = &["runc", "--root", "/run/containerd/runc/b", "delete", "c"];
    assert_eq!(
        told(&[(1, 0, one), (2, 0, other), (3, 0, one)]),
        [true, true, false]
    );
}

#[test]
fn calls_are_forgotten_in_their_order() {
    let mut known = Calls::default();
    for pid in 1..=u32::try_from(CALLS_MAX).unwrap() + 1 {
        let name = pid.to_string();
        let process = process(pid, &[], "/usr/sbin/runc", &["runc", "delete", &name]);
        assert!(known.is_news(&process, &Call::of(&process).unwrap()));
    }
    assert_eq!(known.told.len(), CALLS_MAX);
    assert_eq!(known.told.front().unwrap().call.container, "2");
}

#[test]
fn runcs_own_stages_are_no_containers_program() {
    for (exe, args) in [
        ("/proc/self/exe", ["/opt/odd", "init"]),
        ("/usr/sbin/runc", ["runc", "init"]),
        ("/dev/fd/7", ["runc", "init"]),
        ("/proc/self/exe", ["runsc-sandbox", "boot"]),
    ] {
        assert!(is_runtimes_own(&process(7, &[], exe, &args)), "{exe}");
    }
    assert!(!is_runtimes_own(&process(
        7,
        &[],
        "/sbin/init",
        &["init", "init"]
    )));
    assert!(is_hook(&process(
        7,
        &[(6, "runc:[2:INIT]")],
        "/usr/bin/nvidia-cdi-hook",
        &[]
    )));
    assert!(!is_hook(&process(
        7,
        &[(6, "containerd-shim")],
        "/bin/sh",
        &[]
    )));
}

#[test]
fn containers_of_one_name_in_two_others_are_two() {
    let mut known = Calls::default();
    let mut is_news = |pid: u32, outer: char| {
        let args = ["runc", "delete", "web"];
        let mut process = process(pid, &[(1, "")], "/usr/sbin/runc", &args);
        process.cgroups.v2 = Some(format!("/docker/{}", outer.to_string().repeat(64)));
        known.is_news(&process, &Call::of(&process).unwrap())
    };
    assert!(is_news(7, 'a'));
    assert!(is_news(8, 'b'));
    assert!(!is_news(9, 'a'));
}

use super::{MAX_IDLE, Processes};
use crate::model::Stamp;
use crate::model::{Process, Source};
use crate::trace::scene::{ancestors, in_group, key, process};

fn from(source: Source, comm: &str) -> Process {
    Process {
        source,
        ..process(7, comm)
    }
}

fn described(all: impl IntoIterator<Item = Process>) -> (Process, bool) {
    let mut processes = Processes::new();
    for process in all {
        processes.describe(Stamp::default(), process);
    }
    let described = processes.get(&key(7)).unwrap();
    (described.process.clone(), described.late)
}

#[test]
fn a_later_equal_description_replaces() {
    // A shell that executes docker in its own place.
    let (process, late) = described([from(Source::Kernel, "sh"), from(Source::Kernel, "docker")]);
    assert_eq!(process.comm, "docker");
    assert_eq!(process.args.unwrap(), ["docker"]);
    assert!(!late);
}

#[test]
fn a_worse_description_only_adds() {
    let mut accept = from(Source::Accept, "docker");
    accept.args = None;
    accept.exe = None;
    accept.user = None;
    let mut proc = from(Source::Proc, "docker");
    proc.uid = 0;
    proc.ancestors = ancestors(&["bash"]);
    for order in [
        [accept.clone(), proc.clone()],
        [proc.clone(), accept.clone()],
    ] {
        let (process, late) = described(order);
        assert_eq!(process.args.as_deref().unwrap(), ["docker"]);
        assert_eq!(process.user.as_deref(), Some("go"));
        assert_eq!(process.uid, 1000, "the kernel's word stands");
        assert_eq!(process.ancestors, proc.ancestors);
        assert!(late);
    }
}

#[test]
fn the_command_line_of_another_program_is_not_taken_over() {
    let mut connected = from(Source::Kernel, "docker");
    connected.args = None;
    let (process, late) = described([connected, from(Source::Proc, "bash")]);
    assert_eq!(process.exe.as_deref(), Some("/usr/bin/docker"));
    assert_eq!(process.args, None);
    assert!(!late);
}

#[test]
fn a_better_description_takes_away_the_doubt() {
    let (_, late) = described([from(Source::Proc, "docker"), from(Source::Kernel, "docker")]);
    assert!(!late);
}

#[test]
fn groups_of_both_hierarchies_are_joined() {
    let first = from(Source::Kernel, "docker");
    let mut second = first.clone();
    second.cgroups = in_group("/a");
    second.cgroups.v1 = second.cgroups.v2.take();
    let (process, _) = described([first.clone(), second]);
    assert_eq!(process.cgroups.v1.as_deref(), Some("/a"));
    assert_eq!(process.cgroups.v2, first.cgroups.v2);
}

#[test]
fn who_is_referred_to_stays_and_the_others_are_bounded() {
    let mut processes = Processes::new();
    processes.describe(Stamp::default(), process(1, "kubelet"));
    processes.hold(key(1));
    processes.hold(key(1));
    processes.hold(key(2));
    processes.describe(Stamp::default(), process(2, "late"));
    let newcomers = || 10..10 + u32::try_from(MAX_IDLE).unwrap();
    newcomers().for_each(|pid| processes.describe(Stamp::default(), process(pid, "docker")));
    assert!(processes.get(&key(1)).is_some());
    assert!(processes.get(&key(2)).is_some());
    processes.release(key(1));
    newcomers().for_each(|pid| processes.describe(Stamp::default(), process(pid, "docker")));
    assert!(processes.get(&key(1)).is_some(), "still held once");
    processes.release(key(1));
    assert!(
        processes.get(&key(10)).is_none(),
        "one of the others went for it"
    );
    newcomers().for_each(|pid| processes.describe(Stamp::default(), process(pid, "docker")));
    assert!(processes.get(&key(1)).is_none());
    processes.release(key(1));
}

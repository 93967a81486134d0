use super::*;
use crate::correlate::Correlator;
use crate::model::{Ancestor, Process, Stamp};
use crate::observation::{Observation, Observed};
use crate::trace::scene::{key, process};

/// Pid and comm of a process, and of those above it.
type Lineage<'a> = (u32, &'a str, &'a [(u32, &'a str)]);

/// Who is the nearest `dockerd` or `containerd` for the last of these.
fn nearest_of(all: &[Lineage<'_>]) -> Option<u32> {
    let mut correlator = Correlator::new();
    for (pid, comm, above) in all {
        let ancestors = above.iter().map(|(pid, comm)| Ancestor {
            key: key(*pid),
            comm: (*comm).to_owned(),
        });
        let what = Observation::Process(Process {
            ancestors: ancestors.collect(),
            ..process(*pid, comm)
        });
        let at = Stamp::default();
        correlator.observe(&Observed { at, what }, &mut Vec::new());
    }
    let (last, ..) = all.last().unwrap();
    let programs = ["dockerd", "containerd"];
    nearest(key(*last), &programs, correlator.world()).map(|key| key.pid)
}

#[test]
fn the_process_itself_or_the_nearest_above() {
    assert_eq!(nearest_of(&[(8, "dockerd", &[(1, "systemd")])]), Some(8));
    let helper: &[(u32, &str)] = &[(9, "sh"), (8, "dockerd"), (7, "containerd")];
    assert_eq!(nearest_of(&[(10, "mount", helper)]), Some(8));
    assert_eq!(nearest_of(&[(10, "mount", &[(9, "bash")])]), None);
}

#[test]
fn a_shim_that_has_left_its_parent_is_its_parents() {
    let shim: Lineage<'_> = (
        5,
        "containerd-shim",
        &[(4, "containerd-shim"), (3, "containerd")],
    );
    let runc: &[(u32, &str)] = &[(5, "containerd-shim"), (1, "systemd")];
    assert_eq!(nearest_of(&[shim]), Some(3));
    assert_eq!(nearest_of(&[shim, (6, "runc", runc)]), Some(3));
    assert_eq!(nearest_of(&[(6, "runc", runc)]), None, "it was not seen");
}

#[test]
fn what_is_outside_of_the_container_is_nobodys_culprit() {
    let above: &[(u32, &str)] = &[
        (5, "conmon"),
        (4, "bash"),
        (3, "containerd-shim"),
        (2, "containerd"),
    ];
    assert_eq!(nearest_of(&[(6, "crun", above)]), None);
}

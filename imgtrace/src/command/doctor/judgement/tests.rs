use std::path::PathBuf;

use rustix::thread::CapabilitySet;

use super::*;
use crate::capture::Way;
use crate::host::doctor::{CgroupFacts, Unified};
use crate::show::checklist;

/// A machine on which everything works.
fn healthy() -> HostFacts {
    HostFacts {
        release: "6.12.48+deb13-amd64".to_owned(),
        machine: "x86_64".to_owned(),
        uid: 0,
        capabilities: CapabilitySet::all(),
        has_btf: true,
        lockdown: Some(Lockdown::None),
        perf_event_paranoid: Some(2),
        unprivileged_bpf_disabled: Some(2),
        cgroups: CgroupFacts {
            setup: CgroupSetup::V2,
            unified: Some(Unified {
                path: PathBuf::from("/sys/fs/cgroup"),
                is_root: true,
            }),
        },
        memlock: Some(8 << 20),
        in_initial_pid_ns: true,
        in_initial_user_ns: true,
    }
}

fn refused(obstacle: &str) -> Capability {
    let ways = vec![
        Way {
            name: "fexit unix_stream_connect",
            obstacle: Some("EPERM".to_owned()),
            lacks: None,
        },
        Way {
            name: "cgroup/connect_unix",
            obstacle: Some(obstacle.to_owned()),
            lacks: None,
        },
    ];
    Capability {
        name: "refused connections",
        without: "a caller is not reported",
        ways,
    }
}

fn rendered(items: &[Item]) -> String {
    let mut out = Vec::new();
    checklist::render(items, false, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn a_worse_way_says_what_it_lacks() {
    let mut capability = refused("no such file");
    for way in &mut capability.ways {
        way.lacks = Some("the result is not seen");
    }
    let item = |capability: &Capability| super::capability(capability, &healthy());
    assert!(
        !rendered(&[item(&capability)]).contains("but"),
        "none works"
    );
    capability.ways[1].obstacle = None;
    let shown = rendered(&[item(&capability)]);
    assert!(
        shown.contains("but") && shown.contains("the result is not seen"),
        "{shown}"
    );
}

#[test]
fn a_healthy_machine() {
    let items = conditions(&healthy());
    assert!(items.iter().all(|item| item.good), "{items:?}");
    insta::assert_snapshot!(rendered(&items));
}

#[test]
fn everything_that_can_be_wrong_has_a_remedy() {
    let user = HostFacts {
        release: "4.19.0-27-amd64".to_owned(),
        uid: 1000,
        capabilities: CapabilitySet::empty(),
        has_btf: false,
        lockdown: Some(Lockdown::Confidentiality),
        in_initial_user_ns: false,
        cgroups: CgroupFacts {
            setup: CgroupSetup::Hybrid,
            unified: Some(Unified {
                path: PathBuf::from("/sys/fs/cgroup/unified"),
                is_root: false,
            }),
        },
        ..healthy()
    };
    let items = conditions(&user);
    assert!(items.iter().all(|item| !item.good), "{items:?}");
    insta::assert_snapshot!(rendered(&items));
}

#[test]
fn a_container_without_privileges_is_told_so() {
    let container = HostFacts {
        capabilities: CapabilitySet::DAC_OVERRIDE,
        in_initial_pid_ns: false,
        lockdown: None,
        ..healthy()
    };
    let all = rendered(&conditions(&container));
    assert!(
        all.contains("run it with --privileged") && all.contains("--pid=host"),
        "{all}"
    );
}

#[test]
fn old_privileges_and_missing_comfort_are_enough() {
    let old = HostFacts {
        release: "5.10.0-35-arm64".to_owned(),
        capabilities: CapabilitySet::all() - CapabilitySet::BPF - CapabilitySet::SYS_RESOURCE,
        memlock: None,
        ..healthy()
    };
    let items = conditions(&old);
    assert!(items.iter().all(|item| item.good), "{items:?}");
    assert!(rendered(&items).contains("uid 0, without CAP_BPF, CAP_SYS_RESOURCE"));
}

#[test]
fn a_capability_names_the_way_and_the_obstacles() {
    let mut first = refused("no cgroup2 hierarchy is mounted");
    let nothing = capability(&first, &healthy());
    assert!(!nothing.good);
    assert_eq!(
        rendered(&[nothing]),
        "!!  refused connections               none\n    \
             tried     fexit unix_stream_connect: EPERM\n    \
             tried     cgroup/connect_unix: no cgroup2 hierarchy is mounted\n    \
             without   a caller is not reported\n"
    );
    let user = HostFacts {
        uid: 1000,
        capabilities: CapabilitySet::empty(),
        ..healthy()
    };
    let below = capability(&first, &user).below;
    assert_eq!(
        below.last(),
        Some(&("remedy", "run it as root: sudo imgtrace".to_owned()))
    );

    first.ways[1].obstacle = None;
    let second_way = capability(&first, &healthy());
    assert!(second_way.good);
    assert_eq!(second_way.found, "cgroup/connect_unix");
    assert_eq!(
        second_way.below.len(),
        1,
        "why the cheaper way is not taken"
    );
}

#[test]
fn releases() {
    assert_eq!(version("6.12.48+deb13-amd64"), Some((6, 12)));
    assert_eq!(version("5.10-custom"), Some((5, 10)));
    assert_eq!(version("unknown"), None);
}

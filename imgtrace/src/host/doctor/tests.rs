use super::*;

#[test]
fn this_machine_is_read() {
    let facts = HostFacts::read();
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    assert_eq!(facts.release, release.trim());
    assert_eq!(facts.machine, std::env::consts::ARCH);
    assert_eq!(facts.has_btf, Path::new("/sys/kernel/btf/vmlinux").exists());
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("CapEff:"))
        .unwrap();
    let bits = u64::from_str_radix(line.split_whitespace().nth(1).unwrap(), 16).unwrap();
    assert_eq!(facts.capabilities.bits(), bits);
    let wants_admin = facts
        .missing_capabilities()
        .any(|name| name == "CAP_SYS_ADMIN");
    assert_eq!(wants_admin, bits & (1 << 21) == 0);
    if let Some(unified) = facts.cgroups.unified {
        assert!(unified.path.join("cgroup.procs").exists());
        // Only the real root has no cgroup.type.
        assert_eq!(unified.is_root, !unified.path.join("cgroup.type").exists());
    }
}

#[test]
fn lockdown_is_what_stands_in_brackets() {
    assert_eq!(
        lockdown("[none] integrity confidentiality"),
        Some(Lockdown::None)
    );
    assert_eq!(
        lockdown("none [integrity] confidentiality"),
        Some(Lockdown::Integrity)
    );
    assert_eq!(
        lockdown("none integrity [confidentiality]"),
        Some(Lockdown::Confidentiality)
    );
    assert_eq!(lockdown(""), None);
}

const V1: &str = "30 25 0:26 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory\n";
const V2: &str = "31 25 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
const PART: &str = "32 25 0:27 /docker/ab /mnt rw - cgroup2 cgroup2 rw\n";

#[test]
fn set_ups_of_control_groups_are_told_apart() {
    let setup = |text: &str| cgroups(text, true).setup;
    assert_eq!(setup(""), CgroupSetup::Missing);
    assert_eq!(setup(V1), CgroupSetup::V1);
    assert_eq!(setup(V2), CgroupSetup::V2);
    assert_eq!(setup(&format!("{V1}{V2}")), CgroupSetup::Hybrid);
}

#[test]
fn the_root_of_the_hierarchy_is_told_from_a_part() {
    let is_root = |text: &str, initial| cgroups(text, initial).unified.unwrap().is_root;
    assert!(is_root(V2, true));
    assert!(!is_root(V2, false));
    assert!(!is_root(PART, true));
    let both = cgroups(&format!("{V2}{PART}"), true).unified.unwrap();
    assert_eq!(both.path, Path::new("/sys/fs/cgroup/unified"));
}

//! What facts mean for imgtrace: good or not, and the remedy.

use std::path::Path;

use crate::capture::Capability;
use crate::host::doctor::{CgroupSetup, HostFacts, Lockdown};
use crate::show::checklist::Item;

/// The oldest kernel with what the programs need: `bpf_skb_output` and BTF-typed tracepoints,
/// tried on Debian 11's.
const OLDEST_KERNEL: (u32, u32) = (5, 10);

/// From this kernel on maps are not charged to `RLIMIT_MEMLOCK` ("bpf: Eliminate rlimit-based memory accounting").
const NO_MEMLOCK: (u32, u32) = (5, 11);

/// What must hold before anything can be tried, in the order in which it stands in the way.
pub(super) fn conditions(facts: &HostFacts) -> Vec<Item> {
    [kernel(facts), types(facts), privileges(facts)]
        .into_iter()
        .chain([lockdown(facts), namespaces(facts), cgroups(facts)])
        .chain(memlock(facts))
        .collect()
}

/// Which way is taken, or what is not seen without it.
pub(super) fn capability(capability: &Capability, facts: &HostFacts) -> Item {
    let mut below = Vec::new();
    // What stands in the way of those that are not better does not matter.
    let better = capability.ways.iter();
    let better = better.map_while(|way| Some((way.name, way.obstacle.as_ref()?)));
    below.extend(better.map(|(name, obstacle)| ("tried", format!("{name}: {obstacle}"))));
    let taken = capability.taken();
    below.extend(taken.and_then(|way| Some(("but", way.lacks?.to_owned()))));
    if taken.is_none() {
        below.push(("without", capability.without.to_owned()));
        below.extend(remedy(facts).map(|remedy| ("remedy", remedy)));
    }
    Item {
        good: taken.is_some(),
        name: capability.name.to_owned(),
        found: taken.map_or("none", |way| way.name).to_owned(),
        below,
    }
}

/// What is in the way of any kernel program, first things first; none if it is the kernel itself.
fn remedy(facts: &HostFacts) -> Option<String> {
    let conditions = [
        privileges(facts),
        lockdown(facts),
        types(facts),
        kernel(facts),
    ];
    let first = conditions.into_iter().find(|condition| !condition.good)?;
    first
        .below
        .into_iter()
        .find(|(label, _)| *label == "remedy")
        .map(|(_, text)| text)
}

fn item(name: &str, found: String, remedy: Option<&str>) -> Item {
    Item {
        good: remedy.is_none(),
        name: name.to_owned(),
        found,
        below: remedy
            .map(|remedy| ("remedy", remedy.to_owned()))
            .into_iter()
            .collect(),
    }
}

fn kernel(facts: &HostFacts) -> Item {
    let old = version(&facts.release).is_some_and(|version| version < OLDEST_KERNEL);
    let remedy = old.then_some("imgtrace needs Linux 5.10 or later");
    item(
        "kernel",
        format!("{} {}", facts.release, facts.machine),
        remedy,
    )
}

/// Major and minor number of a release: `6.12` of `6.12.48+deb13-amd64`.
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn types(facts: &HostFacts) -> Item {
    let (found, remedy) = if facts.has_btf {
        ("/sys/kernel/btf/vmlinux", None)
    } else {
        (
            "none",
            Some("boot a kernel that is built with CONFIG_DEBUG_INFO_BTF=y"),
        )
    };
    item("type information (BTF)", found.to_owned(), remedy)
}

fn privileges(facts: &HostFacts) -> Item {
    let missing: Vec<_> = facts.missing_capabilities().collect();
    let found = match missing.as_slice() {
        [] => format!("uid {}", facts.uid),
        missing => format!("uid {}, without {}", facts.uid, missing.join(", ")),
    };
    let has = |name| !missing.contains(&name);
    // CAP_SYS_ADMIN stands for both on kernels before 5.8, and is accepted for both after it.
    let may_load = has("CAP_SYS_ADMIN") || (has("CAP_BPF") && has("CAP_PERFMON"));
    let remedy = if may_load {
        None
    } else if facts.uid == 0 {
        Some("in a container, run it with --privileged, or give it CAP_BPF and CAP_PERFMON")
    } else {
        Some("run it as root: sudo imgtrace")
    };
    item("privileges", found, remedy)
}

fn lockdown(facts: &HostFacts) -> Item {
    let found = match facts.lockdown {
        None => "not told by this kernel",
        Some(Lockdown::None) => "none",
        Some(Lockdown::Integrity) => "integrity",
        Some(Lockdown::Confidentiality) => "confidentiality",
    };
    let locked = facts.lockdown == Some(Lockdown::Confidentiality);
    let remedy = locked.then_some("boot with lockdown=integrity: no program may read the kernel");
    item("lockdown", found.to_owned(), remedy)
}

fn namespaces(facts: &HostFacts) -> Item {
    let (found, remedy) = match (facts.in_initial_user_ns, facts.in_initial_pid_ns) {
        (true, true) => ("the machine's own", None),
        (false, _) => (
            "a user namespace",
            Some("run it outside: privileges of a user namespace are worth nothing to eBPF"),
        ),
        (true, false) => (
            "a pid namespace",
            Some("run it with the host's pids (--pid=host): /proc speaks of others here"),
        ),
    };
    item("namespaces", found.to_owned(), remedy)
}

fn cgroups(facts: &HostFacts) -> Item {
    let found = match facts.cgroups.setup {
        CgroupSetup::V2 => "v2",
        CgroupSetup::Hybrid => "v1, and v2 beside it",
        CgroupSetup::V1 => "v1",
        CgroupSetup::Missing => "none is mounted",
    };
    let unified = facts.cgroups.unified.as_ref();
    let path = unified
        .map(|unified| unified.path.as_path())
        .filter(|path| *path != Path::new(""));
    let part = unified.is_some_and(|unified| !unified.is_root);
    let place = path
        .map(|path| format!(" at {}", path.display()))
        .unwrap_or_default();
    let remedy = part.then_some(
        "give it the host's /sys/fs/cgroup and cgroup namespace: refused connections are seen \
         in this part alone",
    );
    item("control groups", format!("{found}{place}"), remedy)
}

/// Locked memory, where it can be in the way.
fn memlock(facts: &HostFacts) -> Option<Item> {
    let charged = version(&facts.release).is_some_and(|version| version < NO_MEMLOCK);
    let limit = facts.memlock.filter(|_| charged)?;
    let remedy = "ulimit -l unlimited, or LimitMEMLOCK=infinity in a unit";
    Some(item(
        "locked memory",
        format!("{limit} bytes"),
        Some(remedy),
    ))
}

#[cfg(test)]
mod tests;

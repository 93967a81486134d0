//! The machine, as far as it decides what imgtrace may do: facts, without judgement.

use std::path::{Path, PathBuf};

use rustix::process::{Resource, getrlimit};
use rustix::thread::{CapabilitySet, capabilities};

use super::process;

/// Inode numbers of the first namespaces (`include/linux/proc_ns.h`).
const INITIAL_CGROUP_NS: u32 = 0xEFFF_FFFB;
const INITIAL_PID_NS: u32 = 0xEFFF_FFFC;
const INITIAL_USER_NS: u32 = 0xEFFF_FFFD;

/// The capabilities that imgtrace makes use of, by their names in capabilities(7).
const WANTED: &[(CapabilitySet, &str)] = &[
    (CapabilitySet::BPF, "CAP_BPF"),
    (CapabilitySet::PERFMON, "CAP_PERFMON"),
    (CapabilitySet::NET_ADMIN, "CAP_NET_ADMIN"),
    (CapabilitySet::SYS_ADMIN, "CAP_SYS_ADMIN"),
    (CapabilitySet::SYS_PTRACE, "CAP_SYS_PTRACE"),
    (CapabilitySet::SYS_RESOURCE, "CAP_SYS_RESOURCE"),
    (CapabilitySet::DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH"),
    (CapabilitySet::DAC_OVERRIDE, "CAP_DAC_OVERRIDE"),
    (CapabilitySet::SYSLOG, "CAP_SYSLOG"),
];

/// What the kernel keeps even root from doing (`kernel_lockdown(7)`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lockdown {
    /// Nothing.
    None,
    /// Changing the running kernel.
    Integrity,
    /// Reading its memory too, which eBPF programs do.
    Confidentiality,
}

/// How control groups are mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CgroupSetup {
    /// Only v2.
    V2,
    /// v1 hierarchies, and a v2 one beside them.
    Hybrid,
    /// Only v1.
    V1,
    /// None is mounted.
    Missing,
}

/// The mounted v2 hierarchy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unified {
    /// Where.
    pub path: PathBuf,
    /// Whether its top is the hierarchy's own: a program that is attached there sees everybody. In
    /// a container it is mostly the container's.
    pub is_root: bool,
}

/// Control groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CgroupFacts {
    /// Which versions are mounted.
    pub setup: CgroupSetup,
    /// The v2 hierarchy, if there is one.
    pub unified: Option<Unified>,
}

/// The facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostFacts {
    /// The kernel's release, `6.12.48+deb13-amd64`.
    pub release: String,
    /// The machine's architecture, `x86_64`.
    pub machine: String,
    /// Effective user id.
    pub uid: u32,
    /// Effective capabilities.
    pub capabilities: CapabilitySet,
    /// Whether `/sys/kernel/btf/vmlinux` can be read.
    pub has_btf: bool,
    /// Lockdown; null where the kernel has none or securityfs is not mounted.
    pub lockdown: Option<Lockdown>,
    /// `kernel.perf_event_paranoid`.
    pub perf_event_paranoid: Option<i32>,
    /// `kernel.unprivileged_bpf_disabled`.
    pub unprivileged_bpf_disabled: Option<u32>,
    /// Control groups.
    pub cgroups: CgroupFacts,
    /// `RLIMIT_MEMLOCK` in bytes, null if unlimited; it bounds maps before Linux 5.11.
    pub memlock: Option<u64>,
    /// Whether pids are the machine's own; if not, `/proc` speaks of other processes than the
    /// kernel does.
    pub in_initial_pid_ns: bool,
    /// Whether imgtrace is in the first user namespace; in another one its capabilities are worth
    /// nothing to eBPF.
    pub in_initial_user_ns: bool,
}

impl HostFacts {
    /// Reads them. What cannot be read is null, empty or false.
    pub fn read() -> Self {
        let uname = rustix::system::uname();
        let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let in_initial = |kind, inode| process::namespace("self", kind) == inode;
        Self {
            release: uname.release().to_string_lossy().into_owned(),
            machine: uname.machine().to_string_lossy().into_owned(),
            uid: rustix::process::geteuid().as_raw(),
            capabilities: capabilities(None).map_or(CapabilitySet::empty(), |sets| sets.effective),
            has_btf: std::fs::File::open("/sys/kernel/btf/vmlinux").is_ok(),
            lockdown: word("/sys/kernel/security/lockdown").and_then(|text| lockdown(&text)),
            perf_event_paranoid: number("/proc/sys/kernel/perf_event_paranoid"),
            unprivileged_bpf_disabled: number("/proc/sys/kernel/unprivileged_bpf_disabled"),
            cgroups: cgroups(&mounts, in_initial("cgroup", INITIAL_CGROUP_NS)),
            memlock: getrlimit(Resource::Memlock).current,
            in_initial_pid_ns: in_initial("pid", INITIAL_PID_NS),
            in_initial_user_ns: in_initial("user", INITIAL_USER_NS),
        }
    }

    /// Names of the capabilities that imgtrace makes use of and does not have.
    pub fn missing_capabilities(&self) -> impl Iterator<Item = &'static str> {
        let missing = WANTED
            .iter()
            .filter(|(capability, _)| !self.capabilities.contains(*capability));
        missing.map(|(_, name)| *name)
    }
}

fn word(path: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(text.trim().to_owned())
}

fn number<T: std::str::FromStr>(path: &str) -> Option<T> {
    word(path)?.parse().ok()
}

/// `none [integrity] confidentiality`.
fn lockdown(text: &str) -> Option<Lockdown> {
    let (_, chosen) = text.split_once('[')?;
    match chosen.split_once(']')?.0 {
        "none" => Some(Lockdown::None),
        "integrity" => Some(Lockdown::Integrity),
        "confidentiality" => Some(Lockdown::Confidentiality),
        _ => None,
    }
}

/// Reads the set-up from a mountinfo. `initial`: imgtrace is in the first cgroup namespace; in
/// another one a mount's root looks like the hierarchy's and is not.
fn cgroups(mountinfo: &str, initial: bool) -> CgroupFacts {
    let mounts = || {
        mountinfo.lines().filter_map(|line| {
            let (before, after) = line.split_once(" - ")?;
            let mut fields = before.split(' ').skip(3);
            Some((after.split(' ').next()?, fields.next()?, fields.next()?))
        })
    };
    let has_v1 = mounts().any(|(kind, ..)| kind == "cgroup");
    let unified = mounts()
        .filter(|(kind, ..)| *kind == "cgroup2")
        .map(|(_, root, path)| Unified {
            path: Path::new(path).to_owned(),
            is_root: initial && root == "/",
        })
        // Any mount of the whole is better than one of a part.
        .max_by_key(|unified| unified.is_root);
    CgroupFacts {
        setup: match (has_v1, unified.is_some()) {
            (false, true) => CgroupSetup::V2,
            (true, true) => CgroupSetup::Hybrid,
            (true, false) => CgroupSetup::V1,
            (false, false) => CgroupSetup::Missing,
        },
        unified,
    }
}

#[cfg(test)]
mod tests;

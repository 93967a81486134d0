//! What is known of processes: what the kernel side said, and `/proc` where it said nothing.
//!
//! Every program that the host executes comes by here; only those that matter are observed.

use std::collections::{HashMap, VecDeque};

use imgtrace_common::{CgroupNames, Process as Record, origin};

use crate::{
    host::{
        arguments,
        permission::Credentials,
        process, refused, runtimes,
        users::{Place, Users},
    },
    model::{Ancestor, Cgroups, Process, ProcessKey, Source, Stamp},
    observation::{Observation, Observed},
};

/// Processes that are remembered; the oldest is forgotten first, and read from `/proc` if it still
/// lives when it matters again.
const PROCESSES_MAX: usize = 16_384;
/// Runtimes that are told of above one process: a monitor, its program, and what that is in.
const MAX_RUNTIMES: usize = 3;
/// Nanoseconds in a clock tick: `USER_HZ` is 100 on every architecture that imgtrace runs on.
const TICK_NS: u64 = 10_000_000;

/// The key of a process that started so many ns after boot.
pub(super) const fn key(pid: u32, start_ns: u64) -> ProcessKey {
    ProcessKey {
        pid,
        start: start_ns / TICK_NS,
    }
}

/// One process, and what of it has been observed already.
struct Known {
    process: Process,
    /// What it may do; none where only `/proc` has told, or not all groups were kept.
    rights: Option<Rights>,
    said: Option<Process>,
}

/// What the kernel side tells of a process' rights besides its user and group.
struct Rights {
    /// Supplementary groups.
    groups: Vec<u32>,
    /// `cred.cap_effective`.
    capabilities: u64,
    /// Inode number of the user namespace in which they count.
    user_ns: u32,
}

/// The processes of the host, as far as they were seen.
pub(super) struct Processes {
    known: HashMap<ProcessKey, Known>,
    order: VecDeque<ProcessKey>,
    /// The latest process of each pid.
    by_pid: HashMap<u32, ProcessKey>,
    users: Users,
}

impl Processes {
    pub(super) fn new() -> Self {
        Self {
            known: HashMap::new(),
            order: VecDeque::new(),
            by_pid: HashMap::new(),
            users: Users::new(),
        }
    }

    /// Takes over what the kernel side says.
    pub(super) fn learn(&mut self, record: &Record) {
        let key = key(record.pid, record.start);
        let rights = rights(record);
        let described = described(key, record);
        let process = match self.known.remove(&key) {
            Some(before) => {
                let process = merged(before.process, described, record.origin);
                self.known.insert(
                    key,
                    Known {
                        process,
                        rights,
                        said: before.said,
                    },
                );
                return;
            }
            None => described,
        };
        self.insert(process, rights);
    }

    fn insert(&mut self, process: Process, rights: Option<Rights>) {
        if self.order.len() >= PROCESSES_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
            if self.by_pid.get(&oldest.pid) == Some(&oldest) {
                self.by_pid.remove(&oldest.pid);
            }
        }
        let key = process.key;
        self.order.push_back(key);
        self.by_pid.insert(key.pid, key);
        self.known.insert(
            key,
            Known {
                process,
                rights,
                said: None,
            },
        );
    }

    /// Names of users and groups.
    pub(super) fn users(&mut self) -> &mut Users {
        &mut self.users
    }

    /// The process that had this pid last, as far as is known.
    pub(super) fn latest(&self, pid: u32) -> Option<ProcessKey> {
        self.by_pid.get(&pid).copied()
    }

    /// What is known of a process.
    pub(super) fn get(&self, key: ProcessKey) -> Option<&Process> {
        self.known.get(&key).map(|known| &known.process)
    }

    /// What a process may do, if the kernel side has told. To be asked while it lives: a user
    /// namespace of its own can only be looked at then.
    pub(super) fn credentials(&self, key: ProcessKey) -> Option<Credentials> {
        let known = self.known.get(&key)?;
        let rights = known.rights.as_ref()?;
        Some(Credentials {
            uid: known.process.uid,
            gid: known.process.gid,
            groups: rights.groups.clone(),
            capabilities: rights.capabilities,
            namespace: refused::user_namespace(rights.user_ns, key.pid),
        })
    }

    /// Fills in from `/proc` what the kernel side did not say, if the process still lives.
    pub(super) fn complete(&mut self, key: ProcessKey) {
        let known = self.known.get(&key);
        if known.is_some_and(|known| known.process.exe.is_some() && known.process.args.is_some()) {
            return;
        }
        let Some(read) = process::describe(key.pid, &mut self.users).filter(|read| read.key == key)
        else {
            return;
        };
        match self.known.get_mut(&key) {
            Some(known) => {
                let process = &mut known.process;
                process.exe = process.exe.take().or(read.exe);
                if process.args.is_none() {
                    process.args = read.args;
                    process.args_cut = read.args_cut;
                    process.source = Source::Proc;
                }
            }
            None => self.insert(read, None),
        }
    }

    /// Observes a process, unless exactly this was observed before.
    pub(super) fn say(&mut self, key: ProcessKey, at: Stamp, out: &mut Vec<Observed>) {
        self.complete(key);
        let Some(known) = self.known.get_mut(&key) else {
            return;
        };
        let said = known.said.as_ref().map(|said| said.uid);
        if known.process.user.is_none() && said != Some(known.process.uid) {
            let user_ns = known.rights.as_ref().map_or(0, |rights| rights.user_ns);
            let place = Place {
                key,
                mount_ns: known.process.mount_ns,
                user_ns,
            };
            known.process.user = self.users.user(place, known.process.uid);
        }
        if known.said.as_ref() == Some(&known.process) {
            return;
        }
        known.said = Some(known.process.clone());
        out.push(Observed {
            at,
            what: Observation::Process(known.process.clone()),
        });
    }

    /// As [`Processes::say`], and likewise of the runtimes nearest above it: Podman has a child of
    /// its own mount what has many layers, and an OCI runtime is called by a monitor of Podman's.
    pub(super) fn say_with_runtimes(
        &mut self,
        key: ProcessKey,
        at: Stamp,
        out: &mut Vec<Observed>,
    ) {
        self.say(key, at, out);
        let ancestors = self.get(key).map_or(&[][..], |process| &process.ancestors);
        let runtimes: Vec<ProcessKey> = ancestors
            .iter()
            .filter(|above| runtimes::mounts_root_file_systems(&above.comm))
            .map(|above| above.key)
            .take(MAX_RUNTIMES)
            .collect();
        for runtime in runtimes {
            self.say(runtime, at, out);
        }
    }
}

fn described(key: ProcessKey, record: &Record) -> Process {
    let kept = record
        .args
        .get(..count(record.args_len))
        .unwrap_or(&record.args);
    let cut = count(record.args_len) > record.args.len();
    let arguments = (!kept.is_empty()).then(|| arguments::mask(kept, cut));
    let exe = text(&record.exe);
    Process {
        key,
        comm: text(&record.comm),
        exe: (!exe.is_empty()).then_some(exe),
        args_cut: arguments.as_ref().is_some_and(|arguments| arguments.cut),
        args: arguments.map(|arguments| arguments.words),
        uid: record.uid,
        gid: record.gid,
        // Looked up when it matters: most of what is executed never does.
        user: None,
        ancestors: ancestors(record),
        cgroups: Cgroups {
            v1: path(&record.cgroup_v1),
            v2: path(&record.cgroup_v2),
        },
        mount_ns: record.mount_ns,
        pid_ns: record.pid_ns,
        source: if record.origin == origin::ACCEPT {
            Source::Accept
        } else {
            Source::Kernel
        },
    }
}

/// A later description over an earlier one. Ancestors are the first that were seen, since a parent
/// may be gone later; the program is that of the last exec.
fn merged(before: Process, mut now: Process, when: u32) -> Process {
    if when != origin::EXEC {
        now.exe = now.exe.or(before.exe);
        if now.args.is_none() {
            now.args = before.args;
            now.args_cut = before.args_cut;
            now.source = before.source;
        }
    }
    now.ancestors = before.ancestors;
    if now.uid == before.uid {
        now.user = before.user;
    }
    now
}

fn count(value: u32) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

/// None if there are more groups than a record keeps.
fn rights(record: &Record) -> Option<Rights> {
    Some(Rights {
        groups: record.groups.get(..count(record.groups_len))?.to_vec(),
        capabilities: record.capabilities,
        user_ns: record.user_ns,
    })
}

/// The text of a fixed field up to its NUL.
pub(super) fn text(field: &[u8]) -> String {
    let text = field.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

fn ancestors(record: &Record) -> Vec<Ancestor> {
    record
        .ancestors
        .iter()
        .take_while(|ancestor| ancestor.pid != 0)
        .map(|ancestor| Ancestor {
            key: key(ancestor.pid, ancestor.start),
            comm: text(&ancestor.comm),
        })
        .collect()
}

/// `/outer/inner` from the names that the kernel gave innermost first; none for a hierarchy that
/// is not there or the root of one.
fn path(names: &CgroupNames) -> Option<String> {
    let mut path = String::new();
    for name in names.iter().take_while(|name| name.first() != Some(&0)) {
        path = format!("/{}{path}", text(name));
    }
    (!path.is_empty()).then_some(path)
}

#[cfg(test)]
mod tests;

//! The first program in a container's control group: the moment at which a container runs.
//!
//! Told from the control groups of the programs that are executed, and at start from `/proc`. A
//! container's program is the one that its first process executes after the runtime's own.

use std::collections::BTreeMap;

use super::{Observer, oci};
use crate::{
    capture::Capture,
    correlate::{Bounded, Place},
    host::{
        process::{self, Glance},
        runtimes,
    },
    model::{Cgroups, MountId, Process, ProcessKey, Runtime, Stamp},
    observation::{Observation, Observed},
};

/// Running containers that are remembered. What was forgotten is told anew with the next program
/// that is executed in it.
const RUNNING_MAX: usize = 16_384;

/// The ids of a container and of those around it, outermost first.
pub(super) type Chain = Vec<String>;

/// The containers in which a program was executed since they were last seen to end.
pub(super) struct Running {
    /// With the process that was seen to run first.
    chains: Bounded<Chain, ProcessKey>,
    /// Containers whose root file systems are mounted.
    mounted: Bounded<MountId, String>,
}

impl Running {
    pub(super) const fn new() -> Self {
        Self {
            chains: Bounded::new(RUNNING_MAX),
            mounted: Bounded::new(RUNNING_MAX),
        }
    }

    /// The container that begins to run with the program that a process has just executed.
    fn executed(&mut self, process: &Process) -> Option<Chain> {
        let chain = chain(&process.cgroups)?;
        if self.chains.get_mut(&chain).is_some() {
            return None;
        }
        if oci::is_runtimes_own(process) || oci::is_hook(process) {
            return None;
        }
        self.chains.insert(chain.clone(), process.key);
        Some(chain)
    }

    /// A container has ended, and with it what ran inside of it. `outer` are the containers around
    /// who said so: those beside them are none of its business.
    pub(super) fn ended(&mut self, outer: &[String], container: &str) {
        self.forget(|chain, _| {
            let inside = chain.strip_prefix(outer);
            inside.is_some_and(|inside| inside.iter().any(|id| id == container))
        });
    }

    /// The root file system of a container was mounted.
    pub(super) fn mounted(&mut self, mount: MountId, container: &str) {
        self.mounted.insert(mount, container.to_owned());
    }

    /// A root file system is mounted nowhere any more. That of a container that still runs may be
    /// gone from the namespaces that are watched, and not from its own.
    pub(super) fn unmounted(&mut self, mount: MountId) {
        if let Some(container) = self.mounted.remove(&mount) {
            self.forget(|chain, first| {
                chain.last() == Some(&container) && !process::is_running(*first)
            });
        }
    }

    fn forget(&mut self, is_gone: impl Fn(&Chain, &ProcessKey) -> bool) {
        let gone = |(chain, first): &(&Chain, &ProcessKey)| is_gone(chain, first);
        let gone: Vec<Chain> = self
            .chains
            .iter()
            .filter(gone)
            .map(|(chain, _)| chain.clone())
            .collect();
        for chain in gone {
            self.chains.remove(&chain);
        }
    }
}

/// The container that a process is in and those around it; none outside of any, and none for a step
/// of a build, which is no container.
fn chain(cgroups: &Cgroups) -> Option<Chain> {
    let place = Place::of(cgroups)?;
    let innermost = place.containers.last()?;
    (innermost.runtime != Some(Runtime::BuildKit)).then(|| ids(place))
}

/// The containers and steps of builds around a process, outermost first; empty outside of any.
pub(super) fn around(cgroups: &Cgroups) -> Chain {
    Place::of(cgroups).map(ids).unwrap_or_default()
}

fn ids(place: Place) -> Chain {
    let nested = place.containers.into_iter();
    nested.map(|nested| nested.id).collect()
}

/// The oldest process of each container, without those of containers that were only created: they
/// still are the runtime itself.
fn oldest(processes: impl IntoIterator<Item = Glance>) -> BTreeMap<Chain, ProcessKey> {
    let mut oldest: BTreeMap<Chain, ProcessKey> = BTreeMap::new();
    for Glance { key, comm, cgroups } in processes {
        if comm.starts_with("runc:[") || runtimes::is_oci_runtime(&comm) {
            continue;
        }
        let Some(chain) = chain(&cgroups) else {
            continue;
        };
        let first = oldest.entry(chain).or_insert(key);
        if (key.start, key.pid) < (first.start, first.pid) {
            *first = key;
        }
    }
    oldest
}

impl Observer {
    /// Tells the container that begins to run with a program, if one does.
    pub(super) fn ran(&mut self, process: ProcessKey, at: Stamp) {
        let known = self.processes.get(process);
        if let Some(chain) = known.and_then(|known| self.running.executed(known)) {
            self.runs(chain, process, at, false);
        }
    }

    /// Looks at what runs already: tells the containers, of each the process that was there first,
    /// and watches the mount namespaces of runtimes.
    pub(super) fn look_around(&mut self, capture: &mut Capture, at: Stamp) {
        let all: Vec<Glance> = process::all().collect();
        let runtimes: Vec<ProcessKey> = all
            .iter()
            .filter(|seen| runtimes::mounts_root_file_systems(&seen.comm))
            .map(|seen| seen.key)
            .collect();
        self.watch_mounts(capture, &runtimes, at);
        for (chain, process) in oldest(all).into_iter().take(RUNNING_MAX) {
            self.running.chains.insert(chain.clone(), process);
            self.runs(chain, process, at, true);
        }
    }

    fn runs(&mut self, mut chain: Chain, process: ProcessKey, at: Stamp, already: bool) {
        let Some(container) = chain.pop() else {
            return;
        };
        self.processes.say(process, at, &mut self.out);
        let what = Observation::ContainerRuns {
            container,
            outer: chain,
            process,
            already,
        };
        self.out.push(Observed { at, what });
    }
}

#[cfg(test)]
mod tests;

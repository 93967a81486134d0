//! Starts of containers, by what was seen of them on the machine itself: what was mounted for them,
//! the calls of OCI runtimes, the first programs.
//!
//! It knows no request; `operations/started.rs` finds the one that a start is part of. Each start
//! is told once: as part of what somebody asked for, or as an operation of its own.

mod asked;
mod cause;
mod culprit;
mod life;
mod own;
mod repeated;

use std::collections::{BTreeMap, BTreeSet};

use super::bounded::Bounded;
use super::cgroup::is_container_id;
use crate::model::{MountId, OciVerb, Operation, ProcessKey, Role, Runtime, Stamp};
use crate::observation::Observation;
use life::{Life, Mount};

pub(super) use asked::{Daemon, Span};
pub(super) use cause::has_no_daemon;
pub(super) use life::{Run, Told};

/// Containers of which it is kept what was seen.
const MAX_CONTAINERS: usize = 8_192;

/// Mounts kept, to know which one is gone.
const MAX_MOUNTS: usize = 16_384;

/// Working containers of Buildah kept by who mounted them.
const MAX_WORKING: usize = 256;

/// Containers of pods kept by name, to know which ones come again.
const MAX_IN_PODS: usize = 8_192;

/// Longest id that is kept.
const MAX_ID: usize = 1_024;

/// ns between a start as a request has it and as it was seen on the machine, where neither lies
/// within the other.
const SLACK: u64 = 1_000_000_000;

/// ns that an answered request waits for what was mounted: its files are read while the daemon
/// answers. It waits no longer than until that comes.
const PATIENCE: u64 = 400_000_000;

/// The same where the last that was asked of the runtime was seen mounted. It comes before the answer,
/// except where a hundred containers start on two processors: there the kernel takes seconds to say
/// what is mounted.
const USUAL_PATIENCE: u64 = 5_000_000_000;

/// Requests in a row, to the daemons of one runtime, that waited in vain for what was mounted: the
/// next ones do not wait until a mount is seen again.
const MAX_IN_VAIN: u32 = 3;

/// What names a container: 64 hex digits are the same everywhere, another id belongs to a namespace
/// of containerd.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub(super) id: String,
    pub(super) namespace: Option<String>,
}

impl Name {
    pub(super) fn new(id: &str, namespace: Option<&str>) -> Self {
        let namespace = namespace.filter(|_| !is_container_id(id));
        Self {
            id: id.to_owned(),
            namespace: namespace.map(str::to_owned),
        }
    }

    fn is_unique(&self) -> bool {
        is_container_id(&self.id)
    }
}

/// A container's place in a pod: the pod's uid, else its names, and the container's name.
type InPod = (String, String);

/// All that was seen of containers, and what of it is to be told.
#[derive(Debug)]
pub(super) struct Starts {
    lives: Bounded<Name, Life>,
    mounts: Bounded<MountId, Name>,
    /// Who mounted a working container of Buildah.
    working: Bounded<ProcessKey, Name>,
    in_pods: Bounded<InPod, u64>,
    /// When (ns of the monotonic clock) something is due, and for which container.
    due: BTreeSet<(u64, Name)>,
    /// True if anything of the machine itself was ever seen: else nothing is waited for.
    watching: bool,
    in_vain: BTreeMap<Runtime, u32>,
    /// Starts that fell out of a table and are not told.
    lost: u64,
    /// Operations that fell out of the table and are told at once.
    pushed_out: Vec<Operation>,
}

impl Starts {
    pub(super) const fn new() -> Self {
        Self {
            lives: Bounded::new(MAX_CONTAINERS),
            mounts: Bounded::new(MAX_MOUNTS),
            working: Bounded::new(MAX_WORKING),
            in_pods: Bounded::new(MAX_IN_PODS),
            due: BTreeSet::new(),
            watching: false,
            in_vain: BTreeMap::new(),
            lost: 0,
            pushed_out: Vec::new(),
        }
    }

    /// Takes in what was seen; returns the container of which there is news.
    pub(super) fn observe(&mut self, at: Stamp, what: &Observation) -> Option<Name> {
        self.watching = true;
        match what {
            Observation::Mounted {
                rootfs,
                mounter,
                already,
            } => {
                let identity = &rootfs.identity;
                let id = identity.container.as_deref()?;
                if identity.role == Role::Build {
                    return None;
                }
                let name = self.enter(id, identity.namespace.as_deref())?;
                self.mounts.insert(rootfs.mount, name.clone());
                if let Some(mounter) = mounter.filter(|_| identity.role == Role::Working) {
                    self.working.insert(mounter, name.clone());
                }
                let life = self.lives.get_mut(&name)?;
                life.ran_before |= *already;
                life.mounted(Mount::new(rootfs.clone(), *mounter), at);
                Some(name)
            }
            Observation::Unmounted { mount } => {
                let name = self.mounts.remove(mount)?;
                self.lives.get_mut(&name)?.unmounted(*mount, at);
                None
            }
            Observation::OciRuntime {
                process,
                verb,
                container,
                namespace,
                ..
            } => {
                let name = self.enter(container, namespace.as_deref())?;
                let life = self.lives.get_mut(&name)?;
                match verb {
                    OciVerb::Create => life.created(at, *process),
                    OciVerb::Start | OciVerb::Run | OciVerb::Restore => {
                        life.called(at, *process);
                    }
                    OciVerb::Delete => life.deleted(),
                }
                self.lost += std::mem::take(&mut life.dropped);
                Some(name)
            }
            Observation::ContainerRuns {
                container,
                process,
                already,
                ..
            } => {
                let name = self.enter(container, None)?;
                let life = self.lives.get_mut(&name)?;
                if *already {
                    life.ran_before = true;
                } else {
                    life.runs(at, *process);
                }
                self.lost += std::mem::take(&mut life.dropped);
                Some(name)
            }
            _ => None,
        }
    }

    /// The name under which a container is kept; it is new if it was not seen before.
    fn enter(&mut self, id: &str, namespace: Option<&str>) -> Option<Name> {
        if id.is_empty() || id.len() > MAX_ID {
            return None;
        }
        let name = Name::new(id, namespace);
        match self.find(&name) {
            // By now its namespace is known.
            Some(known) if known.namespace.is_none() && name.namespace.is_some() => {
                self.rename(&known, &name);
                Some(name)
            }
            Some(known) => Some(known),
            None => {
                let fell_out = self.lives.insert(name.clone(), Life::default());
                self.forget(fell_out);
                Some(name)
            }
        }
    }

    fn rename(&mut self, from: &Name, to: &Name) {
        if let Some(mut life) = self.lives.remove(from) {
            if let Some(due) = life.due.take() {
                self.due.remove(&(due, from.clone()));
            }
            let due = life.runs.iter().any(|run| run.told == Told::Not);
            let fell_out = self.lives.insert(to.clone(), life);
            self.forget(fell_out);
            if due {
                self.wake(to, 0);
            }
        }
    }

    /// What is kept of a container under its name; without its namespace, of the only one with its
    /// id.
    pub(super) fn find(&self, name: &Name) -> Option<Name> {
        if self.lives.get(name).is_some() {
            return Some(name.clone());
        }
        if name.is_unique() {
            return None;
        }
        let first = Name {
            id: name.id.clone(),
            namespace: None,
        };
        let alike = self.lives.from(&first).map(|(known, _)| known);
        let alike = alike.take_while(|known| known.id == name.id);
        let mut fitting =
            alike.filter(|known| known.namespace.is_none() || name.namespace.is_none());
        let only = fitting.next()?;
        fitting.next().is_none().then(|| only.clone())
    }

    fn forget(&mut self, fell_out: Option<(Name, Life)>) {
        let Some((name, mut life)) = fell_out else {
            return;
        };
        if let Some(due) = life.due {
            self.due.remove(&(due, name));
        }
        let untold = life.runs.iter().filter(|run| run.told == Told::Not);
        self.lost += untold.map(|_| 1).sum::<u64>();
        self.pushed_out.extend(life.repeated.take());
    }

    /// Starts that were lost to a bound since this was asked last, and operations that are told now
    /// for the same reason.
    pub(super) fn take_lost(&mut self) -> (u64, Vec<Operation>) {
        let told = std::mem::take(&mut self.pushed_out);
        (std::mem::take(&mut self.lost), told)
    }

    /// Lets [`Self::pop_due`] return a container when that time has come, and not before.
    pub(super) fn wake(&mut self, name: &Name, mono: u64) {
        if let Some(life) = self.lives.get_mut(name) {
            if let Some(before) = life.due.replace(mono) {
                self.due.remove(&(before, name.clone()));
            }
            self.due.insert((mono, name.clone()));
        }
    }

    /// The next container for which something is due by now.
    pub(super) fn pop_due(&mut self, mono: u64) -> Option<Name> {
        self.due.first().filter(|(due, _)| *due <= mono)?;
        let (_, name) = self.due.pop_first()?;
        if let Some(life) = self.lives.get_mut(&name) {
            life.due = None;
        }
        Some(name)
    }

    /// The starts of a container that are not told.
    pub(super) fn untold(&self, name: &Name) -> Vec<Run> {
        let runs = self.lives.get(name).map(|life| life.runs.iter());
        let untold = runs.into_iter().flatten();
        untold
            .filter(|run| run.told == Told::Not)
            .cloned()
            .collect()
    }

    /// Whether anything is due for a container, and when that is to be looked at again.
    pub(super) fn is_woken(&self, name: &Name) -> bool {
        self.lives.get(name).is_some_and(|life| life.due.is_some())
    }

    /// Notes what was said of a start.
    pub(super) fn tell(&mut self, name: &Name, number: u64, told: Told) {
        let life = self.lives.get_mut(name);
        if let Some(run) = life.and_then(|life| life.run_mut(number)) {
            run.told = told;
        }
    }
}

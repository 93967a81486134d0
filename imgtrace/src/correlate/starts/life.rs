//! What was seen of one container: what is mounted for it, and each time that it was started.
//!
//! The three sources – mounts, calls of OCI runtimes, first programs – come in any order; here they
//! become runs, one for each start.

use super::repeated::Repeated;
use crate::model::{MountId, OperationId, ProcessKey, Rootfs, Stamp};

/// ns between the call that starts a container and its first program, or the other way round, at the
/// most. What is further apart is another start.
const SAME_START: u64 = 10_000_000_000;

/// ns by which what is told of a mount may be late: its files are read first.
const MOUNT_LATE: u64 = 2_000_000_000;

/// Starts of one container that are kept: those that are not told, and the latest.
const MAX_RUNS: usize = 16;

/// A root file system that is or was mounted.
#[derive(Clone, Debug)]
pub(in crate::correlate) struct Mount {
    pub(in crate::correlate) rootfs: Rootfs,
    pub(in crate::correlate) mounter: Option<ProcessKey>,
    /// True if a start has used it.
    used: bool,
    gone: bool,
}

impl Mount {
    pub(super) const fn new(rootfs: Rootfs, mounter: Option<ProcessKey>) -> Self {
        Self {
            rootfs,
            mounter,
            used: false,
            gone: false,
        }
    }
}

/// What has been said of a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::correlate) enum Told {
    /// Nothing yet.
    Not,
    /// It is part of an operation that a client, or another daemon, asked for.
    Asked,
    /// It is an operation of its own.
    Own(OperationId),
    /// It is gathered, to be told with others.
    Gathered,
    /// It makes no operation.
    Never,
}

/// One start.
#[derive(Clone, Debug)]
pub(in crate::correlate) struct Run {
    /// The how many-th it is since imgtrace looks on, from 1.
    pub(in crate::correlate) number: u64,
    /// When the container was made ready, or the first that was seen of its start.
    pub(in crate::correlate) began: Stamp,
    /// When the first that says that it was started was seen.
    pub(in crate::correlate) at: Stamp,
    /// The OCI runtime that was called to start it.
    pub(in crate::correlate) call: Option<ProcessKey>,
    /// The OCI runtime that was called to make it ready.
    pub(in crate::correlate) create: Option<ProcessKey>,
    /// When its first program was executed, and by whom.
    pub(in crate::correlate) first: Option<(Stamp, ProcessKey)>,
    /// What it runs on.
    pub(in crate::correlate) mount: Option<Mount>,
    pub(in crate::correlate) told: Told,
    /// True until it has ended.
    running: bool,
}

impl Run {
    /// True until it is seen to have ended.
    pub(super) const fn is_running(&self) -> bool {
        self.running
    }

    /// True if there is nothing more to come.
    pub(in crate::correlate) const fn is_complete(&self) -> bool {
        self.mount.is_some() && self.first.is_some()
    }
}

/// All that was seen of one container.
#[derive(Debug, Default)]
pub(in crate::correlate) struct Life {
    mount: Option<Mount>,
    create: Option<(Stamp, ProcessKey)>,
    pub(super) runs: Vec<Run>,
    starts: u64,
    /// The daemon that started it last.
    pub(super) daemon: Option<ProcessKey>,
    /// True if it ran before imgtrace.
    pub(super) ran_before: bool,
    pub(super) repeated: Repeated,
    /// Starts that were dropped before they were told.
    pub(super) dropped: u64,
    /// When something is due for it, ns of the monotonic clock.
    pub(super) due: Option<u64>,
    /// The end of the latest start that was told without anything seen of it here.
    pub(super) unmatched: Option<Stamp>,
}

impl Life {
    /// The latest root file system that was seen.
    pub(in crate::correlate) const fn mount(&self) -> Option<&Mount> {
        self.mount.as_ref()
    }

    /// A root file system that no earlier start has used: it is the next start's.
    pub(super) fn fresh_mount(&self) -> Option<&Mount> {
        self.mount.as_ref().filter(|mount| !mount.used)
    }

    pub(super) fn mounted(&mut self, mount: Mount, at: Stamp) {
        let mut mount = mount;
        let latest = self.runs.last_mut();
        let lacking = latest.filter(|run| run.mount.is_none() && since(at, run.at) <= MOUNT_LATE);
        if let Some(run) = lacking {
            mount.used = true;
            run.mount = Some(mount.clone());
        }
        self.mount = Some(mount);
    }

    pub(super) fn unmounted(&mut self, id: MountId, at: Stamp) {
        let Some(mount) = self.mount.as_mut().filter(|it| it.rootfs.mount == id) else {
            return;
        };
        mount.gone = true;
        // It may be that of the start before, told late.
        let latest = self.runs.last_mut();
        if let Some(run) = latest.filter(|run| since(at, run.at) > MOUNT_LATE) {
            run.running = false;
        }
    }

    pub(super) const fn created(&mut self, at: Stamp, process: ProcessKey) {
        self.create = Some((at, process));
    }

    /// An OCI runtime was called to start it; true if that is another start than the one before.
    pub(super) fn called(&mut self, at: Stamp, process: ProcessKey) -> bool {
        let latest = self.runs.last_mut();
        let same = latest
            .filter(|run| run.running && run.call.is_none() && since(at, run.at) <= SAME_START);
        if let Some(run) = same {
            run.call = Some(process);
            return false;
        }
        self.start(at, Some(process), None);
        true
    }

    /// Its first program was executed; true if that is another start than the one before.
    pub(super) fn runs(&mut self, at: Stamp, process: ProcessKey) -> bool {
        let latest = self.runs.last_mut();
        let same = latest
            .filter(|run| run.running && run.first.is_none() && since(at, run.at) <= SAME_START);
        if let Some(run) = same {
            run.first = Some((at, process));
            return false;
        }
        self.start(at, None, Some((at, process)));
        true
    }

    pub(super) fn deleted(&mut self) {
        self.create = None;
        if let Some(run) = self.runs.last_mut() {
            run.running = false;
        }
    }

    fn start(&mut self, at: Stamp, call: Option<ProcessKey>, first: Option<(Stamp, ProcessKey)>) {
        self.starts += 1;
        let create = self.create.take();
        let create = create.filter(|(created, _)| since(at, *created) <= SAME_START);
        let mount = self.mount.as_mut().filter(|mount| !mount.used);
        let mount = mount.map(|mount| {
            mount.used = true;
            mount.clone()
        });
        self.make_room();
        self.runs.push(Run {
            number: self.starts,
            began: create.map_or(at, |(created, _)| created),
            at,
            call,
            create: create.map(|(_, process)| process),
            first,
            mount,
            told: Told::Not,
            running: true,
        });
    }

    /// Drops the oldest start that has been told; where none has been, the oldest is lost.
    fn make_room(&mut self) {
        if self.runs.len() >= MAX_RUNS {
            let told = self.runs.iter().position(|run| run.told != Told::Not);
            self.dropped += u64::from(told.is_none());
            self.runs.remove(told.unwrap_or(0));
        }
    }

    pub(super) fn run_mut(&mut self, number: u64) -> Option<&mut Run> {
        self.runs.iter_mut().find(|run| run.number == number)
    }

    /// What a start ran on: its own root file system; the one before, which is the same container's,
    /// where its own was not seen.
    pub(super) fn mount_of(&self, run: &Run, is_unique: bool) -> Option<Mount> {
        let stale = || self.mount.clone().filter(|it| is_unique || !it.gone);
        run.mount.clone().or_else(stale)
    }
}

/// ns from one moment to another, whichever is the earlier one.
pub(super) const fn since(one: Stamp, other: Stamp) -> u64 {
    one.mono.abs_diff(other.mono)
}

#[cfg(test)]
mod tests;

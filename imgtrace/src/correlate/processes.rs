//! The processes that were described, by identity: a pid that comes back is another process.

use std::collections::BTreeMap;

use super::bounded::Bounded;
use crate::model::{Process, ProcessKey, Source, Stamp};

/// Descriptions kept of processes that no connection or endpoint refers to.
const MAX_IDLE: usize = 8_192;

/// Who was described. A process that is referred to stays for as long as it is.
#[derive(Debug)]
pub(crate) struct Processes {
    held: BTreeMap<ProcessKey, Held>,
    idle: Bounded<ProcessKey, Described>,
    /// ns by which the clock that start times are taken from is ahead of the observations' clock: the
    /// one goes on while the machine sleeps. The most that a process' start was ahead of the line
    /// that told it; processes are told as they begin.
    ahead: Option<i64>,
}

/// ns in a clock tick of start times.
const TICK: i64 = 10_000_000;

#[derive(Debug, Default)]
struct Held {
    references: usize,
    described: Option<Described>,
}

/// A process, put together from all that was said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Described {
    pub(crate) process: Process,
    /// True if what it runs was read from `/proc`: it may have run something else before.
    pub(crate) late: bool,
}

impl Processes {
    pub(crate) const fn new() -> Self {
        Self {
            held: BTreeMap::new(),
            idle: Bounded::new(MAX_IDLE),
            ahead: None,
        }
    }

    pub(crate) fn get(&self, key: &ProcessKey) -> Option<&Described> {
        match self.held.get(key) {
            Some(held) => held.described.as_ref(),
            None => self.idle.get(key),
        }
    }

    /// Takes over a description: whole if it is as good as what was known, else what was missing.
    pub(crate) fn describe(&mut self, at: Stamp, process: Process) {
        let key = process.key;
        if process.source == Source::Kernel {
            let ahead = started(key).saturating_sub_unsigned(at.mono);
            self.ahead = self.ahead.max(Some(ahead));
        }
        let new = Described {
            late: process.source == Source::Proc,
            process,
        };
        if let Some(held) = self.held.get_mut(&key) {
            held.described = Some(better(held.described.take(), new));
        } else {
            let known = self.idle.remove(&key);
            self.idle.insert(key, better(known, new));
        }
    }

    /// ns that a process has lived at a moment; none where the two clocks cannot be compared yet.
    pub(crate) fn age(&self, key: ProcessKey, at: Stamp) -> Option<u64> {
        let born = started(key).saturating_sub(self.ahead?);
        let age = i64::try_from(at.mono).ok()?.saturating_sub(born);
        Some(u64::try_from(age).unwrap_or(0))
    }

    /// Keeps a process until `release`.
    pub(crate) fn hold(&mut self, key: ProcessKey) {
        let held = self.held.entry(key).or_default();
        held.references += 1;
        if held.described.is_none() {
            held.described = self.idle.remove(&key);
        }
    }

    /// Undoes one `hold`.
    pub(crate) fn release(&mut self, key: ProcessKey) {
        let Some(held) = self.held.get_mut(&key) else {
            return;
        };
        held.references = held.references.saturating_sub(1);
        if held.references > 0 {
            return;
        }
        if let Some(described) = self.held.remove(&key).and_then(|held| held.described) {
            self.idle.insert(key, described);
        }
    }
}

/// When a process began, ns of the clock of start times.
fn started(key: ProcessKey) -> i64 {
    i64::try_from(key.start)
        .unwrap_or(i64::MAX)
        .saturating_mul(TICK)
}

/// Of two descriptions of one process the better one; of two equally good ones the later.
///
/// What only the other one says is taken over; what it runs only unless that changed in between.
fn better(known: Option<Described>, new: Described) -> Described {
    let Some(known) = known else {
        return new;
    };
    let (mut best, other) = if new.process.source <= known.process.source {
        (new, known)
    } else {
        (known, new)
    };
    best.late |= complete_program(&mut best.process, &other.process) && other.late;
    complete(&mut best.process, other.process);
    best
}

/// Takes over program and command line where they are missing; true if something was.
fn complete_program(best: &mut Process, other: &Process) -> bool {
    if best.exe.is_some() && other.exe.is_some() && best.exe != other.exe {
        return false;
    }
    let exe = best.exe.is_none() && other.exe.is_some();
    if exe {
        best.exe.clone_from(&other.exe);
    }
    let args = best.args.is_none() && other.args.is_some();
    if args {
        best.args.clone_from(&other.args);
        best.args_cut = other.args_cut;
    }
    exe || args
}

/// Takes over what does not change with the program.
fn complete(best: &mut Process, other: Process) {
    best.user = best.user.take().or(other.user);
    best.cgroups.v1 = best.cgroups.v1.take().or(other.cgroups.v1);
    best.cgroups.v2 = best.cgroups.v2.take().or(other.cgroups.v2);
    if best.ancestors.is_empty() {
        best.ancestors = other.ancestors;
    }
    if best.mount_ns == 0 {
        best.mount_ns = other.mount_ns;
    }
    if best.pid_ns == 0 {
        best.pid_ns = other.pid_ns;
    }
}

#[cfg(test)]
mod tests;

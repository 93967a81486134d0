//! The processes that were described, by identity: a pid that comes back is another process.

use std::collections::BTreeMap;

use super::bounded::Bounded;
use crate::model::{Process, ProcessKey, Source};

/// Descriptions kept of processes that no connection or endpoint refers to.
const MAX_IDLE: usize = 8_192;

/// Who was described. A process that is referred to stays for as long as it is.
#[derive(Debug)]
pub(crate) struct Processes {
    held: BTreeMap<ProcessKey, Held>,
    idle: Bounded<ProcessKey, Process>,
}

#[derive(Debug, Default)]
struct Held {
    references: usize,
    process: Option<Process>,
}

impl Processes {
    pub(crate) const fn new() -> Self {
        Self {
            held: BTreeMap::new(),
            idle: Bounded::new(MAX_IDLE),
        }
    }

    pub(crate) fn get(&self, key: &ProcessKey) -> Option<&Process> {
        match self.held.get(key) {
            Some(held) => held.process.as_ref(),
            None => self.idle.get(key),
        }
    }

    /// Takes over a description: whole if it is as good as what was known, else what was missing.
    pub(crate) fn describe(&mut self, process: Process) {
        let key = process.key;
        if let Some(held) = self.held.get_mut(&key) {
            held.process = Some(better(held.process.take(), process));
        } else {
            let known = self.idle.remove(&key);
            self.idle.insert(key, better(known, process));
        }
    }

    /// Keeps a process until `release`.
    pub(crate) fn hold(&mut self, key: ProcessKey) {
        let held = self.held.entry(key).or_default();
        held.references += 1;
        if held.process.is_none() {
            held.process = self.idle.remove(&key);
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
        if let Some(process) = self.held.remove(&key).and_then(|held| held.process) {
            self.idle.insert(key, process);
        }
    }
}

/// Of two descriptions of one process the better one; of two equally good ones the later.
///
/// What only the other one says is taken over, unless the process ran another program then.
fn better(known: Option<Process>, new: Process) -> Process {
    let Some(known) = known else {
        return new;
    };
    let (mut best, other) = if new.source <= known.source {
        (new, known)
    } else {
        (known, new)
    };
    if best.exe.is_none() || other.exe.is_none() || best.exe == other.exe {
        best.exe = best.exe.or(other.exe);
        if best.args.is_none() && other.args.is_some() {
            best.args = other.args;
            best.args_cut = other.args_cut;
            if best.source == Source::Accept {
                best.source = other.source;
            }
        }
    }
    best.user = best.user.or(other.user);
    best.cgroups.v1 = best.cgroups.v1.or(other.cgroups.v1);
    best.cgroups.v2 = best.cgroups.v2.or(other.cgroups.v2);
    if best.ancestors.is_empty() {
        best.ancestors = other.ancestors;
    }
    if best.mount_ns == 0 {
        best.mount_ns = other.mount_ns;
    }
    if best.pid_ns == 0 {
        best.pid_ns = other.pid_ns;
    }
    best
}

#[cfg(test)]
mod tests;

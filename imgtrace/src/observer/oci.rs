//! Calls of OCI runtimes, each told once.
//!
//! They all come by as programs that are executed. A wrapper (nvidia-container-runtime, a script)
//! makes the call first and then executes runc for the same, as itself or as its child; a shim
//! deletes a container twice, to be sure.

mod command;

use std::collections::VecDeque;

use super::{
    Observer,
    containers::{self, Chain},
};
use crate::{
    host::runtimes,
    model::{OciVerb, Process, ProcessKey, Stamp},
    observation::{Observation, Observed},
};
use command::Call;

/// Calls that are remembered, to know when one is made again for the same.
const CALLS_MAX: usize = 256;

/// How far up a wrapper is looked for: it may have a shell between itself and the runtime.
const WRAPPERS_MAX: usize = 3;

/// The latest calls, oldest first.
#[derive(Default)]
pub(super) struct Calls {
    told: VecDeque<Told>,
}

/// A call that was told.
struct Told {
    by: ProcessKey,
    /// The containers around that: what is called alike in another is another container.
    around: Chain,
    call: Call,
}

impl Calls {
    /// Takes note of a call; false if it is made for the same as one before.
    fn is_news(&mut self, process: &Process, call: &Call) -> bool {
        let around = containers::around(&process.cgroups);
        if let Some(last) = self.last(&around, call) {
            let above = process.ancestors.iter().take(WRAPPERS_MAX);
            let wrapped = above
                .map(|above| above.key)
                .chain([process.key])
                .any(|key| key == last.by);
            let again = call.verb == OciVerb::Delete || wrapped;
            if last.call.verb == call.verb && again {
                return false;
            }
        }
        if self.told.len() == CALLS_MAX {
            self.told.pop_front();
        }
        self.told.push_back(Told {
            by: process.key,
            around,
            call: call.clone(),
        });
        true
    }

    /// The latest call for the same container.
    fn last(&self, around: &Chain, call: &Call) -> Option<&Told> {
        self.told.iter().rev().find(|told| {
            told.call.container == call.container
                && told.call.namespace == call.namespace
                && told.around == *around
        })
    }
}

/// Whether what a process has just executed is the runtime's own, in the place where a container's
/// program will be: runc executes itself as `runc init` in between, and again from a sealed copy
/// (libcontainer `factory_linux.go`, `nsenter/cloned_binary.c`). gVisor executes its sandbox there,
/// and nothing else that the host sees.
pub(super) fn is_runtimes_own(process: &Process) -> bool {
    let mut args = process.args.iter().flatten().map(String::as_str);
    let (program, verb) = (args.next().unwrap_or(""), args.next().unwrap_or(""));
    let exe = process.exe.as_deref().unwrap_or("");
    let is_itself = exe.starts_with("/proc/") || exe.starts_with("/dev/fd/");
    runtimes::is_oci_runtime(process.program())
        || runtimes::is_oci_runtime(program)
        || (is_itself && verb == "init")
}

/// Whether a process is a hook of runc's, executed by a container's first process before that
/// becomes the container's program: runc names itself `runc:[2:INIT]`
/// (libcontainer `nsenter/nsexec.c`).
pub(super) fn is_hook(process: &Process) -> bool {
    let parent = process.ancestors.first();
    parent.is_some_and(|parent| parent.comm.starts_with("runc:["))
}

impl Observer {
    /// Tells the call of an OCI runtime that a program is, if it is one.
    pub(super) fn called(&mut self, process: ProcessKey, at: Stamp) {
        let Some(known) = self.processes.get(process) else {
            return;
        };
        let Some(call) = Call::of(known) else {
            return;
        };
        if !self.calls.is_news(known, &call) {
            return;
        }
        // Whatever of its processes was seen is of the time before.
        if call.verb != OciVerb::Start {
            let around = containers::around(&known.cgroups);
            self.running.ended(&around, &call.container);
        }
        self.processes.say_with_runtimes(process, at, &mut self.out);
        let Call {
            verb,
            container,
            namespace,
            bundle,
        } = call;
        let what = Observation::OciRuntime {
            process,
            verb,
            container,
            namespace,
            bundle,
        };
        self.out.push(Observed { at, what });
    }
}

#[cfg(test)]
mod tests;

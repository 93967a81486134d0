//! Who started a container that no request was seen for: the runtime's own program.
//!
//! The nearest such program above the OCI runtime that was called to start it; else above what
//! mounted its root file system, or that process itself: a mount may stand from an earlier start
//! (`podman restart`). Nobody else is named: a wrong culprit is worse than none.

use super::life::Run;
use crate::correlate::World;
use crate::model::{ProcessKey, Runtime};

/// Beginnings of the comm of what stands between a container's processes and the runtime.
const MONITORS: [&str; 2] = ["containerd-shim", "conmon"];

/// Processes looked at above one.
const MAX_ABOVE: usize = 64;

/// The programs that start containers for a runtime, as their comm has them.
pub(super) const fn programs(runtime: Runtime) -> &'static [&'static str] {
    match runtime {
        Runtime::Docker => &["dockerd"],
        Runtime::Podman => &["podman"],
        Runtime::Buildah => &["buildah", "podman"],
        Runtime::Containerd => &["containerd", "k3s-server", "k3s", "k0s", "rke2"],
        Runtime::CriO => &["crio"],
        Runtime::CriDockerd
        | Runtime::Dockershim
        | Runtime::BuildKit
        | Runtime::Shim
        | Runtime::Cri => &[],
    }
}

/// Who it was, for a runtime that is known by its layout. Who mounted for an earlier start did not
/// make this one: Podman leaves the root file system mounted when it starts a container again.
pub(super) fn of(run: &Run, runtime: Runtime, world: &World) -> Option<ProcessKey> {
    let mounter = run.mount.as_ref().and_then(|mount| mount.mounter);
    let first = run.first.map(|(_, process)| process);
    let seen = [run.call, mounter, run.create, first];
    seen.into_iter()
        .flatten()
        .find_map(|process| nearest(process, programs(runtime), world))
}

/// The nearest process that is one of these programs, itself or above; one that has a container's
/// monitor in between is the monitor's, and what is above a second monitor is outside of the
/// container that all this happens in.
pub(super) fn nearest(process: ProcessKey, programs: &[&str], world: &World) -> Option<ProcessKey> {
    let mut monitors = 0;
    let mut below_one = false;
    for (key, comm) in above(process, world) {
        if programs.contains(&comm.as_str()) {
            return Some(key);
        }
        // A shim is made by another one that does not stay.
        let is_monitor = MONITORS.iter().any(|monitor| comm.starts_with(monitor));
        if is_monitor && !below_one {
            monitors += 1;
            if monitors > 1 {
                return None;
            }
        }
        below_one = is_monitor;
    }
    None
}

/// A process and those above it. Where the chain ends that one process was described with, that of
/// the last in it goes on: a shim leaves its parent as soon as it runs.
fn above(process: ProcessKey, world: &World) -> Vec<(ProcessKey, String)> {
    let mut chain = Vec::new();
    let mut next = Some(process);
    while let Some(key) = next.take().filter(|_| chain.len() < MAX_ABOVE) {
        let Some(process) = world.process(&key) else {
            break;
        };
        if chain.is_empty() {
            chain.push((key, process.program().to_owned()));
            chain.push((key, process.comm.clone()));
        }
        for ancestor in process.ancestors.iter().take(MAX_ABOVE) {
            chain.push((ancestor.key, ancestor.comm.clone()));
            let left_its_parent = MONITORS.iter().any(|it| ancestor.comm.starts_with(it));
            if left_its_parent && world.process(&ancestor.key).is_some() {
                next = Some(ancestor.key);
                break;
            }
        }
    }
    chain
}

#[cfg(test)]
mod tests;

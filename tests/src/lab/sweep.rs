//! How a lab ends, also one whose process crashed: what its pid files and mounts say is the whole truth.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::mount::UnmountFlags;

use super::{Place, ProcessId, daemon, kubelet, network, until};

/// How long shims may take to see that their containers have ended.
const SHIM_PATIENCE: Duration = Duration::from_secs(5);

/// Ends every process of the lab, unmounts what is mounted below its directories, and removes them. A lab that is
/// not there is no error.
pub(super) fn end(place: &Place) -> Result<()> {
    if place.run().exists() {
        // It would start again what ends.
        daemon::stop(place, kubelet::NAME)?;
        end_containers(place)?;
        end_daemons(place)?;
        end_shims(place)?;
    }
    unmount(place)?;
    network::remove_bridge(place)?;
    for folder in [place.run(), place.data()] {
        if folder.exists() {
            fs::remove_dir_all(folder)
                .with_context(|| format!("failed to remove {}", folder.display()))?;
        }
    }
    Ok(())
}

/// Kills the containers first: a daemon that stops would wait ten seconds for a shell that ignores SIGTERM.
fn end_containers(place: &Place) -> Result<()> {
    let shims = shims(place);
    let containers: Vec<ProcessId> = processes()
        .filter(|id| shims.iter().any(|shim| parent(*id) == Some(shim.pid)))
        .collect();
    for container in containers {
        container.kill()?;
    }
    // A shim whose container has ended tells its daemon, which then cleans up.
    until(SHIM_PATIENCE, || shims_gone(&shims));
    Ok(())
}

/// Stops what has a pid file, the youngest first (dockerd before its containerd).
fn end_daemons(place: &Place) -> Result<()> {
    let mut daemons: Vec<(u64, String)> = Vec::new();
    for entry in fs::read_dir(place.pids()).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let started = daemon::running(place, &name).map_or(0, |id| id.started);
        daemons.push((started, name));
    }
    daemons.sort_unstable_by(|a, b| b.cmp(a));
    daemons
        .iter()
        .try_for_each(|(_, name)| daemon::stop(place, name))
}

/// Shims are children of nobody: their daemon starts them and lets go.
fn end_shims(place: &Place) -> Result<()> {
    shims(place).into_iter().try_for_each(ProcessId::kill)
}

/// Processes started by a containerd or a CRI-O of this lab: their command line names its socket or its folders.
fn shims(place: &Place) -> Vec<ProcessId> {
    let below = format!("{}/", place.run().display());
    let ours = |id: &ProcessId| {
        let line = fs::read(format!("/proc/{}/cmdline", id.pid)).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        let mut words = line.split('\0');
        let program = words.next().unwrap_or_default();
        let holds = ["containerd-shim", "conmon"];
        holds.iter().any(|name| program.contains(name))
            && words.any(|word| word.starts_with(&below))
    };
    processes().filter(ours).collect()
}

fn shims_gone(shims: &[ProcessId]) -> bool {
    shims.iter().all(|shim| !shim.is_running())
}

fn processes() -> impl Iterator<Item = ProcessId> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| ProcessId::of(entry.file_name().to_str()?.parse().ok()?))
}

fn parent(id: ProcessId) -> Option<i32> {
    let status = fs::read_to_string(format!("/proc/{}/status", id.pid)).ok()?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("PPid:")?.trim().parse().ok())
}

/// Unmounts everything below the lab's directories, the innermost first.
fn unmount(place: &Place) -> Result<()> {
    let table = fs::read_to_string("/proc/self/mountinfo")
        .context("failed to read /proc/self/mountinfo")?;
    let points = table
        .lines()
        .filter_map(|line| line.split(' ').nth(4))
        .map(unescape);
    let mut points: Vec<PathBuf> = points.filter(|point| below(place, point)).collect();
    points.reverse();
    for point in points {
        rustix::mount::unmount(&point, UnmountFlags::DETACH)
            .with_context(|| format!("failed to unmount {}", point.display()))?;
    }
    Ok(())
}

fn below(place: &Place, point: &Path) -> bool {
    point.starts_with(place.run()) || point.starts_with(place.data())
}

/// mountinfo writes a space as `\040`, and so on (proc(5)). The lab's own paths hold none of the four characters; a
/// stranger's are not below them.
fn unescape(point: &str) -> PathBuf {
    PathBuf::from(point.replace("\\040", " "))
}

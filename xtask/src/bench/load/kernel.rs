//! Loads of mounts, of system calls and of programs.

use std::{
    ffi::CString,
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context as _, Result};
use rustix::mount::{MountFlags, UnmountFlags};

/// Mounts of one measurement.
const MOUNTS: u32 = 1_000;
/// System calls of one measurement.
const CALLS: u32 = 1_000_000;
/// Programs of one measurement.
const PROGRAMS: u32 = 300;

/// Overlays on two empty folders, in the mount namespace of this process.
pub(super) fn mounts() -> Result<f64> {
    // The machine's temporary folder may be an overlay itself, below which none can be.
    let folder = tempfile::tempdir_in("/var/lib").context("failed to write to /var/lib")?;
    let [lower, upper, work, target] =
        ["lower", "upper", "work", "target"].map(|name| folder.path().join(name));
    for path in [&lower, &upper, &work, &target] {
        std::fs::create_dir(path)?;
    }
    let options = CString::new(format!(
        "lowerdir={},upperdir={},workdir={}",
        lower.display(),
        upper.display(),
        work.display()
    ))?;
    let began = Instant::now();
    for _ in 0..MOUNTS {
        let none = MountFlags::empty();
        rustix::mount::mount("overlay", &target, "overlay", none, options.as_c_str())?;
        rustix::mount::unmount(&target, UnmountFlags::empty())?;
    }
    Ok(a_turn(began, MOUNTS))
}

/// getppid(2), which has nothing to look up.
pub(super) fn calls() -> f64 {
    let began = Instant::now();
    for _ in 0..CALLS {
        std::hint::black_box(rustix::process::getppid());
    }
    a_turn(began, CALLS)
}

/// One process after the other.
pub(super) fn programs() -> Result<f64> {
    let began = Instant::now();
    for _ in 0..PROGRAMS {
        Command::new("/bin/true").stdin(Stdio::null()).status()?;
    }
    Ok(a_turn(began, PROGRAMS))
}

fn a_turn(began: Instant, turns: u32) -> f64 {
    began.elapsed().as_secs_f64() * 1e9 / f64::from(turns)
}

//! What a machine must have for the lab to run on it. Changes nothing.

use std::ffi::CString;
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use rustix::mount::{MountFlags, UnmountFlags};

use super::missing_packages;

/// Why the lab cannot run here, or None if it can. For tests, which then print `SKIP name: reason`.
pub fn missing() -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("the lab's daemons need root".to_owned());
    }
    if !Path::new("/sys/fs/cgroup")
        .read_dir()
        .is_ok_and(|mut entries| entries.next().is_some())
    {
        return Some("no cgroups are mounted at /sys/fs/cgroup".to_owned());
    }
    if let Err(error) = try_overlay() {
        return Some(format!("overlay mounts fail: {error:#}"));
    }
    let packages = missing_packages();
    if !packages.is_empty() {
        return Some(format!(
            "not installed: {} (`cargo xtask lab up` installs them)",
            packages.join(", ")
        ));
    }
    None
}

/// Says that a test is skipped, if one of these reasons is given: `SKIP name: reason` on stdout, where a test runner
/// looks for it.
pub fn skip(test: &str, reasons: impl IntoIterator<Item = Option<String>>) -> bool {
    let Some(reason) = reasons.into_iter().flatten().next() else {
        return false;
    };
    // A closed stdout hears nothing either way.
    let _ = writeln!(io::stdout(), "SKIP {test}: {reason}");
    true
}

/// Makes a real overlay mount and undoes it: the only proof that it is allowed here.
fn try_overlay() -> Result<()> {
    let folder = tempfile::tempdir_in("/var/lib").context("failed to write to /var/lib")?;
    let [lower, upper, work, target] =
        ["lower", "upper", "work", "target"].map(|name| folder.path().join(name));
    for path in [&lower, &upper, &work, &target] {
        std::fs::create_dir(path)?;
    }
    let options = format!(
        "lowerdir={},upperdir={},workdir={}",
        lower.display(),
        upper.display(),
        work.display()
    );
    let options = CString::new(options)?;
    rustix::mount::mount(
        "overlay",
        &target,
        "overlay",
        MountFlags::empty(),
        options.as_c_str(),
    )?;
    rustix::mount::unmount(&target, UnmountFlags::DETACH)?;
    Ok(())
}

//! What a machine must have for the lab to run on it. Changes nothing.

use std::path::Path;

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
    if let Some(reason) = no_overlay() {
        return Some(reason);
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

/// Tries a real overlay mount, the only proof that it is allowed here.
fn no_overlay() -> Option<String> {
    let folder = match tempfile::tempdir_in("/var/lib") {
        Ok(folder) => folder,
        Err(error) => return Some(format!("/var/lib is not writable ({error})")),
    };
    let [lower, upper, work, target] =
        ["lower", "upper", "work", "target"].map(|name| folder.path().join(name));
    for path in [&lower, &upper, &work, &target] {
        if let Err(error) = std::fs::create_dir(path) {
            return Some(format!("/var/lib is not writable ({error})"));
        }
    }
    let options = format!(
        "lowerdir={},upperdir={},workdir={}",
        lower.display(),
        upper.display(),
        work.display()
    );
    let Ok(options) = std::ffi::CString::new(options) else {
        return Some("a path with a zero byte".to_owned());
    };
    match rustix::mount::mount(
        "overlay",
        &target,
        "overlay",
        MountFlags::empty(),
        options.as_c_str(),
    ) {
        Err(error) => Some(format!("overlay mounts are refused ({error})")),
        Ok(()) => {
            let gone = rustix::mount::unmount(&target, UnmountFlags::DETACH);
            gone.err()
                .map(|error| format!("an overlay cannot be unmounted ({error})"))
        }
    }
}

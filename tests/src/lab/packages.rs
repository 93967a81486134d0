//! Debian's packages that the lab needs, and how they are installed without starting or replacing anything.

use std::fs;
use std::io::{IsTerminal as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use super::say;

/// Package, and the file by which it is known to be there (a Docker from elsewhere has other paths).
const PACKAGES: [(&str, &str); 6] = [
    ("docker.io", "/usr/sbin/dockerd"),
    ("containerd", "/usr/bin/containerd"),
    ("runc", "/usr/sbin/runc"),
    ("docker-registry", "/usr/bin/docker-registry"),
    ("busybox-static", "/bin/busybox"),
    ("iptables", "/usr/sbin/iptables"),
];
/// The script that Debian's packages ask before they start a daemon (invoke-rc.d(8)); 101 means no.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Whether the lab may install packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// Given beforehand: `--yes`, or CI is set.
    Given,
    /// Ask on the terminal; without one, do not install.
    Ask,
}

/// The packages that are not there.
pub(super) fn missing() -> Vec<&'static str> {
    let absent =
        |(package, file): &(&'static str, &str)| (!Path::new(file).exists()).then_some(*package);
    PACKAGES.iter().filter_map(absent).collect()
}

/// Installs what is missing of Debian's packages; no daemon is started and no package removed.
///
/// # Errors
/// Nobody consents, this is not root on a Debian, or apt-get fails.
pub fn provide_packages(consent: Consent) -> Result<()> {
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if !rustix::process::geteuid().is_root() {
        bail!("these packages are missing: {list}; install them, or run this as root");
    }
    if !Path::new("/usr/bin/apt-get").exists() {
        bail!("these Debian packages are missing, and there is no apt-get to install them: {list}");
    }
    say(&format!(
        "to be installed from Debian (no daemon is started): {list}"
    ));
    if consent == Consent::Ask && !asked()? {
        bail!("not installed: {list}; say yes, or pass --yes");
    }
    let _policy = Policy::deny()?;
    apt_get(&["update", "--quiet"])?;
    let mut install = vec![
        "install",
        "--yes",
        "--quiet",
        "--no-remove",
        "--no-install-recommends",
    ];
    install.extend(missing);
    apt_get(&install)
}

fn asked() -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    let mut out = std::io::stderr();
    write!(out, "lab: install them now? [y/N] ")?;
    out.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn apt_get(args: &[&str]) -> Result<()> {
    let mut command = Command::new("apt-get");
    command
        .args(args)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null());
    // Its progress is for the person who waits, and stdout may be somebody's data.
    command.stdout(std::io::stderr());
    let status = command.status().context("failed to run apt-get")?;
    if !status.success() {
        bail!("apt-get {} failed ({status})", args.join(" "));
    }
    Ok(())
}

/// A policy that keeps packages from starting daemons, for as long as this lives. One that is there already is kept.
struct Policy {
    ours: bool,
}

impl Policy {
    fn deny() -> Result<Self> {
        let ours = !Path::new(POLICY).exists();
        if ours {
            super::write(Path::new(POLICY), "#!/bin/sh\nexit 101\n")?;
            fs::set_permissions(POLICY, fs::Permissions::from_mode(0o755))?;
        }
        Ok(Self { ours })
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        if self.ours
            && let Err(error) = fs::remove_file(POLICY)
        {
            say(&format!("failed to remove {POLICY}: {error}"));
        }
    }
}

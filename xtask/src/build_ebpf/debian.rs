//! Debian's own Rust, whose packages have a `core` that is built for BPF.

use std::path::Path;

use anyhow::{Result, bail};

use crate::packages::{self, Consent};

/// The sysroot of Debian's packages.
pub(crate) const SYSROOT: &str = "/usr";

/// Compiler, cargo and `core` for BPF. The first set is the newer Rust that stable Debian keeps
/// for its web browsers, the second the plain one of newer suites.
const SETS: [[&str; 3]; 2] = [
    ["rustc-web", "cargo-web", "libstd-rust-web-dev-bpf"],
    ["rustc", "cargo", "libstd-rust-dev-bpf"],
];

/// Installs the first set that this machine's archive has complete.
///
/// # Errors
/// It has none, or apt fails.
pub(crate) fn install(consent: Consent) -> Result<()> {
    if !packages::has_apt() {
        bail!("this machine has no apt");
    }
    packages::refresh()?;
    let complete = |set: &&[&str; 3]| set.iter().all(|name| packages::candidate(name).is_some());
    let Some(set) = SETS.iter().find(complete) else {
        bail!("the archive of this distribution has no Rust with a core library for BPF");
    };
    consent.ask(&format!(
        "build-ebpf: installing Debian's {} (about 200 MB) into {SYSROOT}; rustup's toolchains \
         stay as they are",
        set.join(", ")
    ))?;
    packages::install(set)
}

/// The sysroot as a path.
pub(crate) fn sysroot() -> &'static Path {
    Path::new(SYSROOT)
}

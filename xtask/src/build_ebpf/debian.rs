//! Debian's own Rust, whose packages have a `core` that is built for BPF.

use std::path::Path;

use anyhow::{Result, bail};

use super::toolchain::{RUST_VERSION, is_new_enough};
use crate::packages::{self, Consent};

/// Compiler, cargo, clippy and `core` for BPF. The first set is the newer Rust that stable Debian keeps
/// for its web browsers, the second the plain one of newer suites.
const SETS: [[&str; 4]; 2] = [
    [
        "rustc-web",
        "cargo-web",
        "rust-web-clippy",
        "libstd-rust-web-dev-bpf",
    ],
    ["rustc", "cargo", "rust-clippy", "libstd-rust-dev-bpf"],
];

/// Installs the first set that this machine's archive has complete.
///
/// # Errors
/// It has none, or apt fails.
pub(crate) fn install(consent: Consent) -> Result<()> {
    if !packages::has_apt() {
        bail!("this machine has no apt");
    }
    println!("build-ebpf: nothing here can build for BPF; asking apt for its lists of packages");
    packages::refresh()?;
    let complete = |set: &&[&str; 4]| {
        let [compiler, others @ ..] = set;
        packages::candidate(compiler).is_some_and(|version| is_new_enough(&version))
            && others
                .iter()
                .all(|name| packages::candidate(name).is_some())
    };
    let Some(set) = SETS.iter().find(complete) else {
        bail!(
            "the archive of this distribution has no Rust {RUST_VERSION} with a core library for BPF"
        );
    };
    consent.ask(&format!(
        "build-ebpf: installing Debian's {} (about 200 MB) into /usr; rustup's toolchains \
         stay as they are",
        set.join(", ")
    ))?;
    packages::install(set)
}

/// Where the packages of a distribution put Rust.
pub(crate) fn sysroot() -> &'static Path {
    Path::new("/usr")
}

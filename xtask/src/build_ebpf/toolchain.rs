//! Which Rust toolchain can build for BPF: one with the source of `core` to build it from, or one
//! with a `core` that is built for BPF already. Looks, and changes nothing.

use std::{
    env, fmt, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Result, ensure};

use crate::process::{foreign, output};

/// The target that kernels of this machine's byte order load.
pub(crate) const TARGET: &str = if cfg!(target_endian = "big") {
    "bpfeb-unknown-none"
} else {
    "bpfel-unknown-none"
};

/// The oldest Rust that builds this workspace.
pub(crate) const RUST_VERSION: &str = env!("CARGO_PKG_RUST_VERSION");

/// Where `core` for BPF comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Core {
    /// `rust-src` is there: cargo builds it (`-Z build-std`).
    Source,
    /// It came with the toolchain, as in Debian's `libstd-rust-*dev-bpf`.
    Prebuilt,
}

/// A toolchain that can build for BPF, but for the linker.
#[derive(Debug)]
pub(crate) struct Toolchain {
    /// The folder that holds `bin/rustc`, `bin/cargo` and `lib/rustlib`.
    sysroot: PathBuf,
    /// Where its `core` comes from.
    pub(crate) core: Core,
    /// What `rustc -vV` says: the identity of what it builds.
    pub(crate) version: String,
}

impl Toolchain {
    /// The toolchain below `sysroot`, if it has a `core` for BPF.
    ///
    /// # Errors
    /// It has one, and cannot be used for a reason that the message gives.
    pub(crate) fn inspect(sysroot: &Path) -> Result<Option<Self>> {
        let rustlib = sysroot.join("lib/rustlib");
        let core = if has_prebuilt_core(&rustlib.join(TARGET).join("lib")) {
            Core::Prebuilt
        } else if rustlib.join("src/rust/library/core").is_dir() {
            Core::Source
        } else {
            return Ok(None);
        };
        let mut toolchain = Self {
            sysroot: sysroot.to_owned(),
            core,
            version: String::new(),
        };
        ensure!(
            toolchain.program("cargo").is_file(),
            "{} has no cargo",
            sysroot.display()
        );
        toolchain.version = output(foreign(&toolchain.program("rustc")).arg("-vV"))?;
        ensure!(
            toolchain.field("release: ").is_some_and(is_new_enough),
            "{toolchain} is older than Rust {RUST_VERSION}"
        );
        Ok(Some(toolchain))
    }

    /// The path of one of its programs, there or not.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.sysroot.join("bin").join(name)
    }

    /// Its cargo, in an environment that leads to no other compiler.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = foreign(&self.program("cargo"));
        command.env("RUSTC", self.program("rustc"));
        command
    }

    /// Its clippy, if it has one.
    pub(crate) fn clippy(&self) -> Option<PathBuf> {
        Some(self.program("cargo-clippy")).filter(|path| path.is_file())
    }

    /// The major version of the LLVM that it generates bitcode with.
    pub(crate) fn llvm(&self) -> Option<u64> {
        Some(number(self.field("LLVM version: ")?)?.0)
    }

    /// The LLVM library that its compiler itself runs on, `None` where it is linked statically.
    ///
    /// # Errors
    /// `ldd` cannot be run.
    pub(crate) fn llvm_library(&self) -> Result<Option<PathBuf>> {
        let libraries = output(foreign(Path::new("ldd")).arg(self.program("rustc")))?;
        Ok(libraries.lines().find_map(|line| {
            let (name, rest) = line.trim().split_once(" => ")?;
            let (path, _address) = rest.rsplit_once(" (")?;
            name.starts_with("libLLVM").then(|| path.into())
        }))
    }

    fn field(&self, key: &str) -> Option<&str> {
        self.version.lines().find_map(|line| line.strip_prefix(key))
    }
}

impl fmt::Display for Toolchain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "rustc {} of {} (LLVM {})",
            self.field("release: ").unwrap_or("?"),
            self.sysroot.display(),
            self.field("LLVM version: ").unwrap_or("?"),
        )
    }
}

/// The sysroots of rustup's toolchains: nightlies first, which aya documents, then by name.
pub(crate) fn rustup_sysroots() -> Vec<PathBuf> {
    let Some(home) = env::var_os("RUSTUP_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(env::home_dir()?.join(".rustup")))
    else {
        return Vec::new();
    };
    let mut sysroots: Vec<PathBuf> = fs::read_dir(home.join("toolchains"))
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    let is_nightly = |path: &Path| {
        path.file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"nightly"))
    };
    sysroots.sort();
    sysroots.sort_by_key(|path| !is_nightly(path));
    sysroots
}

fn has_prebuilt_core(folder: &Path) -> bool {
    fs::read_dir(folder).into_iter().flatten().any(|entry| {
        entry.is_ok_and(|entry| {
            let name = entry.file_name();
            let name = name.as_encoded_bytes();
            name.starts_with(b"libcore-") && name.ends_with(b".rlib")
        })
    })
}

/// Whether a version of Rust, as rustc or a package writes it, builds this workspace.
pub(crate) fn is_new_enough(version: &str) -> bool {
    number(version) >= number(RUST_VERSION)
}

/// Major and minor of a version such as `1.97.0-nightly`.
fn number(version: &str) -> Option<(u64, u64)> {
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests;

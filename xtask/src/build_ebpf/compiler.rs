//! A toolchain and its linker at work on the package of the kernel programs.

use std::{
    env::consts::ARCH,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use super::{
    linker::Linker,
    toolchain::{Core, TARGET, Toolchain},
};
use crate::{
    process::{foreign, run},
    workspace::Workspace,
};

const PACKAGE: &str = "imgtrace-ebpf";

/// What the object is compiled with: the debug information becomes its BTF.
const FLAGS: [&str; 2] = ["-Cdebuginfo=2", "-Clink-arg=--btf"];

/// Builds and lints the kernel programs.
#[derive(Debug)]
pub(crate) struct Compiler<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) toolchain: Toolchain,
    pub(crate) linker: Linker,
}

impl Compiler<'_> {
    /// Everything but the sources that the object depends on, the same in every clone.
    pub(crate) fn recipe(&self) -> String {
        [
            &self.toolchain.version,
            &self.linker.version,
            TARGET,
            ARCH,
            &FLAGS.join(" "),
        ]
        .join("\n")
    }

    /// Builds, and gives the file that it made.
    pub(crate) fn build(&self) -> Result<PathBuf> {
        let mut cargo = self.toolchain.cargo();
        cargo.arg("build");
        run(self.on_the_programs(&mut cargo))?;
        let profile = self.workspace.bpf().join(TARGET).join("release");
        Ok(profile.join(PACKAGE))
    }

    /// Runs clippy, `false` where the toolchain has none.
    pub(crate) fn lint(&self) -> Result<bool> {
        // Called by its path: cargo would take rustup's before the toolchain's own.
        let Some(clippy) = self.toolchain.clippy() else {
            return Ok(false);
        };
        let mut clippy = foreign(&clippy);
        clippy
            .arg("clippy")
            .env("CARGO", self.toolchain.program("cargo"))
            .env("RUSTC", self.toolchain.program("rustc"));
        run(self
            .on_the_programs(&mut clippy)
            .args(["--quiet", "--", "--deny=warnings"]))?;
        Ok(true)
    }

    fn on_the_programs<'c>(&self, cargo: &'c mut Command) -> &'c mut Command {
        cargo
            .current_dir(&self.workspace.root)
            .args(["--release", "--locked", "--package", PACKAGE])
            .args(["--target", TARGET, "--target-dir"])
            .arg(self.workspace.bpf())
            .env(linker_variable(), &self.linker.program)
            .env("CARGO_ENCODED_RUSTFLAGS", flags(&self.workspace.root));
        match self.toolchain.core {
            // A stable compiler takes -Z only so.
            Core::Source => cargo
                .args(["-Z", "build-std=core"])
                .env("RUSTC_BOOTSTRAP", "1"),
            // aya-ebpf alone needs an unstable feature: inline assembly for BPF.
            Core::Prebuilt => cargo.env("RUSTC_BOOTSTRAP", "aya_ebpf"),
        }
    }
}

/// The flags as cargo wants them, separated by a character that no flag holds. Line information
/// names the sources relative to the workspace, wherever that lies.
fn flags(root: &Path) -> OsString {
    let mut flags = OsString::from(FLAGS.join("\x1f"));
    flags.push(format!(
        "\x1f--cfg=bpf_target_arch=\"{ARCH}\"\x1f--remap-path-prefix="
    ));
    flags.push(root);
    flags.push("=.");
    flags
}

fn linker_variable() -> String {
    format!(
        "CARGO_TARGET_{}_LINKER",
        TARGET.replace('-', "_").to_uppercase()
    )
}

//! Client libraries of other languages, each with a small program around it that the lab can run.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::step;

/// docker-py and its program.
pub(super) fn docker_py(sources: &Path, folder: &Path) -> Result<()> {
    python(&sources.join("docker-py"), folder, "drive.py")
}

/// grpcio, which is gRPC's C core, and its program.
pub(super) fn grpcio(sources: &Path, folder: &Path) -> Result<()> {
    python(&sources.join("grpcio"), folder, "call.py")
}

/// A virtual environment with what is pinned, from Python's package index, and a program.
fn python(sources: &Path, folder: &Path, program: &str) -> Result<()> {
    let made = step(Command::new("python3").args(["-m", "venv"]).arg(folder));
    made.context("failed to make a virtual environment (it needs python3-venv)")?;
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--requirement",
    ]);
    step(pip.arg(sources.join("requirements.txt"))).context("failed to install from PyPI")?;
    copy(sources, folder, program)
}

/// dockerode from npm, and its program.
pub(super) fn dockerode(sources: &Path, folder: &Path) -> Result<()> {
    let sources = sources.join("dockerode");
    for file in ["package.json", "package-lock.json", "drive.js"] {
        copy(&sources, folder, file)?;
    }
    let mut npm = Command::new("npm");
    // ssh2 would compile a part that nobody needs here.
    npm.args([
        "ci",
        "--ignore-scripts",
        "--omit=optional",
        "--no-audit",
        "--no-fund",
    ]);
    step(npm.current_dir(folder)).context("failed to install dockerode (it needs node and npm)")
}

/// The program around bollard.
pub(super) fn bollard(sources: &Path, folder: &Path) -> Result<()> {
    rust(sources, folder, "bollard-client")
}

/// The program around tonic.
pub(super) fn tonic(sources: &Path, folder: &Path) -> Result<()> {
    rust(sources, folder, "tonic-client")
}

/// A program with a Cargo.lock of its own.
fn rust(sources: &Path, folder: &Path, name: &str) -> Result<()> {
    let cargo = std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from);
    let target = tempfile::tempdir_in(folder)?;
    let mut build = Command::new(cargo);
    build
        .args(["build", "--quiet", "--locked", "--target-dir"])
        .arg(target.path());
    step(build.current_dir(sources.join(name)))
        .with_context(|| format!("failed to build {name}"))?;
    copy(&target.path().join("debug"), folder, name)
}

fn copy(from: &Path, to: &Path, file: &str) -> Result<()> {
    let (from, to) = (from.join(file), to.join(file));
    std::fs::copy(&from, to).with_context(|| format!("failed to copy {}", from.display()))?;
    Ok(())
}

//! `build-ebpf`: builds the kernel object, with a toolchain that is there or one that it provides.

mod debian;
mod linker;
mod object;
mod toolchain;

use std::{
    env::consts::ARCH,
    ffi::OsString,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

use self::{
    linker::{Linker, Source},
    object::Object,
    toolchain::{Core, TARGET, Toolchain, rustup_sysroots},
};
use crate::{packages::Consent, process, workspace::Workspace};

const PACKAGE: &str = "imgtrace-ebpf";

/// What a user can do where we can provide nothing.
const REMEDY: &str = "no toolchain here can build for BPF. Get one with\n  \
    rustup toolchain install nightly --component rust-src\n  \
    cargo install bpf-linker\n\
    or build on Debian, where this command installs what it needs.";

/// What `build-ebpf` was asked.
#[derive(clap::Args, Debug)]
pub(crate) struct Options {
    /// Which toolchain to take: the first that serves, by default
    #[arg(long, value_enum, default_value_t)]
    toolchain: Choice,
    #[command(flatten)]
    consent: Consent,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
enum Choice {
    #[default]
    Any,
    /// One of rustup's, with the component rust-src
    Rustup,
    /// Debian's packages, installed where they are missing
    Debian,
}

/// What the object is compiled with: the debug information becomes its BTF.
const FLAGS: [&str; 2] = ["-Cdebuginfo=2", "-Clink-arg=--btf"];

/// Builds the object unless it is there already, and gives its path.
pub(crate) fn build_ebpf(workspace: &Workspace, options: &Options) -> Result<PathBuf> {
    let (toolchain, linker, why) = choose(options)?;
    println!("build-ebpf: {toolchain}, because {why}");
    let linker = linker.provide(workspace, options.consent)?;
    let recipe = [
        &toolchain.version,
        &linker.version,
        TARGET,
        ARCH,
        &FLAGS.join(" "),
    ]
    .join("\n");
    let object = Object::of(workspace, &recipe)?;
    let path = object.path.display();
    if object.is_in_place() {
        println!("build-ebpf: {path} is up to date");
    } else if object.restore()? {
        println!("build-ebpf: {path} is the cache folder's copy, of the same sources");
    } else {
        object.store(&compile(workspace, &toolchain, &linker)?)?;
        println!("build-ebpf: {path} is built, linked by {}", linker.version);
    }
    Ok(object.path)
}

/// A toolchain, its linker, and why that one.
fn choose(options: &Options) -> Result<(Toolchain, Source, &'static str)> {
    if options.toolchain != Choice::Debian {
        for sysroot in rustup_sysroots() {
            if let Some((toolchain, linker)) = usable(&sysroot) {
                return Ok((toolchain, linker, "this toolchain of rustup's has rust-src"));
            }
        }
    }
    ensure!(options.toolchain != Choice::Rustup, REMEDY);
    let (toolchain, linker) = match usable(debian::sysroot()) {
        Some(found) => found,
        None => {
            debian::install(options.consent).context(REMEDY)?;
            inspect(debian::sysroot())?.context(REMEDY)?
        }
    };
    let why = match toolchain.core {
        Core::Source => "the system's own Rust has rust-src",
        Core::Prebuilt => "the system's own Rust has a core library that is built for BPF",
    };
    Ok((toolchain, linker, why))
}

/// The toolchain, unless it cannot build for BPF; says so where it almost can.
fn usable(sysroot: &Path) -> Option<(Toolchain, Source)> {
    inspect(sysroot).unwrap_or_else(|error| {
        println!("build-ebpf: passed over: {error:#}");
        None
    })
}

fn inspect(sysroot: &Path) -> Result<Option<(Toolchain, Source)>> {
    let Some(toolchain) = Toolchain::inspect(sysroot)? else {
        return Ok(None);
    };
    let linker = Source::of(&toolchain)?;
    Ok(Some((toolchain, linker)))
}

/// Runs the toolchain's cargo and gives the file that it made.
fn compile(workspace: &Workspace, toolchain: &Toolchain, linker: &Linker) -> Result<PathBuf> {
    let target = workspace.bpf();
    let mut cargo = toolchain.cargo();
    cargo
        .current_dir(&workspace.root)
        .args(["build", "--release", "--locked", "--package", PACKAGE])
        .args(["--target", TARGET, "--target-dir"])
        .arg(&target)
        .env(linker_variable(), &linker.program)
        .env("CARGO_ENCODED_RUSTFLAGS", rust_flags(&workspace.root));
    match toolchain.core {
        // A stable compiler takes -Z only so.
        Core::Source => cargo
            .args(["-Z", "build-std=core"])
            .env("RUSTC_BOOTSTRAP", "1"),
        // aya-ebpf alone needs an unstable feature: inline assembly for BPF.
        Core::Prebuilt => cargo.env("RUSTC_BOOTSTRAP", "aya_ebpf"),
    };
    process::run(&mut cargo)?;
    Ok(target.join(TARGET).join("release").join(PACKAGE))
}

/// The flags as cargo wants them, separated by a character that no flag holds. Line information
/// names the sources relative to the workspace, wherever that lies.
fn rust_flags(root: &Path) -> OsString {
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

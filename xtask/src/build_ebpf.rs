//! `build-ebpf`: builds the kernel object, with a toolchain that is there or one that it provides.

mod compiler;
mod debian;
mod linker;
mod object;
mod toolchain;

use std::path::Path;

use anyhow::{Context, Result, ensure};

pub(crate) use self::{compiler::Compiler, object::path as object};
use self::{
    linker::Source,
    object::Object,
    toolchain::{Core, Toolchain, rustup_sysroots},
};
use crate::{packages::Consent, workspace::Workspace};

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

impl Options {
    /// The options of another command that needs the object.
    pub(crate) fn with(consent: Consent) -> Self {
        Self {
            toolchain: Choice::default(),
            consent,
        }
    }
}

/// Provides a toolchain and builds the object unless it is there already.
pub(crate) fn build_ebpf(workspace: &Workspace, options: &Options) -> Result<()> {
    place(&compiler(workspace, options)?)
}

/// Provides a toolchain and a linker, and says which and why.
///
/// # Errors
/// There is none on this machine, and none could be installed.
pub(crate) fn compiler<'a>(workspace: &'a Workspace, options: &Options) -> Result<Compiler<'a>> {
    let (toolchain, linker, why) = choose(options)?;
    println!("build-ebpf: {toolchain}, because {why}");
    Ok(Compiler {
        workspace,
        toolchain,
        linker: linker.provide(workspace, options.consent)?,
    })
}

/// Has the object that belongs to the sources of now where `imgtrace/build.rs` looks for it.
pub(crate) fn place(compiler: &Compiler) -> Result<()> {
    let object = Object::of(compiler.workspace, &compiler.recipe())?;
    let path = object.path.display();
    if object.is_in_place() {
        println!("build-ebpf: {path} is up to date");
    } else if object.restore()? {
        println!("build-ebpf: {path} is the cache folder's copy, of the same sources");
    } else {
        match compiler.build() {
            Ok(built) => object.store(&built)?,
            Err(error) => {
                object.remove()?;
                return Err(error);
            }
        }
        let linker = &compiler.linker.version;
        println!("build-ebpf: {path} is built, linked by {linker}");
    }
    Ok(())
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

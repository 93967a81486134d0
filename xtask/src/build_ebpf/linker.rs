//! bpf-linker: found on `PATH`, or built once into the user's cache folder.

use std::{
    fs, io,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

use super::toolchain::{Core, Toolchain};
use crate::{
    packages::Consent,
    process::{foreign, output, run, which},
    workspace::{Workspace, cache},
};

/// The last release that takes LLVM from the toolchain at run time; later ones want an LLVM's
/// development files to link with.
const VERSION: &str = "0.10.4";

/// The LLVM releases whose bitcode that release of bpf-linker reads.
const LLVM: std::ops::RangeInclusive<u64> = 20..=22;

/// Where a toolchain's linker comes from.
#[derive(Debug)]
pub(crate) enum Source {
    /// The user's own.
    Path(PathBuf),
    /// Ours, on this library of the toolchain, whose LLVM has this major version.
    Ours { library: PathBuf, llvm: u64 },
}

/// A bpf-linker that reads what the toolchain writes.
#[derive(Debug)]
pub(crate) struct Linker {
    /// What rustc calls.
    pub(crate) program: PathBuf,
    /// Its version, for the key of the object and for the eye.
    pub(crate) version: String,
}

impl Source {
    /// Where the linker for a toolchain can come from: the user's own where `core` is built from
    /// source (who has rust-src for BPF has chosen the linker that goes with it), else ours.
    /// Changes nothing.
    ///
    /// # Errors
    /// No linker that we could provide goes with this toolchain.
    pub(crate) fn of(toolchain: &Toolchain) -> Result<Self> {
        if toolchain.core == Core::Source
            && let Some(program) = which("bpf-linker")
        {
            return Ok(Self::Path(program));
        }
        let llvm = toolchain
            .llvm()
            .with_context(|| format!("{toolchain} does not say which LLVM it has"))?;
        ensure!(
            LLVM.contains(&llvm),
            "{toolchain} goes with none of the LLVM {} to {} that bpf-linker {VERSION} reads; \
             put a bpf-linker for it on PATH",
            LLVM.start(),
            LLVM.end(),
        );
        let library = toolchain
            .llvm_library()?
            .with_context(|| format!("{toolchain} has no LLVM library for bpf-linker to use"))?;
        Ok(Self::Ours { library, llvm })
    }

    /// The linker, built where it must be.
    pub(crate) fn provide(self, workspace: &Workspace, consent: Consent) -> Result<Linker> {
        let program = match self {
            Self::Path(program) => program,
            Self::Ours { library, llvm } => {
                wrap(&workspace.bpf(), &installed(llvm, consent)?, &library)?
            }
        };
        let version = output(foreign(&program).arg("--version"))
            .context("bpf-linker does not run; install it again")?
            .trim()
            .to_owned();
        Ok(Linker { program, version })
    }
}

/// Our own bpf-linker, built unless an earlier run did.
fn installed(llvm: u64, consent: Consent) -> Result<PathBuf> {
    let arch = std::env::consts::ARCH;
    let root = cache()?.join(format!("bpf-linker-{VERSION}-llvm{llvm}-{arch}"));
    let program = root.join("bin/bpf-linker");
    if program.is_file() {
        return Ok(program);
    }
    consent.ask(&format!(
        "build-ebpf: building bpf-linker {VERSION} from crates.io into {} (about a minute, once)",
        root.display()
    ))?;
    // The work is LLVM's own, so that the linker itself need not be optimised: 52 s, not 172 s.
    run(foreign(Path::new("cargo"))
        .args([
            "install",
            "bpf-linker",
            "--quiet",
            "--locked",
            "--version",
            VERSION,
        ])
        .args([
            "--no-default-features",
            "--features",
            &format!("rust-llvm-{llvm}"),
        ])
        .arg("--root")
        .arg(&root)
        .env("CARGO_PROFILE_RELEASE_LTO", "false")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "0"))?;
    Ok(program)
}

/// A program that starts bpf-linker with the toolchain's LLVM and no other in sight: it takes the
/// first `libLLVM*` that it meets in `LD_LIBRARY_PATH`, and a distribution's library folder often
/// holds several, most of them too old for the bitcode.
fn wrap(folder: &Path, linker: &Path, library: &Path) -> Result<PathBuf> {
    let libraries = folder.join("linker/lib");
    let link = libraries.join(library.file_name().context("a library without a name")?);
    let program = folder.join("linker/bpf-linker");
    let script = format!(
        "#!/bin/sh\nLD_LIBRARY_PATH={} exec {} \"$@\"\n",
        quoted(&libraries),
        quoted(linker)
    );
    if fs::read_link(&link).is_ok_and(|to| to == library)
        && fs::read_to_string(&program).is_ok_and(|text| text == script)
    {
        return Ok(program);
    }
    match fs::remove_dir_all(&libraries) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => fs::create_dir_all(&libraries)?,
    }
    symlink(library, link)?;
    fs::write(&program, script)?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    Ok(program)
}

/// A path as one word of a shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

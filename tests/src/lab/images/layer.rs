//! Layers: a folder is filled, packed and digested.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::lab::{Ran, key, write};

/// Debian's busybox: from busybox-static, or from busybox, which needs shared libraries.
const BUSYBOX: &str = "/bin/busybox";

/// A packed layer.
#[derive(Debug)]
pub(in crate::lab) struct Layer {
    /// The gzipped tar.
    pub(super) file: PathBuf,
    /// The digest of the tar itself (image-spec 1.1, "Layer `DiffID`").
    pub(super) diff_id: String,
}

impl Layer {
    /// busybox with a link for each of its programs, and what a root file system has besides.
    pub(super) fn busybox(folder: &Path) -> Result<Self> {
        Self::pack(folder, "busybox", |root| {
            let bin = root.join("bin");
            for name in ["bin", "etc", "root", "tmp", "run", "var/run"] {
                fs::create_dir_all(root.join(name))?;
            }
            copy_program(root, Path::new(BUSYBOX), Path::new("bin/busybox"))?;
            for applet in Ran::ok(Command::new(BUSYBOX).arg("--list"))?.stdout.lines() {
                if applet != "busybox" {
                    symlink("busybox", bin.join(applet))?;
                }
            }
            write(
                &root.join("etc/passwd"),
                "root:x:0:0:root:/root:/bin/sh\nlab:x:1000:1000:lab:/tmp:/bin/sh\n",
            )?;
            write(&root.join("etc/group"), "root:x:0:\nlab:x:1000:\n")
        })
    }

    /// A program of this machine in /usr/bin, with the shared libraries it names at their own paths.
    pub(super) fn program(folder: &Path, program: &Path) -> Result<Self> {
        let name = program
            .file_name()
            .context("a program has a name")?
            .to_string_lossy();
        Self::pack(folder, &name, |root| {
            copy_program(root, program, &Path::new("usr/bin").join(&*name))
        })
    }

    /// A file of so many megabytes that does not compress, always the same.
    pub(super) fn random(folder: &Path, megabytes: u32) -> Result<Self> {
        let name = format!("random-{megabytes}");
        Self::noise(folder, &name, megabytes, u64::from(megabytes))
    }

    /// A file of two megabytes that does not compress, the same in this folder and no other.
    pub(super) fn own(folder: &Path) -> Result<Self> {
        let file = folder.join("seed");
        if !file.exists() {
            let mut seed = [0; 8];
            fs::File::open("/dev/urandom")?.read_exact(&mut seed)?;
            write(&file, seed)?;
        }
        let seed = fs::read(&file)?;
        let seed = seed.as_slice().try_into().context("no seed")?;
        // Zero would stay zero.
        Self::noise(folder, "own", 2, u64::from_le_bytes(seed) | 1)
    }

    fn noise(folder: &Path, name: &str, megabytes: u32, seed: u64) -> Result<Self> {
        Self::pack(folder, name, |root| {
            let mut file = fs::File::create(root.join(name))?;
            let mut state = seed;
            for _ in 0..u64::from(megabytes) * 1_000_000 / 8 / 1000 {
                let mut block = Vec::with_capacity(8000);
                for _ in 0..1000 {
                    state = next(state);
                    block.extend(state.to_le_bytes());
                }
                file.write_all(&block)?;
            }
            Ok(())
        })
    }

    /// One text file.
    pub(super) fn text(folder: &Path, text: &str) -> Result<Self> {
        let name = format!("text-{:016x}", key::of(&[text]));
        Self::pack(folder, &name, |root| write(&root.join("README"), text))
    }

    /// The links of a merged-/usr root, and mount points.
    pub(super) fn host_links(folder: &Path) -> Result<Self> {
        Self::pack(folder, "host", |root| {
            for name in ["bin", "sbin", "lib", "lib64"] {
                symlink(format!("usr/{name}"), root.join(name))?;
            }
            for name in [
                "usr", "etc", "root", "tmp", "run", "var/lib", "proc", "sys", "dev",
            ] {
                fs::create_dir_all(root.join(name))?;
            }
            symlink("/run", root.join("var/run"))?;
            write(&root.join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n")?;
            write(&root.join("etc/group"), "root:x:0:\ndocker:x:1:\n")
        })
    }

    fn pack(folder: &Path, name: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<Self> {
        let tar = folder.join(format!("{name}.tar"));
        let packed = folder.join(format!("{name}.tar.gz"));
        let root = tempfile::tempdir_in(folder)?;
        fill(root.path()).with_context(|| format!("failed to make the layer {name}"))?;
        let options = [
            "--sort=name",
            "--mtime=@0",
            "--owner=0",
            "--group=0",
            "--numeric-owner",
            "--create",
        ];
        // A temporary folder is 0700, and it becomes the root of the container.
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755))?;
        Ran::ok(
            Command::new("tar")
                .args(options)
                .arg("-f")
                .arg(&tar)
                .arg("-C")
                .arg(root.path())
                .arg("."),
        )?;
        let diff_id = digest(&tar)?;
        // No name and time in the gzip header, so that its digest depends on the content alone.
        Ran::ok(
            Command::new("gzip")
                .args(["--force", "--fast", "--no-name"])
                .arg(&tar),
        )?;
        Ok(Self {
            file: packed,
            diff_id,
        })
    }
}

/// Copies a program to a path below another root, and the shared libraries that it names to their own paths there.
fn copy_program(root: &Path, program: &Path, target: &Path) -> Result<()> {
    // A static program has none, and ldd then fails.
    let libraries = Ran::of(Command::new("ldd").arg(program))?.stdout;
    let mut libraries = libraries
        .split_whitespace()
        .filter(|word| word.starts_with('/'))
        .map(Path::new);
    copy(program, &root.join(target))?;
    libraries.try_for_each(|file| copy(file, &root.join(file.strip_prefix("/")?)))
}

fn copy(file: &Path, target: &Path) -> Result<()> {
    fs::create_dir_all(target.parent().context("a file has a folder")?)?;
    fs::copy(file, target).with_context(|| format!("failed to copy {}", file.display()))?;
    Ok(())
}

/// One step of xorshift64 (Marsaglia 2003, triple 13, 7, 17).
fn next(state: u64) -> u64 {
    let state = state ^ (state << 13);
    let state = state ^ (state >> 7);
    state ^ (state << 17)
}

/// The chain id of so many layers, by the digests of their unpacked content, the lowest first (image-spec 1.1, "Layer
/// `ChainID`").
pub(in crate::lab) fn chain_id(folder: &Path, diff_ids: &[String]) -> Result<String> {
    let (first, rest) = diff_ids.split_first().context("an image has layers")?;
    let file = folder.join("chain");
    let mut chain = first.clone();
    for diff_id in rest {
        write(&file, format!("{chain} {diff_id}"))?;
        chain = digest(&file)?;
    }
    Ok(chain)
}

/// `sha256:` and 64 hex digits.
pub(super) fn digest(file: &Path) -> Result<String> {
    let out = Ran::ok(Command::new("sha256sum").arg(file))?.stdout;
    let hex = out
        .split_whitespace()
        .next()
        .context("sha256sum printed nothing")?;
    Ok(format!("sha256:{}", hex.trim_start_matches('\\')))
}

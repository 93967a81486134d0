//! The built object: known by what it was built from, and kept for other clones.

use std::{
    fs,
    hash::{DefaultHasher, Hasher},
    io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::workspace::{Workspace, cache};

/// Where `imgtrace/build.rs` looks for the object.
pub(crate) fn path(workspace: &Workspace) -> PathBuf {
    workspace.bpf().join("imgtrace.bpf.o")
}

/// So many objects are kept in the cache folder, the latest ones.
const KEPT: usize = 16;

/// What the object depends on besides its toolchain, relative to the workspace.
const SOURCES: [&str; 4] = [
    "Cargo.lock",
    "Cargo.toml",
    "imgtrace-common",
    "imgtrace-ebpf",
];

/// The object of one state of the sources, built by one toolchain.
#[derive(Debug)]
pub(crate) struct Object {
    key: String,
    /// Where it is, or belongs.
    pub(crate) path: PathBuf,
    kept: PathBuf,
}

impl Object {
    /// The object that the sources of now and this way of building (toolchain, linker, flags) give.
    pub(crate) fn of(workspace: &Workspace, recipe: &str) -> Result<Self> {
        let mut hasher = DefaultHasher::new();
        hash_part(&mut hasher, recipe.as_bytes());
        for source in SOURCES {
            hash_tree(&mut hasher, &workspace.root, Path::new(source))?;
        }
        let key = format!("{:016x}", hasher.finish());
        Ok(Self {
            path: path(workspace),
            kept: cache()?.join("objects").join(format!("{key}.bpf.o")),
            key,
        })
    }

    /// Whether it is in place already.
    pub(crate) fn is_in_place(&self) -> bool {
        self.path.is_file() && fs::read_to_string(self.stamp()).is_ok_and(|key| key == self.key)
    }

    /// Puts the cache folder's copy in place, `false` where there is none.
    pub(crate) fn restore(&self) -> Result<bool> {
        Ok(self.kept.is_file() && self.place(&self.kept).map(|()| true)?)
    }

    /// Puts what was just built in place and a copy of it into the cache folder.
    pub(crate) fn store(&self, built: &Path) -> Result<()> {
        self.place(built)?;
        let folder = self.kept.parent().context("a cache without a folder")?;
        fs::create_dir_all(folder)?;
        replace(built, &self.kept)?;
        prune(folder)
    }

    /// Takes away what earlier sources gave: in a binary it would pass for the sources of now.
    pub(crate) fn remove(&self) -> Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("failed to remove {}", self.path.display()))
            }
            _ => Ok(()),
        }
    }

    /// An object with the same bytes is left alone, so that the binary is not built again.
    fn place(&self, from: &Path) -> Result<()> {
        if fs::read(&self.path).ok() != Some(fs::read(from)?) {
            replace(from, &self.path)?;
        }
        fs::write(self.stamp(), &self.key)?;
        Ok(())
    }

    fn stamp(&self) -> PathBuf {
        self.path.with_extension("key")
    }
}

/// Copies so that no reader sees half a file.
fn replace(from: &Path, to: &Path) -> Result<()> {
    let partial = to.with_extension(format!("{}.partial", std::process::id()));
    fs::copy(from, &partial).with_context(|| format!("failed to copy to {}", partial.display()))?;
    fs::rename(&partial, to).with_context(|| format!("failed to write {}", to.display()))
}

fn prune(folder: &Path) -> Result<()> {
    let mut objects = fs::read_dir(folder)?
        .map(|entry| {
            let entry = entry?;
            Ok((entry.metadata()?.modified()?, entry.path()))
        })
        .collect::<Result<Vec<_>>>()?;
    objects.sort();
    for (_, path) in objects.iter().rev().skip(KEPT) {
        fs::remove_file(path)?;
    }
    Ok(())
}

/// Hashes names and contents below `path`, in an order that does not depend on the file system.
fn hash_tree(hasher: &mut DefaultHasher, root: &Path, path: &Path) -> Result<()> {
    let absolute = root.join(path);
    if !absolute.is_dir() {
        hash_part(hasher, path.as_os_str().as_encoded_bytes());
        let content = fs::read(&absolute)
            .with_context(|| format!("failed to read {}", absolute.display()))?;
        hash_part(hasher, &content);
        return Ok(());
    }
    let mut names = fs::read_dir(&absolute)?
        .map(|entry| Ok(entry?.file_name()))
        .collect::<Result<Vec<_>>>()?;
    names.sort();
    names
        .iter()
        .try_for_each(|name| hash_tree(hasher, root, &path.join(name)))
}

/// With its length, so that two parts cannot pass for one.
fn hash_part(hasher: &mut DefaultHasher, part: &[u8]) {
    hasher.write_usize(part.len());
    hasher.write(part);
}

#[cfg(test)]
mod tests;

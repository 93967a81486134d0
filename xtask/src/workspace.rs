//! Where things lie: the workspace, its target folder and the user's cache folder.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::process::{cargo, output};

/// The folders that the commands work in.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The folder of the workspace's Cargo.toml.
    pub(crate) root: PathBuf,
    /// Cargo's target folder, wherever the environment or a configuration puts it.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// Asks cargo where the workspace that this program was built from keeps its target folder.
    pub(crate) fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("xtask's manifest has no parent folder")?
            .to_owned();
        let metadata = output(cargo(&root).args([
            "metadata",
            "--no-deps",
            "--format-version=1",
            "--offline",
        ]))?;
        let metadata: serde_json::Value =
            serde_json::from_str(&metadata).context("failed to read cargo's metadata")?;
        let target = metadata
            .get("target_directory")
            .and_then(serde_json::Value::as_str)
            .context("cargo's metadata names no target folder")?;
        Ok(Self {
            root,
            target: target.into(),
        })
    }

    /// Where everything of the kernel object is built, and where `imgtrace/build.rs` looks for it.
    pub(crate) fn bpf(&self) -> PathBuf {
        self.target.join("bpf")
    }
}

/// What is kept for other clones of the same user: `$XDG_CACHE_HOME/imgtrace`, by default
/// `~/.cache/imgtrace`.
pub(crate) fn cache() -> Result<PathBuf> {
    env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| Some(env::home_dir()?.join(".cache")))
        .map(|path| path.join("imgtrace"))
        .context("neither XDG_CACHE_HOME nor HOME is set: no place for a cache folder")
}

//! The imgtrace program: how it is built to be run, and where it is.

use std::path::PathBuf;

use anyhow::Result;

use crate::{
    process::{cargo, run},
    workspace::Workspace,
};

/// Builds it with the kernel object that is in place, and gives its path.
pub(crate) fn build(workspace: &Workspace) -> Result<PathBuf> {
    run(cargo(&workspace.root).args(["build", "--release", "--package", "imgtrace"]))?;
    Ok(path(workspace))
}

/// Where [`build`] puts it.
pub(crate) fn path(workspace: &Workspace) -> PathBuf {
    workspace.target.join("release/imgtrace")
}

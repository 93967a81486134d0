//! An image of one large layer.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use imgtrace_tests::lab::Ran;
use serde_json::json;

/// Size of the image that is loaded, in MB.
pub(crate) const MEGABYTES: u64 = 500;
/// The name that the image is loaded by.
pub(crate) const IMAGE: &str = "imgtrace-lab/heavy:1";

/// An archive as `docker save` makes it (image specification 1.2), of one layer with one large file.
pub(crate) fn archive(folder: &Path) -> Result<PathBuf> {
    File::create(folder.join("heavy"))?.set_len(MEGABYTES << 20)?;
    tar(folder, "layer.tar", &["heavy"])?;
    let sum = Ran::ok(Command::new("sha256sum").arg(folder.join("layer.tar")))?;
    let digest = sum
        .stdout
        .split(' ')
        .next()
        .context("no digest")?
        .to_owned();
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{digest}")] },
    });
    let manifest =
        json!([{ "Config": "config.json", "RepoTags": [IMAGE], "Layers": ["layer.tar"] }]);
    fs::write(folder.join("config.json"), config.to_string())?;
    fs::write(folder.join("manifest.json"), manifest.to_string())?;
    tar(
        folder,
        "image.tar",
        &["manifest.json", "config.json", "layer.tar"],
    )?;
    Ok(folder.join("image.tar"))
}

fn tar(folder: &Path, name: &str, files: &[&str]) -> Result<()> {
    let mut command = Command::new("tar");
    command.arg("--create").arg("--file").arg(folder.join(name));
    Ran::ok(command.arg("--directory").arg(folder).args(files))?;
    Ok(())
}

//! Bytes, as imgtrace says them and as the stores' own programs do.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::lab::{Containerd, Crictl, Docker, Ran, say};

/// Bytes of one thing from several sources.
#[derive(Debug, Clone)]
pub struct Comparison {
    of: String,
    rows: Vec<(String, u64)>,
}

impl Comparison {
    /// Of nothing yet; `of` is what is measured.
    pub fn new(of: &str) -> Self {
        Self {
            of: of.to_owned(),
            rows: Vec::new(),
        }
    }

    /// With what a source says.
    #[must_use]
    pub fn says(mut self, source: &str, bytes: u64) -> Self {
        self.rows.push((source.to_owned(), bytes));
        self
    }

    /// Shows it, and has all sources say the same but for so many bytes.
    ///
    /// # Errors
    /// They do not.
    pub fn agree(&self, within: u64) -> Result<()> {
        say(&format!("{}, in bytes:", self.of));
        for (source, bytes) in &self.rows {
            say(&format!("  {source:<40} {bytes:>12}"));
        }
        let bytes = || self.rows.iter().map(|(_, bytes)| *bytes);
        let spread = bytes().max().zip(bytes().min());
        ensure!(
            spread.is_some_and(|(most, least)| most - least <= within),
            "these differ by more than {within}: {self:#?}"
        );
        Ok(())
    }
}

impl Docker {
    /// Bytes of an image's layers, by `docker image inspect`.
    ///
    /// # Errors
    /// There is no such image.
    pub fn size_of(&self, image: &str) -> Result<u64> {
        let ran = self.cli(&["image", "inspect", "--format", "{{.Size}}", image])?;
        Ok(ran.stdout.trim().parse()?)
    }
}

impl Crictl {
    /// Bytes of an image, by `crictl images`.
    ///
    /// # Errors
    /// There is no such image.
    pub fn size_of(&self, image: &str) -> Result<u64> {
        Ok(self.listed(image, "size")?.parse()?)
    }

    /// What CRI calls an image.
    ///
    /// # Errors
    /// There is no such image.
    pub fn id_of(&self, image: &str) -> Result<String> {
        self.listed(image, "id")
    }

    fn listed(&self, image: &str, field: &str) -> Result<String> {
        // Not every server heeds what is asked for.
        let list = self.json("images", &[image])?;
        let tagged = |entry: &&Value| {
            let tags = entry["repoTags"].as_array();
            tags.is_some_and(|tags| tags.iter().any(|tag| tag == image))
        };
        let mut entries = list["images"].as_array().into_iter().flatten();
        let field = entries.find(tagged).and_then(|entry| entry[field].as_str());
        Ok(field
            .with_context(|| format!("no {image} in {list}"))?
            .to_owned())
    }
}

impl Containerd {
    /// Bytes that the layers of a namespace take unpacked, by `ctr snapshots usage`.
    ///
    /// # Errors
    /// ctr fails, or prints something else.
    pub fn unpacked(&self, namespace: &str) -> Result<u64> {
        let usage = self.ctr(&["--namespace", namespace, "snapshots", "usage", "-b"])?;
        let layers = usage
            .stdout
            .lines()
            .filter(|line| line.starts_with("sha256:"));
        let bytes = layers.map(|line| {
            let bytes = line.split_whitespace().nth(1).context("no bytes")?;
            Ok(bytes.parse::<u64>()?)
        });
        bytes.sum()
    }

    /// Where it keeps the archives that images came as.
    pub fn archives(&self) -> PathBuf {
        self.root().join("io.containerd.content.v1.content/blobs")
    }
}

/// Bytes of all files below a folder, each once, by `du`.
///
/// # Errors
/// The folder cannot be read.
pub fn du(folder: &Path) -> Result<u64> {
    let mut command = Command::new("du");
    command.args(["--summarize", "--bytes"]).arg(folder);
    let ran = Ran::ok(&mut command)?;
    let bytes = ran.stdout.split_whitespace().next();
    Ok(bytes.context("du printed nothing")?.parse()?)
}

//! What the stories are told about: one image of the lab's registry, and files to import, build and load.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use imgtrace_tests::lab::{Docker, Image, Lab, Ran, Registry};

/// An image, as the registry and the docker command tell of it.
#[derive(Debug)]
pub(super) struct Known {
    /// Its reference, `127.0.0.1:PORT/imgtrace-lab/busybox:1`: the same when it is normalised.
    pub(super) image: String,
    /// The same without the tag.
    pub(super) repository: String,
    /// What its tag resolves to.
    pub(super) digest: String,
}

impl Known {
    /// Pulls it once, before anything is watched, and believes what the docker command prints.
    pub(super) fn learn(docker: &Docker, registry: &Registry) -> Result<Self> {
        let image = registry.reference(Image::Busybox);
        let (repository, _) = image.rsplit_once(':').context("no tag")?;
        let ran = docker.cli(&["pull", &image])?;
        let digest = ran
            .stdout
            .lines()
            .find_map(|line| line.strip_prefix("Digest: "));
        Ok(Self {
            repository: repository.to_owned(),
            digest: digest
                .context("docker pull printed no digest")?
                .trim()
                .to_owned(),
            image,
        })
    }

    /// By its digest alone.
    pub(super) fn by_digest(&self) -> String {
        format!("{}@{}", self.repository, self.digest)
    }
}

/// Makes a folder with `files.tar` (a root file system of one file), `context/` and `context.tar` (a build of two
/// steps on top of the image).
pub(super) fn folder(lab: &Lab, known: &Known) -> Result<PathBuf> {
    let folder = lab.place().data().join("story");
    let context = folder.join("context");
    std::fs::create_dir_all(&context)?;
    std::fs::write(folder.join("hello"), "hello\n")?;
    std::fs::write(
        context.join("Dockerfile"),
        format!("FROM {}\nLABEL story=told\nRUN true\n", known.image),
    )?;
    pack(&folder.join("files.tar"), &folder, "hello")?;
    pack(&folder.join("context.tar"), &context, "Dockerfile")?;
    Ok(folder)
}

fn pack(archive: &Path, folder: &Path, file: &str) -> Result<()> {
    Ran::ok(
        Command::new("tar")
            .arg("-cf")
            .arg(archive)
            .arg("-C")
            .arg(folder)
            .arg(file),
    )?;
    Ok(())
}

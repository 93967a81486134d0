//! A Docker that keeps its images in containerd, and CRI on the same containerd: the second pull fetches nothing, but the
//! layers are unpacked once more for its namespace.

use anyhow::{Context as _, Result, ensure};

use super::{Comparison, Situation, Told, Watch, du};
use crate::lab::{Generation, Image, Lab, Peers, say};

/// Bytes of the folders that du counts, and of documents, are fewer.
const ABOUT: u64 = 64 * 1024;

pub(super) const SITUATION: Situation = Situation {
    name: "half-duplicate",
    peers: &[Peers::Newest, Peers::Kubernetes],
    play,
};

fn play(lab: &Lab) -> Result<Told> {
    let registry = lab.registry()?;
    let docker = lab.docker_with_cri(Generation::Newest, &registry)?;
    let containerd = docker.containerd();
    let crictl = lab.crictl(&containerd.socket())?;
    let image = registry.add(Image::Own)?;
    docker.cli(&["pull", "--quiet", &image])?;
    let once = du(&containerd.archives())?;
    let watch = Watch::begin(
        lab,
        &[
            ("docker", &docker.socket()),
            ("containerd", &containerd.socket()),
        ],
    )?;
    crictl.run(&["pull", &image])?;
    say(&format!("docker pull, crictl pull {image}"));
    watch.finding("half-duplicate", "unpacked twice")?;
    let told = watch.end()?;

    told.only(&["half-duplicate"])?;
    let findings = told.findings("half-duplicate");
    let settled = findings.last().context("no finding")?;
    let root = containerd.root();
    for (store, namespace) in settled["stores"]
        .as_array()
        .context("no stores")?
        .iter()
        .zip(["moby", "k8s.io"])
    {
        ensure!(
            store["root"] == *root.to_string_lossy() && store["namespace"] == namespace,
            "{settled:#}"
        );
    }
    say(&format!("{}", settled["summary"]));
    Comparison::new("archives, after one pull and after two")
        .says("du after docker pull", once)
        .says("du after crictl pull", du(&containerd.archives())?)
        .agree(0)?;
    let wasted = settled["wasted_bytes"].as_u64().context("no bytes")?;
    Comparison::new("unpacked twice")
        .says("imgtrace", wasted)
        .says("ctr snapshots usage of moby", containerd.unpacked("moby")?)
        .says(
            "ctr snapshots usage of k8s.io",
            containerd.unpacked("k8s.io")?,
        )
        .agree(ABOUT)?;
    Ok(told)
}

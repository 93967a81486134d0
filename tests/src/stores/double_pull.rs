//! The same image by `docker pull` and by `crictl pull`, into Docker's store and a containerd's of another root: fetched
//! twice, and twice on the disk. The bytes are those that the stores' own programs tell.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{Comparison, Situation, Told, Watch};
use crate::lab::{Crictl, Docker, Generation, Image, Lab, Peers, say};

pub(super) const SITUATION: Situation = Situation {
    name: "double-pull",
    peers: &[Peers::Kubernetes],
    play,
};

/// Docker counts the bytes of a layer's files, containerd the blocks that they take on the disk: apart by less than a
/// block for each of a few files and folders.
const BLOCKS: u64 = 64 << 10;

/// The configuration and the manifest, which `crictl` counts with the archives.
const DOCUMENTS: u64 = 8 << 10;

fn play(lab: &Lab) -> Result<Told> {
    let registry = lab.registry()?;
    let docker = lab.docker(Generation::Debian)?;
    let k3s = lab.containerd_with_cri(Generation::Debian, &registry)?;
    let crictl = lab.crictl(&k3s.socket())?;
    let image = registry.add(Image::Own)?;
    docker.cli(&["pull", &image])?;
    say(&format!("docker pull {image}"));
    let watch = Watch::begin(
        lab,
        &[("docker", &docker.socket()), ("containerd", &k3s.socket())],
    )?;
    crictl.run(&["pull", &image])?;
    say(&format!("crictl pull {image}"));
    watch.finding("double-pull", "on disk twice")?;
    let told = watch.end()?;

    told.only(&["double-pull"])?;
    let [began, settled] = told.findings("double-pull")[..] else {
        anyhow::bail!("two findings are expected: {:#?}", told.lines)
    };
    // containerd's namespace is not there before its first image.
    let stores = [docker.root(), k3s.root()];
    for (finding, known) in [(began, 1), (settled, 2)] {
        let expected = stores.iter().take(known).map(|root| root.to_str());
        ensure!(
            roots(finding).eq(expected),
            "the first store stands first: {finding:#}"
        );
        ensure!(finding["severity"] == "warning", "{finding:#}");
        ensure!(finding["operations"] == began["operations"], "{finding:#}");
    }
    compare(settled, &docker, &crictl, &image)?;
    Ok(told)
}

fn roots(finding: &Value) -> impl Iterator<Item = Option<&str>> {
    let stores = finding["stores"].as_array();
    stores
        .into_iter()
        .flatten()
        .map(|store| store["root"].as_str())
}

/// The archives are what `crictl` calls the size, the layers what Docker does.
fn compare(settled: &Value, docker: &Docker, crictl: &Crictl, image: &str) -> Result<()> {
    let bytes = |field: &str| settled[field].as_u64().context("no bytes");
    let (fetched, wasted) = (bytes("fetched_bytes")?, bytes("wasted_bytes")?);
    Comparison::new("archives, fetched again")
        .says("imgtrace fetched_bytes", fetched)
        .says("crictl images", crictl.size_of(image)?)
        .agree(DOCUMENTS)?;
    Comparison::new("layers, on the disk twice")
        .says("imgtrace wasted_bytes without archives", wasted - fetched)
        .says("docker image inspect", docker.size_of(image)?)
        .agree(BLOCKS)
}

//! Docker in Docker pulls what the Docker around it has: two stores on one disk, though the inner one knows nothing of the
//! outer. The bytes are fetched again and lie there twice, and the inner daemon is named by its container.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{Comparison, Situation, Told, Watch};
use crate::lab::{Dind, Generation, Image, Lab};

pub(super) const SITUATION: Situation = Situation {
    name: "dind-double",
    peers: &[],
    play,
};

fn play(lab: &Lab) -> Result<Told> {
    let registry = lab.registry()?;
    let docker = lab.docker(Generation::Debian)?;
    let content = registry.add_known(Image::Own)?;
    let image = &content.reference;
    let watch = Watch::begin(lab, &[("docker", &docker.socket())])?;
    // Its daemon comes up while imgtrace runs, at a path that nobody named.
    let dind = Dind::start(&docker, &registry)?;
    docker.cli(&["pull", "--quiet", image])?;
    let outer = watch.line(|line| is_pull(line, image))?;
    dind.cli(&["pull", "--quiet", image])?;
    let inner = watch.line(|line| is_pull(line, image) && line["id"] != outer["id"])?;
    watch.finding("double-pull", image)?;
    let inside = ["image", "inspect", "--format", "{{.Size}}", image];
    let inside: u64 = dind.cli(&inside)?.ran.stdout.trim().parse()?;
    let told = watch.end()?;

    told.only(&["dind", "double-pull"])?;
    // Of the socket inside it is told by its name there, which no lab has for itself.
    let is_its = |line: &&Value| line["rule"] == "dind" && names(line, dind.container());
    ensure!(told.lines.iter().any(|line| is_its(&line)), "no dind");
    let stores = [&outer, &inner].map(|pull| &pull["store"]["id"]);
    ensure!(
        stores[0].is_string() && stores[0] != stores[1],
        "two stores are expected: {outer:#} {inner:#}"
    );
    ensure!(
        inner["caller"]["container"]["id"] == *dind.container(),
        "{inner:#}"
    );
    let settled = told.findings("double-pull");
    let settled = settled.last().context("no double-pull")?;
    ensure!(
        settled["severity"] == "warning" && ids(settled) == stores,
        "{settled:#}"
    );
    let of_name = ["inspect", "--format", "{{.Name}}", dind.container()];
    let name = docker.cli(&of_name)?.stdout;
    let name = name.trim().trim_start_matches('/');
    let summary = settled["summary"].as_str().unwrap_or_default();
    ensure!(
        summary.contains(&format!("in container {name}")),
        "the inner daemon's container {name} is named: {settled:#}"
    );
    let wasted = settled["wasted_bytes"].as_u64().context("no bytes")?;
    Comparison::new("the image, unpacked a second time")
        .says("imgtrace, wasted_bytes", wasted)
        .says("docker image inspect, outside", docker.size_of(image)?)
        .says("docker image inspect, inside", inside)
        .agree(0)?;
    let fetched = settled["fetched_bytes"].as_u64().context("no bytes")?;
    let sent = content.bytes_beside(None);
    Comparison::new("the image, fetched a second time")
        .says("imgtrace, fetched_bytes", fetched)
        .says("the registry's blobs, manifest and configuration", sent)
        .agree(MANIFEST_MOST)?;
    docker.cli(&["rm", "--force", dind.container()])?;
    Ok(told)
}

/// Bytes of a manifest and a configuration, which imgtrace may not count.
const MANIFEST_MOST: u64 = 4096;

fn is_pull(line: &Value, image: &str) -> bool {
    line["kind"] == "operation" && line["op"] == "pull" && line["image"] == *image
}

fn names(finding: &Value, container: &str) -> bool {
    finding.to_string().contains(container)
}

fn ids(finding: &Value) -> Vec<&Value> {
    let stores = finding["stores"].as_array().into_iter().flatten();
    stores.map(|store| &store["id"]).collect()
}

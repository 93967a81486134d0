//! A node with one Docker, one image and a container of it: nothing is wrong with that, and imgtrace says so in one line.

use anyhow::{Result, ensure};
use serde_json::Value;

use super::{Situation, Told, Watch};
use crate::lab::{Generation, Image, Lab};

pub(super) const SITUATION: Situation = Situation {
    name: "nothing-wrong",
    peers: &[],
    play,
};

fn play(lab: &Lab) -> Result<Told> {
    let registry = lab.registry()?;
    let docker = lab.docker(Generation::Debian)?;
    let image = registry.add(Image::Own)?;
    let watch = Watch::begin(lab, &[("docker", &docker.socket())])?;
    docker.cli(&["run", "--rm", "--name", "content", &image, "true"])?;
    watch.line(|line| line["op"] == "start" && line["container_name"] == "content")?;
    let told = watch.end()?;
    told.only(&[])?;
    in_order(&told)?;
    ensure!(!told.operations("start").is_empty(), "{:#?}", told.lines);
    Ok(told)
}

/// One line says that nothing is wrong; or else something is, before it, with the stores of others on this machine.
fn in_order(told: &Told) -> Result<()> {
    const OF_STORES: [&str; 3] = ["double-pull", "half-duplicate", "leftover"];
    let is_total = |line: &Value| {
        matches!(
            line["about"].as_str(),
            Some("stores-in-order" | "stores-listed")
        )
    };
    let mut parts = told.lines.split(is_total);
    let before = parts.next().unwrap_or_default();
    ensure!(
        parts.count() == 1,
        "one line about all stores: {:#?}",
        told.lines
    );
    let is_found = |line: &Value| OF_STORES.iter().any(|rule| line["rule"] == *rule);
    let total = &told.lines[before.len()];
    let expected = if before.iter().any(is_found) {
        "stores-listed"
    } else {
        "stores-in-order"
    };
    ensure!(total["about"] == expected, "{:#?}", told.lines);
    Ok(())
}

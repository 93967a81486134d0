//! A node with one Docker, one image and a container of it: nothing is wrong with that, and imgtrace says so in one line.

use anyhow::{Result, ensure};

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
    ensure!(!told.operations("start").is_empty(), "{:#?}", told.lines);
    Ok(told)
}

//! As with k3s --docker: crictl asks a cri-dockerd, which asks a dockerd. Both list the same images because they are the
//! same images; what one removes is gone for the other.

use std::path::Path;

use anyhow::{Result, ensure};

use super::{Situation, Told, Watch};
use crate::lab::{Crictl, Docker, Image, Lab, Peers, say};

pub(super) const SITUATION: Situation = Situation {
    name: "same-store",
    peers: &[Peers::Newest, Peers::Kubernetes, Peers::CriDockerd],
    play,
};

fn play(lab: &Lab) -> Result<Told> {
    let registry = lab.registry()?;
    let cri = lab.cri_dockerd(&registry)?;
    let docker = cri.docker();
    let crictl = lab.crictl(&cri.socket())?;
    let image = registry.add(Image::Own)?;
    // Its namespace is there from its first image on.
    docker.cli(&["pull", "--quiet", &registry.reference(Image::Busybox)])?;
    let sockets: [(&str, &Path); 3] = [
        ("cri-dockerd", &cri.socket()),
        ("docker", &docker.socket()),
        ("containerd", &docker.containerd().socket()),
    ];
    let watch = Watch::begin(lab, &sockets)?;
    docker.cli(&["pull", "--quiet", &image])?;
    both_list(&crictl, docker, &image)?;
    // By name, this cri-dockerd removes nothing and says that it has.
    crictl.run(&["rmi", &crictl.id_of(&image)?])?;
    ensure!(docker.size_of(&image).is_err(), "docker still has {image}");
    say(&format!(
        "docker pull, crictl rmi {image}: docker has it no more"
    ));
    watch.finding("removed-by", &image)?;
    crictl.run(&["pull", &image])?;
    both_list(&crictl, docker, &image)?;
    docker.cli(&["rmi", &image])?;
    ensure!(crictl.size_of(&image).is_err(), "crictl still has {image}");
    say(&format!(
        "crictl pull, docker rmi {image}: crictl has it no more"
    ));
    watch.line(|line| line["op"] == "remove-image" && line["endpoint"]["runtime"] == "docker")?;
    let told = watch.end()?;
    told.only(&["same-store", "removed-by"])?;
    let same = told.finding("same-store")?;
    for socket in [cri.socket(), docker.socket()] {
        let path = socket.display().to_string();
        ensure!(same.to_string().contains(&path), "no {path} in {same:#}");
    }
    ensure!(same["wasted_bytes"].is_null(), "it is there once: {same:#}");
    let removed = told.findings("removed-by");
    ensure!(removed.len() == 2, "one each way: {removed:#?}");
    for (finding, (by, through)) in removed
        .iter()
        .zip([("crictl", cri.socket()), ("docker", docker.socket())])
    {
        let through = through.display().to_string();
        let text = finding.to_string();
        ensure!(
            text.contains(by) && text.contains(&through),
            "{by} removed it through {through}, but: {finding:#}"
        );
    }
    Ok(told)
}

/// Both command lines show the image.
fn both_list(crictl: &Crictl, docker: &Docker, image: &str) -> Result<()> {
    let (by_docker, by_crictl) = (docker.size_of(image)?, crictl.size_of(image)?);
    say(&format!(
        "{image}: {by_docker} bytes by docker image inspect, {by_crictl} by crictl images"
    ));
    Ok(())
}

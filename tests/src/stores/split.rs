//! An agent's container on a containerd like k3s's holds the host's docker.sock, and pulls and runs through it: its own
//! image lies in one store, and what it starts in the other. That is normal, and nothing is there twice.

use anyhow::{Context as _, Result, ensure};

use super::{Situation, Told, Watch};
use crate::lab::{Crictl, Generation, Image, Lab, Peers, Pod, SOCKET_INSIDE, say};

pub(super) const SITUATION: Situation = Situation {
    name: "dood-split",
    peers: &[Peers::Kubernetes],
    play,
};

fn play(lab: &Lab) -> Result<Told> {
    let registry = lab.registry()?;
    let docker = lab.docker(Generation::Debian)?;
    let k3s = lab.containerd_with_cri(Generation::Debian, &registry)?;
    let crictl = lab.crictl(&k3s.socket())?;
    let image = registry.add(Image::Own)?;
    let agent = agent(&crictl, &registry.add(Image::DockerCli)?, &docker.socket())?;
    say(&format!(
        "container {agent:.12} of containerd holds {}",
        docker.socket().display()
    ));
    let watch = Watch::begin(
        lab,
        &[("docker", &docker.socket()), ("containerd", &k3s.socket())],
    )?;
    let socket = format!("unix://{SOCKET_INSIDE}");
    let run = ["run", "--rm", "--name", "sibling", &image, "true"];
    let words = [
        &["exec", "--sync", &agent, "docker", "--host", &socket][..],
        &run,
    ]
    .concat();
    crictl.run(&words)?;
    say(&format!("in there: docker {}", run.join(" ")));
    watch.line(|line| line["op"] == "start" && line["container_name"] == "sibling")?;
    watch.finding("split", &image)?;
    let told = watch.end()?;

    told.only(&["dood", "split"])?;
    let (k3s, docker) = (k3s.root(), docker.root());
    let split = told.finding("split")?;
    let roots: Vec<_> = split["stores"]
        .as_array()
        .context("no stores")?
        .iter()
        .map(|store| &store["root"])
        .collect();
    ensure!(
        roots == [&*k3s.to_string_lossy(), &*docker.to_string_lossy()],
        "{split:#}"
    );
    ensure!(
        split["severity"] == "info" && split["wasted_bytes"].is_null(),
        "{split:#}"
    );
    for op in ["pull", "create", "start"] {
        let mut all = told.operations(op);
        // The first create is refused: the image is not there yet.
        all.retain(|line| line["outcome"] == "ok");
        let [one] = all.as_slice() else {
            anyhow::bail!("one {op} is expected, not {all:#?}")
        };
        ensure!(one["caller"]["container"]["id"] == *agent, "{one:#}");
        ensure!(one["store"]["root"] == *docker.to_string_lossy(), "{one:#}");
    }
    Ok(told)
}

/// Starts a pod with a container of this image that holds the socket; gives the container's id.
fn agent(crictl: &Crictl, image: &str, socket: &std::path::Path) -> Result<String> {
    let pod = Pod::new("agent", "5d1f2a90-6f5a-4a53-8c6d-2f1f6b0c7a13")
        .container_of("agent", image, &["sleep", "1000"])
        .mounting(socket, SOCKET_INSIDE);
    crictl.run(&["pull", image])?;
    let sandbox = crictl.run(&["runp", &crictl.pod_file(&pod)?])?.stdout;
    let (container, of_pod) = (
        crictl.container_file(&pod, "agent")?,
        crictl.pod_file(&pod)?,
    );
    let id = crictl
        .run(&["create", sandbox.trim(), &container, &of_pod])?
        .stdout;
    crictl.run(&["start", id.trim()])?;
    Ok(id.trim().to_owned())
}

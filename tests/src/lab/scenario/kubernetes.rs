//! Stories of Kubernetes' half: crictl, kubelet, cri-dockerd. Each starts its daemons beside the lab's Docker and stops
//! them again.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::lab::{Crictl, Docker, Done, Image, Lab, Pod, Registry, say, until};

/// How long kubelet may take to start a container.
const START_PATIENCE: Duration = Duration::from_mins(1);
/// What containers run.
const STAY: [&str; 2] = ["sleep", "1000"];

/// A pod from its begin to its end, on containerd.
pub(super) fn cri(lab: &Lab, docker: &Docker, registry: &Registry) -> Result<()> {
    let containerd = lab.containerd_with_cri(docker.generation(), registry)?;
    say(&format!(
        "containerd serves CRI at {}",
        containerd.socket().display()
    ));
    pod(&lab.crictl(&containerd.socket())?, registry)?;
    containerd.stop()
}

/// The same on cri-dockerd over the newest Docker.
pub(super) fn cri_dockerd(lab: &Lab, registry: &Registry) -> Result<()> {
    let cri = lab.cri_dockerd(registry)?;
    say(&format!(
        "cri-dockerd serves CRI at {}, over the Docker at {} and the containerd at {}",
        cri.socket().display(),
        cri.docker().socket().display(),
        cri.docker().containerd().socket().display()
    ));
    pod(&lab.crictl(&cri.socket())?, registry)?;
    cri.stop()?;
    cri.docker().stop()?;
    cri.docker().containerd().stop()
}

/// kubelet runs two static pods on containerd, and restarts a container that was stopped.
pub(super) fn kubelet(lab: &Lab, docker: &Docker, registry: &Registry) -> Result<()> {
    let containerd = lab.containerd_with_cri(docker.generation(), registry)?;
    let crictl = lab.crictl(&containerd.socket())?;
    let kubelet = lab.kubelet(&containerd.socket())?;
    let pid = kubelet.pid().unwrap_or_default();
    say(&format!(
        "process {pid}: kubelet on containerd at {}",
        containerd.socket().display()
    ));
    let image = registry.reference(Image::Busybox);
    let pods = [
        Pod::new("first", "11111111-aaaa-4bbb-8ccc-000000000001")
            .container_of("main", &image, &STAY),
        Pod::new("second", "11111111-aaaa-4bbb-8ccc-000000000002")
            .always_pulled("main", &image, &STAY),
    ];
    for pod in &pods {
        kubelet.add(pod)?;
    }
    let started = |wanted: usize| {
        let is_start = |done: &&Done| done.method == "StartContainer";
        let count = || {
            containerd
                .done()
                .map(|done| done.iter().filter(is_start).count())
        };
        until(START_PATIENCE, || {
            count().is_ok_and(|count| count >= wanted)
        })
    };
    ensure!(started(pods.len()), "{}", kubelet.log()?);
    say("two static pods run");
    let one = crictl.run(&["ps", "--quiet", "--last", "1"])?.stdout;
    told(&crictl, &["stop", "--timeout", "0", one.trim()])?;
    ensure!(started(pods.len() + 1), "{}", kubelet.log()?);
    say("kubelet has started another container in its place");
    kubelet.stop()?;
    crictl.run(&["rmp", "--all", "--force"])?;
    containerd.stop()
}

fn pod(crictl: &Crictl, registry: &Registry) -> Result<()> {
    let image = registry.reference(Image::Busybox);
    told(crictl, &["pull", &image])?;
    let pod = Pod::new("hello", "0d2c8b1e-6f5a-4a53-8c6d-2f1f6b0c7a11")
        .container_of("says", &image, &STAY);
    let (of_pod, says) = (crictl.pod_file(&pod)?, crictl.container_file(&pod, "says")?);
    let sandbox = told(crictl, &["runp", &of_pod])?;
    let id = told(crictl, &["create", &sandbox, &says, &of_pod])?;
    told(crictl, &["start", &id])?;
    told(
        crictl,
        &["exec", "--sync", &id, "echo", "hello from the pod"],
    )?;
    told(crictl, &["stop", "--timeout", "0", &id])?;
    told(crictl, &["rm", &id])?;
    told(crictl, &["stopp", &sandbox])?;
    told(crictl, &["rmp", &sandbox])?;
    told(crictl, &["rmi", &image])?;
    Ok(())
}

/// Runs crictl and tells it, with its pid; gives what it printed.
fn told(crictl: &Crictl, args: &[&str]) -> Result<String> {
    let ran = crictl.run(args)?;
    say(&format!("process {}: crictl {}", ran.pid, args.join(" ")));
    Ok(ran.stdout.trim().to_owned())
}

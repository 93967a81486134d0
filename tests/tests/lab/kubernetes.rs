//! containerd with CRI, cri-dockerd and kubelet.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use imgtrace_tests::lab::{
    Crictl, Generation, Image, Lab, Peers, Pod, ProcessId, Registry, missing, skip, until,
};

use super::SOON;

#[test]
fn containerd_serves_cri_to_crictl() -> Result<()> {
    needs!(
        "containerd_serves_cri_to_crictl",
        Generation::Newest.missing(),
        Peers::Kubernetes.missing()
    );
    let lab = Lab::new("t-cri")?;
    let registry = lab.registry()?;
    for generation in [Generation::Debian, Generation::Newest] {
        let containerd = lab.containerd_with_cri(generation, &registry)?;
        let crictl = lab.crictl(&containerd.socket())?;
        runs_a_pod(&crictl, &registry)?;
        let done: Vec<String> = containerd
            .done()?
            .into_iter()
            .map(|done| done.method)
            .collect();
        assert_eq!(
            done,
            [
                "PullImage",
                "RunPodSandbox",
                "CreateContainer",
                "StartContainer",
                "StopContainer",
                "RemoveContainer",
                "StopPodSandbox",
                "RemovePodSandbox",
                "RemoveImage",
            ]
        );
    }
    Ok(())
}

#[test]
fn cri_dockerd_serves_cri_to_crictl() -> Result<()> {
    needs!(
        "cri_dockerd_serves_cri_to_crictl",
        Generation::Newest.missing(),
        Peers::Kubernetes.missing(),
        Peers::CriDockerd.missing()
    );
    let lab = Lab::new("t-cri-dockerd")?;
    let registry = lab.registry()?;
    let cri = lab.cri_dockerd(&registry)?;
    runs_a_pod(&lab.crictl(&cri.socket())?, &registry)?;
    assert!(cri.docker().cli(&["images"])?.stdout.contains("busybox"));
    Ok(())
}

/// A pod with one container that says something.
fn runs_a_pod(crictl: &Crictl, registry: &Registry) -> Result<()> {
    let image = registry.reference(Image::Busybox);
    crictl.run(&["pull", &image])?;
    let pod = Pod::new("hello", "0d2c8b1e").container_of("says", &image, &["sleep", "1000"]);
    let (of_pod, of_container) = (crictl.pod_file(&pod)?, crictl.container_file(&pod, "says")?);
    let sandbox = crictl.run(&["runp", &of_pod])?.stdout.trim().to_owned();
    let id = crictl
        .run(&["create", &sandbox, &of_container, &of_pod])?
        .stdout
        .trim()
        .to_owned();
    crictl.run(&["start", &id])?;
    let said = crictl
        .run(&["exec", "--sync", &id, "echo", "hello"])?
        .stdout;
    assert_eq!(said.trim(), "hello");
    crictl.run(&["stop", "--timeout", "0", &id])?;
    crictl.run(&["rm", &id])?;
    crictl.run(&["stopp", &sandbox])?;
    crictl.run(&["rmp", &sandbox])?;
    crictl.run(&["rmi", &image])?;
    Ok(())
}

#[test]
fn kubelet_runs_a_static_pod_and_leaves_the_host_as_it_was() -> Result<()> {
    needs!(
        "kubelet_runs_a_static_pod_and_leaves_the_host_as_it_was",
        Generation::Newest.missing(),
        Peers::Kubernetes.missing()
    );
    let settings = || {
        [
            "kernel/panic",
            "kernel/panic_on_oops",
            "vm/overcommit_memory",
        ]
        .map(|name| fs::read_to_string(format!("/proc/sys/{name}")).ok())
    };
    let (before, folder) = (settings(), Path::new("/var/lib/kubelet").exists());
    let lab = Lab::new("t-kubelet")?;
    let registry = lab.registry()?;
    let containerd = lab.containerd_with_cri(Generation::Newest, &registry)?;
    let crictl = lab.crictl(&containerd.socket())?;
    let kubelet = lab.kubelet(&containerd.socket())?;
    let image = registry.reference(Image::Busybox);
    let pod = Pod::new("hello", "0d2c8b1e").container_of("stays", &image, &["sleep", "1000"]);
    kubelet.add(&pod)?;
    let running = || {
        crictl
            .run(&["ps", "--quiet"])
            .is_ok_and(|ran| !ran.stdout.trim().is_empty())
    };
    assert!(until(SOON, running), "{}", kubelet.log()?);
    let id = crictl.run(&["ps", "--quiet"])?.stdout.trim().to_owned();
    let status = crictl.json("inspect", &[&id])?;
    let pid = ProcessId::of(i32::try_from(
        status["info"]["pid"].as_i64().context("no pid")?,
    )?);
    lab.end()?;
    assert!(!pid.context("it does not run")?.is_running());
    assert_eq!(settings(), before);
    assert_eq!(Path::new("/var/lib/kubelet").exists(), folder);
    Ok(())
}

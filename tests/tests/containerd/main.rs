//! What is asked of a containerd, by its own clients and by a dockerd over it: each operation is found once, none is
//! invented, and the calls that a daemon makes for its client are no operations of their own.

#![expect(clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod commands;
mod ctr;
mod docker;
mod doorman;
mod nerdctl;
mod secrets;

use anyhow::Result;
use imgtrace_tests::lab::{Generation, Image, Lab, Peers, missing, skip};
use imgtrace_tests::tracer;

/// Says whether a test cannot run here, and lets it end there.
macro_rules! needs {
    ($test:literal $(, $reason:expr)*) => {
        if skip($test, [missing(), tracer::missing() $(, $reason)*]) {
            return Ok(());
        }
    };
}

#[test]
fn ctr_that_does_it_all_itself() -> Result<()> {
    needs!("ctr_that_does_it_all_itself");
    let lab = Lab::new("w-ctr-1")?;
    let registry = lab.registry()?;
    let containerd = lab.containerd(Generation::Debian)?;
    ctr::by_itself(&lab, &containerd, &registry)
}

#[test]
fn ctr_that_lets_containerd_transfer() -> Result<()> {
    needs!(
        "ctr_that_lets_containerd_transfer",
        Generation::Newest.missing()
    );
    let lab = Lab::new("w-ctr-2")?;
    let registry = lab.registry()?;
    let containerd = lab.containerd(Generation::Newest)?;
    ctr::by_transfer(&lab, &containerd, &registry)
}

#[test]
fn nerdctl_over_containerd() -> Result<()> {
    needs!(
        "nerdctl_over_containerd",
        Generation::Newest.missing(),
        Peers::Nerdctl.missing()
    );
    let lab = Lab::new("w-nerdctl")?;
    let known = lab.registry()?.add_known(Image::Busybox)?;
    let containerd = lab.containerd(Generation::Newest)?;
    nerdctl::story(&lab, &containerd, &known)
}

#[test]
fn docker_over_containerd() -> Result<()> {
    needs!("docker_over_containerd", Generation::Newest.missing());
    let lab = Lab::new("w-docker-c8d")?;
    let registry = lab.registry()?;
    for generation in [Generation::Debian, Generation::Newest] {
        let docker = lab.docker(generation)?;
        docker::story(&lab, &docker, &registry.add_known(Image::Busybox)?)?;
    }
    Ok(())
}

#[test]
fn containers_that_docker_starts_again() -> Result<()> {
    needs!(
        "containers_that_docker_starts_again",
        Generation::Newest.missing()
    );
    let lab = Lab::new("w-docker-again")?;
    let registry = lab.registry()?;
    for generation in [Generation::Debian, Generation::Newest] {
        let docker = lab.docker(generation)?;
        docker::restarts(&lab, &docker, &registry.reference(Image::Busybox))?;
    }
    Ok(())
}

#[test]
fn secrets_are_nowhere() -> Result<()> {
    needs!(
        "secrets_are_nowhere",
        Generation::Newest.missing(),
        Peers::Nerdctl.missing()
    );
    let lab = Lab::new("w-ctr-secrets")?;
    let known = lab.registry()?.add_known(Image::Busybox)?;
    let containerd = lab.containerd(Generation::Newest)?;
    secrets::tell(&lab, &containerd, &known)
}

//! Starts of containers on every runtime: each is found once, with the process that caused it, its image, its layers and
//! its store, whether a client asked for it or nobody did; and what mounts a root file system without starting anything
//! is no start.

#![expect(clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod callers;
mod containerd;
mod crio;
mod dind;
mod docker;
mod hundred;
mod images;
mod nobody;
mod podman;

use std::time::Duration;

use anyhow::Result;
use imgtrace_tests::lab::{Generation, Image, Lab, Peers, Rootless, missing, skip};
use imgtrace_tests::tracer;

/// How long a thing may take that is about to happen.
const SOON: Duration = Duration::from_secs(30);

/// Says whether a test cannot run here, and lets it end there.
macro_rules! needs {
    ($test:literal $(, $reason:expr)*) => {
        if skip($test, [missing(), tracer::missing() $(, $reason)*]) {
            return Ok(());
        }
    };
}

#[test]
fn of_docker_with_its_own_store() -> Result<()> {
    needs!("of_docker_with_its_own_store");
    let lab = Lab::in_memory("w-start-docker")?;
    docker::story(&lab, Generation::Debian, &[])
}

#[test]
fn of_docker_with_the_store_of_containerd() -> Result<()> {
    needs!(
        "of_docker_with_the_store_of_containerd",
        Generation::Newest.missing()
    );
    let lab = Lab::in_memory("w-start-c8d")?;
    docker::story(&lab, Generation::Newest, &[])
}

#[test]
fn by_what_is_mounted_alone() -> Result<()> {
    needs!("by_what_is_mounted_alone");
    let lab = Lab::in_memory("w-start-mountinfo")?;
    docker::story(&lab, Generation::Debian, &["--probe", "mounts=mountinfo"])
}

#[test]
fn of_ctr_on_both_containerds() -> Result<()> {
    needs!("of_ctr_on_both_containerds", Generation::Newest.missing());
    for generation in [Generation::Debian, Generation::Newest] {
        let lab = Lab::in_memory("w-start-ctr")?;
        containerd::ctr(&lab, generation)?;
    }
    Ok(())
}

#[test]
fn of_nerdctl() -> Result<()> {
    needs!(
        "of_nerdctl",
        Generation::Newest.missing(),
        Peers::Nerdctl.missing()
    );
    containerd::nerdctl(&Lab::in_memory("w-start-nerdctl")?)
}

#[test]
fn of_pods_on_both_containerds() -> Result<()> {
    needs!(
        "of_pods_on_both_containerds",
        Generation::Newest.missing(),
        Peers::Kubernetes.missing()
    );
    for generation in [Generation::Debian, Generation::Newest] {
        let lab = Lab::in_memory("w-start-cri")?;
        containerd::cri(&lab, generation)?;
    }
    Ok(())
}

#[test]
fn of_pods_on_crio() -> Result<()> {
    needs!(
        "of_pods_on_crio",
        Peers::CriO.missing(),
        Peers::Kubernetes.missing()
    );
    crio::story(&Lab::in_memory("w-start-crio")?)
}

#[test]
fn of_podman_and_buildah() -> Result<()> {
    needs!("of_podman_and_buildah");
    podman::by_themselves(&Lab::in_memory("w-start-podman")?)
}

#[test]
fn of_podman_through_its_socket() -> Result<()> {
    needs!("of_podman_through_its_socket");
    podman::through_its_socket(&Lab::new("w-start-libpod")?)
}

#[test]
fn of_an_ordinary_user_s_podman() -> Result<()> {
    needs!("of_an_ordinary_user_s_podman", Rootless::missing());
    podman::of_a_user(&Lab::new("w-rootless")?)
}

#[test]
fn of_docker_in_docker() -> Result<()> {
    needs!("of_docker_in_docker");
    dind::story(&Lab::new("w-start-dind")?)
}

#[test]
fn of_a_swarm() -> Result<()> {
    needs!("of_a_swarm");
    dind::swarm(&Lab::new("w-start-swarm")?)
}

#[test]
fn by_a_restart_policy() -> Result<()> {
    needs!("by_a_restart_policy", Generation::Newest.missing());
    let lab = Lab::new("w-start-policy")?;
    let image = lab.registry()?.add_known(Image::Busybox)?;
    for generation in [Generation::Debian, Generation::Newest] {
        nobody::policy(&lab.docker(generation)?, &image)?;
    }
    Ok(())
}

#[test]
fn by_a_daemon_that_was_killed() -> Result<()> {
    needs!("by_a_daemon_that_was_killed", Generation::Newest.missing());
    let lab = Lab::new("w-start-recovery")?;
    let image = lab.registry()?.add_known(Image::Busybox)?;
    for generation in [Generation::Debian, Generation::Newest] {
        nobody::recovery(&lab.docker(generation)?, &image)?;
    }
    Ok(())
}

#[test]
fn by_podman_on_the_host() -> Result<()> {
    needs!("by_podman_on_the_host");
    callers::on_the_host(&Lab::new("w-start-host")?)
}

#[test]
fn by_podman_in_a_container() -> Result<()> {
    needs!("by_podman_in_a_container");
    callers::in_a_container(&Lab::new("w-start-inside")?)
}

#[test]
fn by_containers_that_ran_before() -> Result<()> {
    needs!("by_containers_that_ran_before");
    callers::from_running_containers(&Lab::new("w-start-before")?)
}

#[test]
fn a_hundred_at_once() -> Result<()> {
    needs!("a_hundred_at_once", Generation::Newest.missing());
    hundred::story(&Lab::in_memory("w-start-hundred")?)
}

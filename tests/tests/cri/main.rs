//! crictl and containerd of two generations under imgtrace: every operation of CRI is found once, with its pod and its
//! container, and none is invented.

#![expect(
    clippy::indexing_slicing,
    reason = "a line that a client did not print ends the test"
)]

mod server;

use anyhow::{Context as _, Result};
use imgtrace_tests::lab::{Generation, Image, Lab, Peers, missing, skip};
use imgtrace_tests::story::{Listeners, Stage};
use imgtrace_tests::tracer;

use server::Server;

/// Says whether a test cannot run here, and lets it end there.
macro_rules! needs {
    ($test:literal $(, $reason:expr)*) => {
        if skip($test, [missing(), tracer::missing() $(, $reason)*]) {
            return Ok(());
        }
    };
}

/// Both daemons.
const GENERATIONS: [Generation; 2] = [Generation::Debian, Generation::Newest];

#[test]
fn crictl_on_containerd() -> Result<()> {
    needs!(
        "crictl_on_containerd",
        Generation::Newest.missing(),
        Peers::Kubernetes.missing()
    );
    let lab = Lab::new("w-cri")?;
    let registry = lab.registry()?;
    for generation in GENERATIONS {
        let containerd = lab.containerd_with_cri(generation, &registry)?;
        let socket = containerd.socket();
        let mut server = Server {
            crictl: lab.crictl(&socket)?,
            stage: Stage::open(&[("containerd", &socket)], lab.place())?,
            image: registry.reference(Image::Busybox),
        };
        server.pulls()?;
        server.pod()?;
        server.stage.close().context(generation.name())?;
    }
    Ok(())
}

#[test]
fn secrets_of_cri_are_nowhere() -> Result<()> {
    needs!(
        "secrets_of_cri_are_nowhere",
        Generation::Newest.missing(),
        Peers::Kubernetes.missing()
    );
    let lab = Lab::new("w-cri-secrets")?;
    let registry = lab.registry()?;
    let last = &registry.add_as(Image::Busybox, &["secrets-were-told"])?[0];
    for generation in GENERATIONS {
        let containerd = lab.containerd_with_cri(generation, &registry)?;
        let crictl = lab.crictl(&containerd.socket())?;
        let recording = lab
            .place()
            .data()
            .join(format!("{}.jsonl", generation.name()));
        let listeners = Listeners::start(&[("containerd", &containerd.socket())], &recording)?;
        server::tell_secrets(&crictl, &registry)?;
        crictl.run(&["pull", last])?;
        listeners.heard_none(
            &["pull", "run-sandbox", "create", "start", "exec"],
            "secrets-were-told",
        )?;
    }
    Ok(())
}

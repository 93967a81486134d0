//! crictl and containerd of two generations under imgtrace: every operation of CRI is found once, with its pod and its
//! container, and none is invented.

#![expect(
    clippy::indexing_slicing,
    reason = "a line that a client did not print ends the test"
)]

mod server;

use std::time::Duration;

use anyhow::{Context as _, Result};
use imgtrace_tests::lab::{Generation, Image, Lab, Peers, missing, skip};
use imgtrace_tests::story::{Listeners, Row, Stage, Who};
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
    let pause = registry.add_known(Image::Pause)?;
    for generation in GENERATIONS {
        let containerd = lab.containerd_with_cri(generation, &registry)?;
        let socket = containerd.socket();
        let mut server = Server {
            crictl: lab.crictl(&socket)?,
            stage: Stage::open(&[("containerd", &socket)], lab.place())?,
            image: registry.reference(Image::Busybox),
        };
        // What came in the second in which imgtrace began may have been there before, by the store's books.
        std::thread::sleep(Duration::from_millis(1_100));
        server.pulls()?;
        server.pod()?;
        // containerd brings the image of sandboxes by itself.
        let own = Who::running(u32::try_from(containerd.pid().context("it has ended")?)?)?;
        let pulled = Row::ok("pull").endpoint("containerd/null").inferred();
        let pulled = pulled.image(&pause.reference).digest(&pause.digest);
        server.stage.expect(&own, [pulled.namespace("k8s.io")]);
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

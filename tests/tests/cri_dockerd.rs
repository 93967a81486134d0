//! crictl → cri-dockerd → dockerd → containerd → shim: what one command asks for is one operation, and the daemons that
//! it passes through are its hops.

use std::path::Path;

use anyhow::{Context as _, Result};
use imgtrace_tests::lab::{Crictl, Generation, Image, Lab, Peers, Pod, missing, skip};
use imgtrace_tests::story::{Actor, Row, Stage, succeed};
use imgtrace_tests::tracer;

macro_rules! needs {
    ($test:literal) => {
        let reasons = [
            missing(),
            tracer::missing(),
            Generation::Newest.missing(),
            Peers::Kubernetes.missing(),
            Peers::CriDockerd.missing(),
        ];
        if skip($test, reasons) {
            return Ok(());
        }
    };
}

#[test]
fn three_daemons_and_a_shim_are_hops_of_one_operation() -> Result<()> {
    needs!("three_daemons_and_a_shim_are_hops_of_one_operation");
    let lab = Lab::new("w-cri-dockerd")?;
    let registry = lab.registry()?;
    let cri = lab.cri_dockerd(&registry)?;
    let crictl = lab.crictl(&cri.socket())?;
    // cri-dockerd would pull it on its own.
    crictl.run(&["pull", &registry.reference(Image::Pause)])?;
    let (docker, containerd) = (cri.docker().socket(), cri.docker().containerd().socket());
    let sockets: [(&str, &Path); 3] = [
        ("cri-dockerd", &cri.socket()),
        ("docker", &docker),
        ("containerd", &containerd),
    ];
    let mut stage = Stage::open(&sockets, lab.place())?;
    tell(&mut stage, &crictl, &registry.reference(Image::Busybox))?;
    stage.close()?;
    Ok(())
}

/// A pull, and a pod with a container from its begin to its end.
fn tell(stage: &mut Stage, crictl: &Crictl, image: &str) -> Result<()> {
    let run = |args: &[&str]| succeed(&mut crictl.command(args));
    let actor = run(&["pull", image])?;
    // Image is up to date for NAME@sha256:…
    let (_, digest) = actor
        .ran
        .stdout
        .trim()
        .rsplit_once('@')
        .context("no digest")?;
    let pull = cri("pull").image(image).digest(digest);
    let through = ["docker pull ok", "containerd pull ok"];
    stage.expect(&actor.who, [pull.hops(&through)]);

    let pod = Pod::new("deep", "3c1d9a52-6f5a-4a53-8c6d-2f1f6b0c7a12").container_of(
        "within",
        image,
        &["sleep", "1000"],
    );
    let of_pod = crictl.pod_file(&pod)?;
    let within = crictl.container_file(&pod, "within")?;
    let actor = run(&["runp", &of_pod])?;
    let sandbox = first_word(&actor)?;
    let in_pod = |row: Row| row.pod(&pod.namespace, &pod.name, &pod.uid);
    let of = |row: Row| in_pod(row).sandbox(&sandbox);
    stage.expect(&actor.who, [of(cri("run-sandbox"))]);
    let actor = run(&["create", &sandbox, &within, &of_pod])?;
    let id = first_word(&actor)?;
    let own = |row: Row| in_pod(row).container(&id).name("within").image(image);
    stage.expect(
        &actor.who,
        [own(of(cri("create"))).hops(&["docker create ok"])],
    );
    let actor = run(&["start", &id])?;
    let through = [
        "docker start ok",
        "containerd create ok",
        "containerd start ok",
        "shim start ok",
    ];
    stage.expect(&actor.who, [own(cri("start")).hops(&through)]);
    for (op, words) in [
        ("exec", &["exec", "--sync", &id, "true"][..]),
        ("stop", &["stop", "--timeout", "0", &id]),
        ("remove-container", &["rm", &id]),
    ] {
        stage.expect(&run(words)?.who, [own(cri(op))]);
    }
    for (op, words) in [
        ("stop-sandbox", ["stopp", &sandbox]),
        ("remove-sandbox", ["rmp", &sandbox]),
    ] {
        stage.expect(&run(&words)?.who, [of(cri(op))]);
    }
    let actor = run(&["rmi", image])?;
    stage.expect(&actor.who, [cri("remove-image").image(image)]);
    Ok(())
}

fn cri(op: &str) -> Row {
    Row::ok(op).endpoint("cri-dockerd/cri")
}

fn first_word(actor: &Actor) -> Result<String> {
    let words = actor.words();
    Ok((*words.first().context("crictl printed nothing")?).to_owned())
}

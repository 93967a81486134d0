//! A dozen clients of five kinds at once: each knows what it did, and imgtrace says exactly that of it.

#![expect(
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a field that a line lacks is null, and a test that cannot go on fails"
)]

mod client;
mod fact;

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use imgtrace_tests::lab::{
    Client, Containerd, Docker, Generation, Image, Lab, Peers, Registry, missing, skip, until,
};
use imgtrace_tests::tracer::{self, Tracer};
use serde_json::Value;

use client::{Kind, Player};
use fact::{Deed, difference};

/// Who plays; a dozen.
const KINDS: [Kind; 12] = [
    Kind::Docker,
    Kind::Docker,
    Kind::Docker,
    Kind::Compose,
    Kind::Compose,
    Kind::Crictl,
    Kind::Crictl,
    Kind::Crictl,
    Kind::Crictl,
    Kind::Ctr,
    Kind::Ctr,
    Kind::Buildx,
];
/// How long no player stops.
const AT_LEAST: Duration = Duration::from_secs(10);
/// Of so many commands one may fail, as docker, compose and containerd do now and then under a crowd.
const ONE_MAY_FAIL_OF: usize = 20;
/// How long the last lines may take.
const SOON: Duration = Duration::from_secs(20);

macro_rules! needs {
    ($test:literal) => {
        let reasons = [
            missing(),
            tracer::missing(),
            Generation::Newest.missing(),
            Peers::Kubernetes.missing(),
            Peers::BuildKit.missing(),
        ];
        if skip($test, reasons) {
            return Ok(());
        }
    };
}

#[test]
fn a_dozen_clients_are_told_apart() -> Result<()> {
    needs!("a_dozen_clients_are_told_apart");
    let lab = Lab::new("w-crowd")?;
    let registry = lab.registry()?;
    let docker = lab.docker(Generation::Newest)?;
    let containerd = lab.containerd_with_cri(Generation::Newest, &registry)?;
    let players = players(&lab, &registry, &docker, &containerd)?;
    let sockets: [(&str, &Path); 3] = [
        ("docker", &docker.socket()),
        ("containerd", &docker.containerd().socket()),
        ("containerd", &containerd.socket()),
    ];
    let tracer = Tracer::start(&sockets, &[])?;
    let began = Instant::now();
    let deeds = play(players, began + AT_LEAST)?;
    let took = began.elapsed();

    let operations: usize = deeds.iter().map(|deed| deed.facts.len()).sum();
    let run = lab.place().run();
    until(SOON, || difference(&deeds, &tracer.lines(), run).is_none());
    let trace = tracer.stop()?;
    let clients = deeds.len();
    println!(
        "{operations} operations of {clients} processes, {} at a time, in {took:.1?}",
        KINDS.len()
    );
    let failures: Vec<&str> = deeds
        .iter()
        .filter_map(|deed| deed.failure.as_deref())
        .collect();
    for failure in &failures {
        println!("{failure}");
    }
    ensure!(clients >= 3 * KINDS.len(), "too few to say anything");
    if let Some(text) = difference(&deeds, &trace.lines, run) {
        let lost: Vec<&Value> = trace.of_kind("loss");
        anyhow::bail!(
            "expected (-) and seen (+) differ:\n{text}\n{lost:?}\n{}",
            trace.stderr
        );
    }
    ensure!(
        failures.len() * ONE_MAY_FAIL_OF <= clients,
        "{} of {clients} commands failed:\n{}",
        failures.len(),
        failures.join("\n")
    );
    Ok(())
}

/// Each with an image and a folder of its own.
fn players(
    lab: &Lab,
    registry: &Registry,
    docker: &Docker,
    containerd: &Containerd,
) -> Result<Vec<Player>> {
    let tags: Vec<String> = (0..KINDS.len())
        .map(|number| format!("of-{number}"))
        .collect();
    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    let images = registry.add_as(Image::Busybox, &tags)?;
    // Its plug-ins are put in place once, and not by several players at a time.
    docker.command(Client::DockerNewest)?;
    let crictl = lab.crictl(&containerd.socket())?;
    let player = |(number, image): (usize, String)| {
        Ok(Player {
            kind: *KINDS.get(number).context("a kind for each")?,
            name: format!("player-{number}"),
            image,
            folder: lab.place().data_dir(&format!("player-{number}"))?,
            docker: docker.clone(),
            containerd: containerd.clone(),
            crictl: crictl.clone(),
        })
    };
    images.into_iter().enumerate().map(player).collect()
}

/// Has all of them play until that moment.
fn play(players: Vec<Player>, end: Instant) -> Result<Vec<Deed>> {
    thread::scope(|scope| {
        let threads: Vec<_> = players
            .into_iter()
            .map(|player| scope.spawn(move || player.play(end)))
            .collect();
        let mut deeds = Vec::new();
        for thread in threads {
            deeds.extend(thread.join().expect("a player does not panic")?);
        }
        Ok(deeds)
    })
}

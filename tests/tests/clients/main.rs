//! Real clients against real daemons under imgtrace: every operation is found, none is invented, and callers are right.
//!
//! Each story ends in the complete list of operations at its socket. What a test says about a caller (pid, program,
//! command line, ancestors) and an object (id, digest) it knows from elsewhere: from having started the process, or
//! from what the client itself was told.

#![expect(
    clippy::indexing_slicing,
    reason = "a field that a line lacks is null, and a test that cannot go on fails"
)]

mod bollard;
mod cli;
mod compose;
mod curl;
mod images;
mod library;
mod moments;
mod secrets;
mod stage;
mod wire;

use anyhow::Result;
use imgtrace_tests::lab::{Client, Generation, Lab, missing, skip};
use imgtrace_tests::tracer;

use images::Known;
use stage::Stage;

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
fn libraries() -> Result<()> {
    needs!(
        "libraries",
        Generation::Newest.missing(),
        Client::DockerPy.missing(),
        Client::Dockerode.missing()
    );
    let lab = Lab::new("w-libraries")?;
    let registry = lab.registry()?;
    for generation in GENERATIONS {
        let docker = lab.docker(generation)?;
        let known = Known::learn(&docker, &registry)?;
        let folder = images::folder(&lab, &known)?;
        for client in [Client::DockerPy, Client::Dockerode] {
            let mut stage = Stage::open(&docker)?;
            library::tell(&mut stage, client, &known, client.name(), &folder)?;
            stage.close()?;
        }
    }
    Ok(())
}

#[test]
fn docker_commands() -> Result<()> {
    needs!("docker_commands", Generation::Newest.missing());
    let lab = Lab::new("w-commands")?;
    let registry = lab.registry()?;
    for generation in GENERATIONS {
        let docker = lab.docker(generation)?;
        let known = Known::learn(&docker, &registry)?;
        let folder = images::folder(&lab, &known)?;
        for client in [Client::DockerDebian, Client::DockerNewest] {
            let mut stage = Stage::open(&docker)?;
            let name = client.name();
            cli::images(&mut stage, client, &known, name, &folder)?;
            cli::containers(&mut stage, client, &known, name)?;
            cli::run_of_a_missing_image(&mut stage, client, &known, name)?;
            stage.close()?;
        }
    }
    Ok(())
}

#[test]
fn curl_bollard_and_compose() -> Result<()> {
    needs!(
        "curl_bollard_and_compose",
        Generation::Newest.missing(),
        Client::Curl.missing(),
        Client::Bollard.missing()
    );
    let lab = Lab::new("w-curl")?;
    let registry = lab.registry()?;
    for generation in GENERATIONS {
        let docker = lab.docker(generation)?;
        let known = Known::learn(&docker, &registry)?;
        let folder = images::folder(&lab, &known)?;
        let mut stage = Stage::open(&docker)?;
        curl::containers(&mut stage, &known, "curl", &folder)?;
        curl::images(&mut stage, &known, "curl", &folder)?;
        bollard::tell(&mut stage, &known, "bollard")?;
        compose::tell(&mut stage, &known, &folder)?;
        stage.close()?;
    }
    Ok(())
}

#[test]
fn connections_that_were_there_before() -> Result<()> {
    needs!(
        "connections_that_were_there_before",
        Client::DockerPy.missing()
    );
    let lab = Lab::new("w-joined")?;
    let registry = lab.registry()?;
    let docker = lab.docker(Generation::Debian)?;
    let known = Known::learn(&docker, &registry)?;
    moments::joined(&lab, &docker, &known)
}

#[test]
fn daemons_that_come_later() -> Result<()> {
    needs!("daemons_that_come_later");
    let lab = Lab::new("w-late")?;
    let registry = lab.registry()?;
    moments::late(&lab, &registry)
}

#[test]
fn a_daemon_that_its_client_starts() -> Result<()> {
    needs!("a_daemon_that_its_client_starts");
    let lab = Lab::new("w-activated")?;
    let registry = lab.registry()?;
    moments::activated(&lab, &registry)
}

#[test]
fn secrets_are_nowhere() -> Result<()> {
    needs!(
        "secrets_are_nowhere",
        Generation::Newest.missing(),
        Client::DockerPy.missing(),
        Client::Dockerode.missing(),
        Client::Curl.missing()
    );
    let lab = Lab::new("w-secrets")?;
    let registry = lab.registry()?;
    for generation in GENERATIONS {
        let docker = lab.docker(generation)?;
        let known = Known::learn(&docker, &registry)?;
        secrets::tell(&docker, &known, &images::folder(&lab, &known)?)?;
    }
    Ok(())
}

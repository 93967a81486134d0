//! `cargo xtask lab`: throwaway daemons that stay up between commands.

use anyhow::{Context as _, Result, ensure};
use clap::{Args, Subcommand};
use imgtrace_tests::lab::{
    Docker, Generation, Image, Lab, Peers, Registry, Scenario, missing_packages,
};

use crate::no_daemons::NoDaemons;
use crate::packages::{self, Consent};

/// The name of the lab that `lab up` leaves behind.
const NAME: &str = "up";

/// What to do with the lab.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Start a registry and the Docker daemons, and print how to use them
    Up(Consent),
    /// Stop what `lab up` started and remove every trace of it
    Down,
    /// Play a scenario, in the lab that is up or else in one of its own
    Run(Run),
}

/// Which scenario.
#[derive(Args)]
pub(crate) struct Run {
    /// Its name
    #[arg(value_parser = scenario_names())]
    scenario: String,
    #[command(flatten)]
    consent: Consent,
}

fn scenario_names() -> clap::builder::PossibleValuesParser {
    Scenario::all()
        .iter()
        .map(|scenario| scenario.name())
        .collect::<Vec<_>>()
        .into()
}

pub(crate) fn lab(command: &Command) -> Result<()> {
    match command {
        Command::Up(consent) => up(*consent),
        Command::Down => Lab::open(NAME)?.end(),
        Command::Run(run) => play(run),
    }
}

/// Installs what the lab needs of Debian's packages; no daemon is started.
pub(crate) fn provide_packages(consent: Consent) -> Result<()> {
    let missing = missing_packages();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    ensure!(
        packages::has_apt(),
        "these Debian packages are missing, and here is no apt to install them: {list}"
    );
    ensure!(
        packages::is_root(),
        "the lab needs root: sudo cargo xtask lab (missing packages: {list})"
    );
    consent.ask(&format!(
        "The lab needs these Debian packages (no daemon is started): {list}"
    ))?;
    let _policy = NoDaemons::begin()?;
    packages::refresh()?;
    packages::install(&missing)
}

fn up(consent: Consent) -> Result<()> {
    provide_packages(consent)?;
    for peers in Peers::ALL {
        peers.provide()?;
    }
    let lab = Lab::new(NAME)?;
    let registry = lab.registry()?;
    let dockers = [
        lab.docker(Generation::Debian)?,
        lab.docker(Generation::Newest)?,
    ];
    println!(
        "registry  http://{}  (docker pull {})",
        registry.address(),
        registry.reference(Image::Busybox)
    );
    dockers.iter().for_each(print_docker);
    println!("\nstop them with: cargo xtask lab down");
    lab.keep();
    Ok(())
}

fn print_docker(docker: &Docker) {
    println!(
        "{}  DOCKER_HOST=unix://{}",
        docker.generation().name(),
        docker.socket().display()
    );
    println!(
        "  its containerd  {}",
        docker.containerd().socket().display()
    );
}

fn play(run: &Run) -> Result<()> {
    let scenario: Scenario = run.scenario.parse()?;
    if let Ok(lab) = Lab::open(NAME) {
        let registry = Registry::of(lab.place()).context("the lab's registry is not running")?;
        let docker = lab.docker_named(Generation::Debian, Generation::Debian.name())?;
        return scenario.play(&docker, &registry);
    }
    provide_packages(run.consent)?;
    let lab = Lab::new("run")?;
    let registry = lab.registry()?;
    scenario.play(&lab.docker(Generation::Debian)?, &registry)?;
    lab.end()
}

//! `cargo xtask lab`: throwaway daemons that stay up between commands.

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use imgtrace_tests::lab::{
    Consent, Docker, Generation, Image, Lab, Registry, Scenario, provide_packages,
};

/// The name of the lab that `lab up` leaves behind.
const NAME: &str = "up";

/// What to do with the lab.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Start a registry and the Docker daemons, and print how to use them
    Up(Setup),
    /// Stop what `lab up` started and remove every trace of it
    Down,
    /// Play a scenario, in the lab that is up or else in one of its own
    Run(Run),
}

/// How the lab may be provided.
#[derive(Args)]
pub(crate) struct Setup {
    /// Install what is missing without asking (as when CI is set)
    #[arg(long)]
    yes: bool,
}

/// Which scenario.
#[derive(Args)]
pub(crate) struct Run {
    /// Its name
    #[arg(value_parser = scenario_names())]
    scenario: String,
    #[command(flatten)]
    setup: Setup,
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
        Command::Up(setup) => up(setup),
        Command::Down => Lab::open(NAME)?.end(),
        Command::Run(run) => play(run),
    }
}

impl Setup {
    fn consent(&self) -> Consent {
        if self.yes || std::env::var_os("CI").is_some() {
            Consent::Given
        } else {
            Consent::Ask
        }
    }
}

fn up(setup: &Setup) -> Result<()> {
    provide_packages(setup.consent())?;
    let lab = Lab::new(NAME)?;
    let registry = lab.registry()?;
    let docker = lab.docker(Generation::Debian)?;
    println!(
        "registry  http://{}  (docker pull {})",
        registry.address(),
        registry.reference(Image::Busybox)
    );
    print_docker(&docker);
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
    provide_packages(run.setup.consent())?;
    let lab = Lab::new("run")?;
    let registry = lab.registry()?;
    scenario.play(&lab.docker(Generation::Debian)?, &registry)?;
    lab.end()
}

//! `cargo xtask lab`: throwaway daemons that stay up between commands.

mod record_bytes;

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use clap::{Args, Subcommand, ValueEnum};
use imgtrace_tests::lab::{
    Generation, Image, Lab, Peers, Place, Registry, Scenario, missing_compilers, missing_packages,
};
use imgtrace_tests::stores::{self, Situation};

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
    /// Play a scenario: something for a tracer to see, in the lab that is up or else in one of its own; or a situation
    /// of stores with imgtrace beside it, always in a lab of its own
    Run(Run),
    /// Record the bytes of real connections for the tests of the decoder
    RecordBytes(record_bytes::Options),
}

/// Which scenario.
#[derive(Args)]
pub(crate) struct Run {
    /// Its name
    #[arg(value_parser = scenario_names())]
    scenario: String,
    /// Which Docker a scenario is played with
    #[arg(long, value_enum, default_value_t = Docker::Debian)]
    docker: Docker,
    /// Keep the recording of a situation in this file
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    #[command(flatten)]
    consent: Consent,
}

/// A generation, as it is written on the command line.
#[derive(Clone, Copy, ValueEnum)]
enum Docker {
    /// Debian's own packages
    Debian,
    /// Built from Go modules: the 29 line
    Newest,
}

impl From<Docker> for Generation {
    fn from(docker: Docker) -> Self {
        match docker {
            Docker::Debian => Self::Debian,
            Docker::Newest => Self::Newest,
        }
    }
}

fn scenario_names() -> clap::builder::PossibleValuesParser {
    let scenarios = Scenario::all().iter().map(|scenario| scenario.name());
    let situations = stores::ALL.iter().map(|situation| situation.name);
    scenarios.chain(situations).collect::<Vec<_>>().into()
}

pub(crate) fn lab(command: &Command) -> Result<()> {
    match command {
        Command::Up(consent) => up(*consent),
        Command::Down => Lab::open(NAME)?.end(),
        Command::Run(run) => play(run),
        Command::RecordBytes(options) => record_bytes::record_bytes(options),
    }
}

/// Installs what the lab needs of Debian's packages; no daemon is started.
pub(crate) fn provide_packages(consent: Consent) -> Result<()> {
    install(consent, "The lab", missing_packages)
}

/// Provides what no package brings, and says what could not be: the lab does without it.
pub(crate) fn provide_peers(consent: Consent) -> Vec<String> {
    let failed = |peers| {
        let error = provide(peers, consent).err()?;
        Some(format!("{}: {error:#}", peers.name()))
    };
    Peers::ALL.into_iter().filter_map(failed).collect()
}

fn provide(peers: Peers, consent: Consent) -> Result<()> {
    if peers.find().is_none() && peers.need_compilers() {
        install(
            consent,
            "Building Go programs that use C",
            missing_compilers,
        )?;
    }
    peers.provide().map(drop)
}

fn install(consent: Consent, what: &str, missing: fn() -> Vec<&'static str>) -> Result<()> {
    if missing().is_empty() {
        return Ok(());
    }
    let list = missing().join(" ");
    ensure!(
        packages::has_apt(),
        "these Debian packages are missing, and here is no apt: {list}"
    );
    ensure!(
        packages::is_root(),
        "root has to install these Debian packages: {list}"
    );
    consent.ask(&format!(
        "{what} needs these Debian packages (no daemon is started): {list}"
    ))?;
    let _policy = NoDaemons::begin()?;
    packages::refresh()?;
    let known: Vec<&str> = missing()
        .into_iter()
        .filter(|package| packages::candidate(package).is_some())
        .collect();
    packages::install(&known)?;
    let list = missing().join(" ");
    ensure!(list.is_empty(), "still missing after apt: {list}");
    Ok(())
}

fn up(consent: Consent) -> Result<()> {
    provide_packages(consent)?;
    for reason in provide_peers(consent) {
        eprintln!("the lab does without {reason}");
    }
    let lab = Lab::new(NAME)?;
    let registry = lab.registry()?;
    println!("registry       {}", registry.address());
    for generation in [Generation::Debian, Generation::Newest] {
        if generation.missing().is_none() {
            let docker = lab.docker(generation)?;
            println!(
                "{:<14} DOCKER_HOST=unix://{}",
                generation.name(),
                docker.socket().display()
            );
            println!(
                "               containerd {}",
                docker.containerd().socket().display()
            );
        }
    }
    println!(
        "\nuse it:  DOCKER_HOST=… docker pull {}",
        registry.reference(Image::Busybox)
    );
    println!("play:    cargo xtask lab run pull-and-run");
    println!("stop it: cargo xtask lab down");
    lab.keep();
    Ok(())
}

fn play(run: &Run) -> Result<()> {
    if let Ok(situation) = Situation::named(&run.scenario) {
        return watch(situation, run);
    }
    let scenario: Scenario = run.scenario.parse()?;
    let generation = Generation::from(run.docker);
    for peers in scenario.peers() {
        provide(*peers, run.consent)?;
    }
    if Place::new(NAME)?.run().exists() {
        let lab = Lab::open(NAME)?;
        let registry = Registry::of(lab.place()).context("the lab's registry is not running")?;
        let docker = lab.docker_named(generation, generation.name())?;
        return scenario.play(&lab, &docker, &registry);
    }
    provide_packages(run.consent)?;
    if generation == Generation::Newest {
        provide(Peers::Newest, run.consent)?;
    }
    let lab = Lab::new("run")?;
    let registry = lab.registry()?;
    scenario.play(&lab, &lab.docker(generation)?, &registry)?;
    lab.end()
}

/// Plays a situation with imgtrace beside it, and prints what that said.
fn watch(situation: Situation, run: &Run) -> Result<()> {
    provide_packages(run.consent)?;
    for peers in situation.peers {
        provide(*peers, run.consent)?;
    }
    let lab = Lab::in_memory("run")?;
    let told = situation.play(&lab)?;
    print!("{}", told.text()?);
    if let Some(file) = &run.record {
        told.keep(file)?;
    }
    lab.end()
}

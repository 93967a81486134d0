//! What happens in a lab, by name: short stories that a tracer beside them should see.

use std::fmt;
use std::str::FromStr;

use anyhow::{Result, bail};

use super::{Client, Docker, Image, Registry, say};

/// A story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// `docker pull` and `docker run` from the host.
    PullAndRun,
    /// A container that holds docker.sock starts another.
    Dood,
    /// Every client that is provided pulls, creates, starts, waits and removes.
    Clients,
}

/// Every scenario, in the order in which help shows them.
const ALL: [Scenario; 3] = [Scenario::PullAndRun, Scenario::Dood, Scenario::Clients];

impl Scenario {
    /// All of them.
    pub fn all() -> &'static [Self] {
        &ALL
    }

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::PullAndRun => "pull-and-run",
            Self::Dood => "dood",
            Self::Clients => "clients",
        }
    }

    /// Plays it, telling each step.
    ///
    /// # Errors
    /// A step fails.
    pub fn play(self, docker: &Docker, registry: &Registry) -> Result<()> {
        match self {
            Self::PullAndRun => pull_and_run(docker, registry),
            Self::Dood => dood(docker, registry),
            Self::Clients => clients(docker, registry),
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Scenario {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> Result<Self> {
        let Some(scenario) = ALL.into_iter().find(|scenario| scenario.name() == name) else {
            let names: Vec<&str> = ALL.into_iter().map(Self::name).collect();
            bail!("no scenario {name:?}; there are {}", names.join(", "));
        };
        Ok(scenario)
    }
}

fn pull_and_run(docker: &Docker, registry: &Registry) -> Result<()> {
    let image = registry.reference(Image::Busybox);
    told(docker, &["pull", &image])?;
    told(
        docker,
        &[
            "run",
            "--rm",
            "--name",
            "hello",
            &image,
            "echo",
            "hello from the lab",
        ],
    )?;
    Ok(())
}

fn dood(docker: &Docker, registry: &Registry) -> Result<()> {
    let agent = registry.add(Image::DockerCli)?;
    let image = registry.reference(Image::Busybox);
    docker.cli(&["pull", &agent])?;
    let ran = docker.inside(
        &agent,
        &[
            "docker",
            "run",
            "--rm",
            "--name",
            "sibling",
            &image,
            "echo",
            "hello from beside",
        ],
    )?;
    say(&format!(
        "a container with the socket at {} started another: {}",
        super::inside::SOCKET,
        ran.ran.stdout.trim()
    ));
    Ok(())
}

fn clients(docker: &Docker, registry: &Registry) -> Result<()> {
    let image = registry.reference(Image::Busybox);
    for client in Client::ALL {
        if let Some(reason) = client.missing() {
            say(&format!("without {}: {reason}", client.name()));
            continue;
        }
        let ran = docker.story(client, &image, client.name())?;
        say(&format!(
            "process {}: {} pulled, created, started and removed",
            ran.pid,
            client.name()
        ));
    }
    Ok(())
}

/// Runs the docker command and tells it, with its pid.
fn told(docker: &Docker, args: &[&str]) -> Result<()> {
    let ran = docker.cli(args)?;
    say(&format!("process {}: docker {}", ran.pid, args.join(" ")));
    Ok(())
}

//! What happens in a lab, by name: short stories that a tracer beside them should see.

mod kubernetes;
mod starts;

use std::fmt;
use std::str::FromStr;

use anyhow::{Result, bail, ensure};

use super::{
    Client, Dind, Docker, Image, Lab, Peers, Ran, Registry, SOCKET_INSIDE as SOCKET, say, write,
};

/// Debian's nobody, who is in no group that opens a socket.
const STRANGER: u32 = 65_534;

/// A story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// `docker pull` and `docker run` from the host.
    PullAndRun,
    /// A container that holds docker.sock starts another.
    Dood,
    /// A dockerd in a container, used from inside it, with a [`Scenario::Dood`] beside it.
    Dind,
    /// A pull, a container start and a container that starts another: what there is to see on a machine without any
    /// container runtime.
    Demo,
    /// A caller outside the socket's group is refused.
    Denied,
    /// Every client that is provided pulls, creates, starts, waits and removes.
    Clients,
    /// crictl on a containerd: a pod with a container from its begin to its end.
    Cri,
    /// kubelet on a containerd runs two static pods and restarts a container.
    Kubelet,
    /// crictl on a cri-dockerd, over the newest Docker: as [`Scenario::Cri`].
    CriDockerd,
    /// ctr pulls and runs on the containerd under the Docker, in a namespace of its own.
    Containerd,
    /// A build by BuildKit, in the Docker.
    Build,
    /// docker, ctr and podman start a container of 101 layers each.
    Starts,
    /// A restart policy at work, and a dockerd that is killed and started.
    Restarts,
    /// Podman and Buildah pull, run and build.
    Podman,
}

/// Every scenario, in the order in which help shows them.
const ALL: [Scenario; 14] = [
    Scenario::PullAndRun,
    Scenario::Dood,
    Scenario::Dind,
    Scenario::Demo,
    Scenario::Denied,
    Scenario::Clients,
    Scenario::Cri,
    Scenario::Kubelet,
    Scenario::CriDockerd,
    Scenario::Containerd,
    Scenario::Build,
    Scenario::Starts,
    Scenario::Restarts,
    Scenario::Podman,
];

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
            Self::Dind => "dind",
            Self::Demo => "demo",
            Self::Denied => "denied",
            Self::Clients => "clients",
            Self::Cri => "cri",
            Self::Kubelet => "kubelet",
            Self::CriDockerd => "cri-dockerd",
            Self::Containerd => "containerd",
            Self::Build => "build",
            Self::Starts => "starts",
            Self::Restarts => "restarts",
            Self::Podman => "podman",
        }
    }

    /// What it cannot be played without, besides Debian's packages.
    pub fn peers(self) -> &'static [Peers] {
        match self {
            Self::Cri | Self::Kubelet => &[Peers::Kubernetes],
            Self::CriDockerd => &[Peers::Newest, Peers::Kubernetes, Peers::CriDockerd],
            Self::Build => &[Peers::Newest, Peers::BuildKit],
            _ => &[],
        }
    }

    /// Plays it in a lab with this Docker, telling each step.
    ///
    /// # Errors
    /// A step fails.
    pub fn play(self, lab: &Lab, docker: &Docker, registry: &Registry) -> Result<()> {
        match self {
            Self::PullAndRun => pull_and_run(docker, registry),
            Self::Dood => dood(docker, registry),
            Self::Dind => dind(docker, registry),
            Self::Demo => pull_and_run(docker, registry).and_then(|()| dood(docker, registry)),
            Self::Denied => denied(docker, registry),
            Self::Clients => clients(docker, registry),
            Self::Cri => kubernetes::cri(lab, docker, registry),
            Self::Kubelet => kubernetes::kubelet(lab, docker, registry),
            Self::CriDockerd => kubernetes::cri_dockerd(lab, registry),
            Self::Containerd => containerd(docker, registry),
            Self::Build => build(docker, registry),
            Self::Starts => starts::starts(lab, docker, registry),
            Self::Restarts => starts::restarts(docker, registry),
            Self::Podman => starts::podman(lab, docker, registry),
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
    let agent = registry.add(docker.generation().client_image())?;
    let image = registry.reference(Image::Busybox);
    told(docker, &["pull", "--quiet", &agent])?;
    let words = [
        "docker",
        "run",
        "--rm",
        "--name",
        "sibling",
        &image,
        "echo",
        "hello from beside",
    ];
    let inside = docker.inside(&agent, &words)?;
    say(&format!(
        "process {} in container {:.12}, with the socket at {SOCKET}: {}",
        inside.ran.pid,
        inside.container,
        words.join(" ")
    ));
    Ok(())
}

fn dind(docker: &Docker, registry: &Registry) -> Result<()> {
    let image = registry.reference(Image::Busybox);
    let dind = Dind::start(docker, registry)?;
    say(&format!(
        "container {:.12} runs a dockerd, process {}",
        dind.container(),
        dind.pid()
    ));
    let words = [
        "run",
        "--rm",
        "--name",
        "inner",
        &image,
        "echo",
        "hello from within",
    ];
    let inside = dind.cli(&words)?;
    say(&format!(
        "process {} in there: docker {}",
        inside.ran.pid,
        words.join(" ")
    ));
    dood(docker, registry)?;
    told(docker, &["rm", "--force", dind.container()])
}

fn denied(docker: &Docker, registry: &Registry) -> Result<()> {
    let image = registry.reference(Image::Busybox);
    let ran = docker.try_cli_as(STRANGER, &["pull", &image])?;
    ensure!(
        !ran.status.success(),
        "uid {STRANGER} was let in to {}",
        docker.socket().display()
    );
    say(&format!(
        "process {} of uid {STRANGER}: docker pull {image}: {}",
        ran.pid,
        ran.stderr.trim()
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

fn containerd(docker: &Docker, registry: &Registry) -> Result<()> {
    let image = registry.reference(Image::Busybox);
    for line in [
        format!("images pull --plain-http {image}"),
        format!("run --rm {image} hello echo hello"),
        format!("images rm {image}"),
    ] {
        let mut args = vec!["--namespace", "lab"];
        args.extend(line.split(' '));
        let ran = docker.containerd().ctr(&args)?;
        say(&format!("process {}: ctr {}", ran.pid, args.join(" ")));
    }
    Ok(())
}

fn build(docker: &Docker, registry: &Registry) -> Result<()> {
    let context = docker.new_folder("context")?;
    let text = format!("FROM {}\nRUN true\n", registry.reference(Image::Busybox));
    write(&context.join("Dockerfile"), text)?;
    let mut command = docker.command(Client::DockerNewest)?;
    command.args(["buildx", "build", "--progress=plain", "--network=none"]);
    let ran = Ran::ok(command.args(["--tag", "hello:1"]).arg(&context))?;
    say(&format!(
        "process {} and its plug-in: docker buildx build --tag hello:1",
        ran.pid
    ));
    Ok(())
}

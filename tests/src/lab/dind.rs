//! Docker in Docker: a container that runs a dockerd of its own, bound at the usual /var/run/docker.sock.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail};

use super::{Docker, Inside, Outer, Registry, until};

/// How long the inner daemon may take to come up.
const START_PATIENCE: Duration = Duration::from_mins(1);
/// The inner daemon, which starts a containerd of its own.
const DOCKERD: [&str; 5] = [
    "dockerd",
    "--bridge=none",
    "--iptables=false",
    "--ip6tables=false",
    "--exec-opt=native.cgroupdriver=cgroupfs",
];
/// Where the inner daemon has its data.
const ROOT: &str = "/var/lib/docker";

/// A dockerd in a container of another; the programs are Debian's, whatever the outer one is.
#[derive(Debug)]
pub struct Dind {
    outer: Outer,
    store: PathBuf,
}

impl Dind {
    /// Starts a container with a dockerd in it, in its own network, mount and pid namespaces, and waits until that
    /// answers. The registry is reachable in there by its usual address.
    ///
    /// # Errors
    /// The container does not start or its dockerd does not come up; the error holds the end of its log.
    pub fn start(outer: &Docker, registry: &Registry) -> Result<Self> {
        let store = outer.new_folder("dind")?;
        let dind = Self {
            outer: Outer::start(outer, registry, &[(&store, Path::new(ROOT))], &DOCKERD)?,
            store,
        };
        if !until(START_PATIENCE, || super::docker::answers(&dind.socket())) {
            bail!("the inner dockerd does not come up:\n{}", dind.outer.log()?);
        }
        Ok(dind)
    }

    /// The container that the inner daemon runs in.
    pub fn container(&self) -> &str {
        self.outer.container()
    }

    /// The inner dockerd's pid on the host: it is the container's first process.
    pub fn pid(&self) -> i32 {
        self.outer.pid()
    }

    /// The inner socket, as the host can reach it. Its own name is /var/run/docker.sock.
    pub fn socket(&self) -> PathBuf {
        self.outer.path("/run/docker.sock")
    }

    /// The inner daemon's data root, as the host sees it. Its own name is /var/lib/docker.
    pub fn root(&self) -> &Path {
        &self.store
    }

    /// Runs the docker command inside the container, against the inner daemon.
    ///
    /// # Errors
    /// It fails; the error holds its stderr.
    pub fn cli(&self, args: &[&str]) -> Result<Inside> {
        let program: Vec<&str> = std::iter::once("docker")
            .chain(args.iter().copied())
            .collect();
        self.outer.run(&program)
    }
}

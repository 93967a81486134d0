//! One lab: a set of throwaway daemons under directories of their own.
//!
//! Knows where a lab lives, who holds it and how it ends. A lab's state is on disk (pid files, sockets, mounts), so a
//! lab can be ended by another process than the one that began it, and a crashed one is swept up by the next.

mod activation;
mod buildkit;
mod client;
mod containerd;
mod cri_dockerd;
mod crictl;
mod crio;
mod daemon;
mod dind;
mod docker;
mod generation;
mod http;
mod images;
mod inside;
mod key;
mod kubelet;
mod network;
mod outer;
mod packages;
mod peers;
mod place;
mod plugin;
mod pod;
mod podman;
mod process;
mod ran;
mod registry;
mod requirement;
mod rpc;
mod scenario;
mod sweep;

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::fs::FlockOperation;

pub use activation::Activation;
pub use buildkit::Buildkitd;
pub use client::Client;
pub use containerd::{Containerd, Done};
pub use cri_dockerd::CriDockerd;
pub use crictl::Crictl;
pub use crio::Crio;
pub use daemon::until;
pub use dind::Dind;
pub use docker::Docker;
pub use generation::Generation;
use generation::Programs;
pub use images::Image;
pub use inside::{Inside, SOCKET as SOCKET_INSIDE};
pub use kubelet::Kubelet;
pub use outer::Outer;
pub use packages::{missing_compilers, missing_packages};
pub use peers::Peers;
pub use place::{Place, RUN};
pub use pod::Pod;
pub use podman::{Podman, Rootless};
pub use process::ProcessId;
pub use ran::Ran;
pub use registry::{Content, Registry};
pub use requirement::{missing, skip};
pub use rpc::{Refusal, RpcClient, RpcLibrary};
pub use scenario::Scenario;

/// How long a new lab waits for another of its name, as when two clones run the same test.
const HOLD_PATIENCE: Duration = Duration::from_mins(1);

/// A lab that this process holds. Dropping it ends its daemons and removes its directories, unless it was
/// [kept](Lab::keep).
#[derive(Debug)]
pub struct Lab {
    place: Place,
    /// Locked as long as a process holds the lab.
    lock: File,
    kept: bool,
}

impl Lab {
    /// Begins a lab of this name (a short word; it becomes part of socket paths) under `/run/imgtrace-lab` and
    /// `/var/lib/imgtrace-lab`, after ending whatever a crashed run left under the same name. While another process
    /// holds the lab, this waits for it, a minute at most.
    ///
    /// # Errors
    /// Another process goes on holding the lab, or its directories cannot be made.
    pub fn new(name: &str) -> Result<Self> {
        let lab = Self::hold(name, HOLD_PATIENCE)?;
        sweep::end(&lab.place)?;
        lab.place.create()?;
        Ok(lab)
    }

    /// As [`Lab::new`], with its data in memory, where a pull of a hundred layers takes a second instead of many (the
    /// daemons sync each layer to the disk).
    ///
    /// # Errors
    /// As [`Lab::new`], or the memory cannot be mounted.
    pub fn in_memory(name: &str) -> Result<Self> {
        let lab = Self::new(name)?;
        lab.place.mount_memory()?;
        Ok(lab)
    }

    /// Takes hold of a lab that an earlier process [kept](Lab::keep). Dropping it leaves the lab up.
    ///
    /// # Errors
    /// There is no lab of this name, or another process holds it.
    pub fn open(name: &str) -> Result<Self> {
        if !Place::new(name)?.run().exists() {
            bail!("no lab named {name} is up");
        }
        let mut lab = Self::hold(name, Duration::ZERO)?;
        lab.kept = true;
        Ok(lab)
    }

    fn hold(name: &str, patience: Duration) -> Result<Self> {
        let place = Place::new(name)?;
        let path = place.lock_file();
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)
                .with_context(|| format!("failed to create {}", parent.display()))?;
        }
        let lock =
            File::create(&path).with_context(|| format!("failed to create {}", path.display()))?;
        let taken = || rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok();
        if !until(patience, taken) {
            bail!("the lab {name} is in use by another process");
        }
        Ok(Self {
            place,
            lock,
            kept: false,
        })
    }

    /// Where the lab lives.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Starts a registry on a free port of 127.0.0.1, with [`Image::Busybox`] in it.
    ///
    /// # Errors
    /// docker-registry is not installed or does not come up.
    pub fn registry(&self) -> Result<Registry> {
        let registry = Registry::start(&self.place)?;
        registry.add(Image::Busybox)?;
        Ok(registry)
    }

    /// Starts a containerd and a dockerd of this generation.
    ///
    /// # Errors
    /// The programs are missing or do not come up; the error holds the end of the daemon's log.
    pub fn docker(&self, generation: Generation) -> Result<Docker> {
        let docker = self.docker_named(generation, generation.name())?;
        docker.start()?;
        Ok(docker)
    }

    /// As [`Lab::docker`], with a containerd that serves CRI too, as where a kubelet and a Docker share one. Its sandboxes
    /// have [`Image::Pause`] of the registry.
    ///
    /// # Errors
    /// As for [`Lab::docker`], or the image cannot be made.
    pub fn docker_with_cri(&self, generation: Generation, registry: &Registry) -> Result<Docker> {
        let pause = registry.add(Image::Pause)?;
        let name = format!("{}-and-cri", generation.name());
        let docker = self.docker_named(generation, &name)?.with_cri(&pause);
        docker.start()?;
        Ok(docker)
    }

    /// Starts a containerd of this generation that serves no Docker.
    ///
    /// # Errors
    /// The programs are missing or do not come up; the error holds the end of the log.
    pub fn containerd(&self, generation: Generation) -> Result<Containerd> {
        let name = format!("containerd-of-{}", generation.name());
        let containerd = Containerd::new(&self.place, &name, &Programs::of(generation)?);
        containerd.start()?;
        Ok(containerd)
    }

    /// A containerd that is not started yet, with a name of its own (so that one lab can hold several).
    ///
    /// # Errors
    /// The programs of this generation are missing.
    pub fn containerd_named(&self, generation: Generation, name: &str) -> Result<Containerd> {
        let programs = Programs::of(generation)?;
        Ok(Containerd::new(&self.place, name, &programs))
    }

    /// Starts a containerd of this generation that serves CRI and no Docker, with [`Image::Pause`] of the registry for
    /// its sandboxes.
    ///
    /// # Errors
    /// As for [`Lab::containerd`], or the image cannot be made.
    pub fn containerd_with_cri(
        &self,
        generation: Generation,
        registry: &Registry,
    ) -> Result<Containerd> {
        let name = format!("cri-of-{}", generation.name());
        let pause = registry.add(Image::Pause)?;
        let containerd =
            Containerd::new(&self.place, &name, &Programs::of(generation)?).with_cri(&pause);
        containerd.start()?;
        Ok(containerd)
    }

    /// Starts a cri-dockerd over a Docker of the newest generation.
    ///
    /// # Errors
    /// The programs are missing or do not come up; the error holds the end of the daemon's log.
    pub fn cri_dockerd(&self, registry: &Registry) -> Result<CriDockerd> {
        let pause = registry.add(Image::Pause)?;
        let docker = self
            .docker_named(Generation::Newest, "docker-of-cri")?
            .with_runc(cri_dockerd::runc(&self.place)?);
        docker.start()?;
        CriDockerd::start(&self.place, &docker, &pause)
    }

    /// Starts a kubelet on the CRI server of this socket.
    ///
    /// # Errors
    /// The program is missing or does not come up; the error holds the end of its log.
    pub fn kubelet(&self, socket: &Path) -> Result<Kubelet> {
        Kubelet::start(&self.place, socket)
    }

    /// crictl, set up for the CRI server of this socket.
    ///
    /// # Errors
    /// The program is missing, or its settings cannot be written.
    pub fn crictl(&self, socket: &Path) -> Result<Crictl> {
        Crictl::new(&self.place, socket)
    }

    /// Starts a buildkitd.
    ///
    /// # Errors
    /// [`Peers::BuildKit`] is missing or it does not come up; the error holds the end of the log.
    pub fn buildkitd(&self) -> Result<Buildkitd> {
        Buildkitd::start(&self.place)
    }

    /// Starts a CRI-O, with an image of this reference for its sandboxes.
    ///
    /// # Errors
    /// [`Peers::CriO`] is missing or it does not come up; the error holds the end of the log.
    pub fn crio(&self, pause: &str) -> Result<Crio> {
        Crio::start(&self.place, pause)
    }

    /// Podman and Buildah with a store of the lab's, as root.
    ///
    /// # Errors
    /// Their settings cannot be written.
    pub fn podman(&self, registry: &Registry) -> Result<Podman> {
        Podman::new(&self.place, registry)
    }

    /// Podman of an ordinary user, with a store of the user's.
    ///
    /// # Errors
    /// The user's folders or namespaces cannot be made.
    pub fn rootless(&self, registry: &Registry) -> Result<Rootless> {
        Rootless::new(&self.place, registry)
    }

    /// A Docker that is not started yet, with a name of its own (so that one lab can hold several).
    ///
    /// # Errors
    /// The programs of this generation are missing.
    pub fn docker_named(&self, generation: Generation, name: &str) -> Result<Docker> {
        Docker::new(&self.place, generation, name)
    }

    /// Lets the daemons go on when this process ends; `Lab::open` finds them again.
    pub fn keep(mut self) {
        self.kept = true;
    }

    /// Ends every daemon of the lab and removes its directories.
    ///
    /// # Errors
    /// A process does not end or a directory cannot be removed.
    pub fn end(mut self) -> Result<()> {
        self.kept = true;
        sweep::end(&self.place)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if !self.kept
            && let Err(error) = sweep::end(&self.place)
        {
            say(&format!("failed to end the lab: {error:#}"));
        }
        // The file stays: removing it would let two processes lock two files of the same name.
        let _ = rustix::fs::flock(&self.lock, FlockOperation::Unlock);
    }
}

/// Tells the person at the terminal what the lab does: one line on stderr.
pub fn say(line: &str) {
    // Nobody to tell is no reason to stop.
    let _ = writeln!(std::io::stderr(), "lab: {line}");
}

/// Reads a file as text, with its path in the error.
fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))
}

/// Writes a file, with its path in the error.
fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<()> {
    fs::write(path, content).with_context(|| format!("failed to write {}", path.display()))
}

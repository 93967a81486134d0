//! A dockerd with a containerd of its own, and its command line.

use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::json;

use super::generation::Programs;
use super::{Activation, Client, Containerd, Generation, Place, Ran, daemon, http, write};

/// A dockerd of the lab, with a containerd of its own.
#[derive(Debug, Clone)]
pub struct Docker {
    place: Place,
    name: String,
    generation: Generation,
    programs: Programs,
    containerd: Containerd,
    /// What it starts instead of runc.
    runc: Option<PathBuf>,
}

impl Docker {
    pub(super) fn new(place: &Place, generation: Generation, name: &str) -> Result<Self> {
        let programs = Programs::of(generation)?;
        let containerd = Containerd::new(place, &format!("{name}-containerd"), &programs);
        Ok(Self {
            place: place.clone(),
            name: name.to_owned(),
            generation,
            programs,
            containerd,
            runc: None,
        })
    }

    /// One that starts this program instead of runc.
    pub(super) fn with_runc(mut self, runc: PathBuf) -> Self {
        self.runc = Some(runc);
        self
    }

    /// One whose containerd serves CRI too, with this image for its sandboxes.
    pub(super) fn with_cri(mut self, pause: &str) -> Self {
        self.containerd = self.containerd.with_cri(pause);
        self
    }

    /// The socket that clients use.
    pub fn socket(&self) -> PathBuf {
        self.place.run().join(&self.name).join("docker.sock")
    }

    /// Its data root (`docker info`'s Docker Root Dir).
    pub fn root(&self) -> PathBuf {
        self.place.data().join(&self.name).join("root")
    }

    /// The containerd under it.
    pub fn containerd(&self) -> &Containerd {
        &self.containerd
    }

    /// Which Docker it is.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// The process id of dockerd, while it runs.
    pub fn pid(&self) -> Option<i32> {
        daemon::running(&self.place, &self.name).map(|id| id.pid)
    }

    /// Starts containerd, if it does not run, and dockerd; waits until it answers.
    ///
    /// # Errors
    /// One of them does not come up; the error holds the end of its log.
    pub fn start(&self) -> Result<()> {
        self.containerd.start_if_stopped()?;
        let mut command = self.dockerd()?;
        command
            .arg("--host")
            .arg(format!("unix://{}", self.socket().display()));
        self.start_with(command)
    }

    /// Opens its socket as systemd would for it, so that dockerd can be started by its first client.
    ///
    /// # Errors
    /// The socket cannot be bound.
    pub fn listen(&self) -> Result<Activation> {
        self.place.run_dir(&self.name)?;
        Activation::open(self.clone())
    }

    /// Starts dockerd by this command, which was made by [`Docker::dockerd`].
    pub(super) fn start_with(&self, dockerd: Command) -> Result<()> {
        daemon::start(&self.place, &self.name, dockerd, || answers(&self.socket()))?;
        Ok(())
    }

    /// Stops dockerd and leaves its containerd running.
    ///
    /// # Errors
    /// It does not end.
    pub fn stop(&self) -> Result<()> {
        daemon::stop(&self.place, &self.name)
    }

    /// Kills dockerd by SIGKILL, and leaves its containerd and its containers running.
    ///
    /// # Errors
    /// It does not end.
    pub fn kill(&self) -> Result<()> {
        daemon::kill(&self.place, &self.name)
    }

    /// Stops dockerd and starts it again, with the same stores.
    ///
    /// # Errors
    /// As [`Docker::stop`] and [`Docker::start`].
    pub fn restart(&self) -> Result<()> {
        self.stop()?;
        self.start()
    }

    /// Runs the docker command of its generation on the host, and has it succeed.
    ///
    /// # Errors
    /// The command fails; the error holds its stderr.
    pub fn cli(&self, args: &[&str]) -> Result<Ran> {
        Ran::ok(self.command(self.generation.client())?.args(args))
    }

    /// Runs the docker command of its generation on the host, whatever comes of it.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn try_cli(&self, args: &[&str]) -> Result<Ran> {
        Ran::of(self.command(self.generation.client())?.args(args))
    }

    /// Runs Debian's docker command as an ordinary user with this uid and no groups but its own, whatever comes of it.
    /// (The newest one lies in root's cache folder, where such a user cannot go.)
    ///
    /// # Errors
    /// It cannot be started.
    pub fn try_cli_as(&self, uid: u32, args: &[&str]) -> Result<Ran> {
        let mut command = self.command(Client::DockerDebian)?;
        // The standard library drops root's supplementary groups when it sets the uid.
        Ran::of(command.uid(uid).gid(uid).args(args))
    }

    /// Has a client pull an image, create a container of this name from it, start it, wait for it and remove it: for
    /// the libraries and curl, five requests of one process. (The docker commands do it as `docker run --rm
    /// --pull=always`, where the daemon removes.)
    ///
    /// # Errors
    /// The client is not there, or fails; the error holds its stderr.
    pub fn story(&self, client: Client, image: &str, name: &str) -> Result<Ran> {
        Ran::ok(&mut client.story(&self.socket(), &self.client_home(client)?, image, name)?)
    }

    /// A client set up for this daemon's socket; the caller adds arguments and runs it.
    ///
    /// # Errors
    /// The client is not there.
    pub fn command(&self, client: Client) -> Result<Command> {
        client.command(&self.socket(), &self.client_home(client)?)
    }

    fn client_home(&self, client: Client) -> Result<PathBuf> {
        self.place.data_dir(&format!("client-{}", client.name()))
    }

    /// dockerd with everything but its sockets.
    pub(super) fn dockerd(&self) -> Result<Command> {
        let run = self.place.run_dir(&self.name)?;
        let data = self.place.data_dir(&self.name)?;
        let config = data.join("daemon.json");
        // 20.10 would write a key to /etc/docker otherwise, which is the host's; newer ones accept and ignore it.
        let mut settings = json!({ "deprecated-key-path": data.join("key.json") });
        if let (Some(runc), Some(settings)) = (&self.runc, settings.as_object_mut()) {
            settings.insert("runtimes".to_owned(), json!({ "lab": { "path": runc } }));
            settings.insert("default-runtime".to_owned(), json!("lab"));
        }
        write(&config, settings.to_string())?;
        let mut command = self.programs.command(&self.programs.dockerd);
        command
            .arg("--config-file")
            .arg(config)
            .arg("--data-root")
            .arg(self.root());
        command
            .arg("--exec-root")
            .arg(run.join("exec"))
            .arg("--pidfile")
            .arg(run.join("dockerd.pid"));
        command.arg("--containerd").arg(self.containerd.socket());
        // cgroupfs works on every host; systemd's driver would need a systemd.
        command.args([
            "--exec-opt",
            "native.cgroupdriver=cgroupfs",
            "--userland-proxy=false",
        ]);
        // The host's own packet filter and forwarding are left as they are.
        command.args([
            "--iptables=false",
            "--ip6tables=false",
            "--ip-masq=false",
            "--ip-forward=false",
        ]);
        command.arg(format!("--bridge={}", super::network::bridge(&self.place)?));
        Ok(command)
    }

    /// A new empty folder among its data.
    pub(super) fn new_folder(&self, kind: &str) -> Result<PathBuf> {
        let data = self.place.data_dir(&self.name)?;
        let folder = tempfile::Builder::new().prefix(kind).tempdir_in(data);
        Ok(folder
            .with_context(|| format!("failed to make a folder for {kind}"))?
            .keep())
    }
}

/// Whether a Docker answers on this socket.
pub(super) fn answers(socket: &Path) -> bool {
    let ping = || -> Result<u16> {
        let stream = UnixStream::connect(socket).context("not there yet")?;
        Ok(http::exchange(stream, "GET", "/_ping", "text/plain", b"")?.status)
    };
    ping().is_ok_and(|status| status == 200)
}

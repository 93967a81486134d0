//! A dockerd with a containerd of its own, and its command line.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::{Client, Containerd, Peers, Place, Ran, daemon, http, write};

/// Where Debian's daemons and their helpers (runc, iptables) are.
pub(super) const SYSTEM_PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// Which Docker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    /// Debian's own packages: dockerd 20.10, containerd 1.6, runc 1.1, overlay2 store.
    Debian,
    /// The 29 line of dockerd, containerd 2.3 and runc 1.5, with containerd's image store: [`Peers::Newest`].
    Newest,
}

impl Generation {
    /// A word for paths and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Debian => "docker-debian",
            Self::Newest => "docker-newest",
        }
    }

    /// The docker command of the same generation.
    pub fn client(self) -> Client {
        match self {
            Self::Debian => Client::DockerDebian,
            Self::Newest => Client::DockerNewest,
        }
    }

    /// Why this generation cannot run here, or None if it can. Asks nothing that [`missing`](super::missing) asks.
    pub fn missing(self) -> Option<String> {
        match self {
            Self::Debian => None,
            Self::Newest => self.client().missing(),
        }
    }
}

/// The programs of one generation, and the PATH on which they find their helpers.
#[derive(Debug, Clone)]
pub(super) struct Programs {
    pub(super) dockerd: PathBuf,
    pub(super) containerd: PathBuf,
    pub(super) ctr: PathBuf,
    path: String,
}

impl Programs {
    fn of(generation: Generation) -> Result<Self> {
        if let Some(reason) = generation.missing() {
            bail!(reason);
        }
        Ok(match generation {
            Generation::Debian => Self {
                dockerd: "/usr/sbin/dockerd".into(),
                containerd: "/usr/bin/containerd".into(),
                ctr: "/usr/bin/ctr".into(),
                path: SYSTEM_PATH.to_owned(),
            },
            Generation::Newest => {
                let folder = Peers::Newest.provide()?;
                Self {
                    dockerd: folder.join("dockerd"),
                    containerd: folder.join("containerd"),
                    ctr: folder.join("ctr"),
                    path: format!("{}:{SYSTEM_PATH}", folder.display()),
                }
            }
        })
    }

    /// A command with a plain environment: nothing of the user's Docker settings reaches a lab daemon.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", &self.path)
            .env("HOME", "/root");
        command
    }
}

/// A dockerd of the lab, with a containerd of its own.
#[derive(Debug, Clone)]
pub struct Docker {
    place: Place,
    name: String,
    generation: Generation,
    programs: Programs,
    containerd: Containerd,
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
        })
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
        daemon::start(&self.place, &self.name, command, || self.answers())?;
        Ok(())
    }

    /// Stops dockerd and leaves its containerd running.
    ///
    /// # Errors
    /// It does not end.
    pub fn stop(&self) -> Result<()> {
        daemon::stop(&self.place, &self.name)
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

    fn dockerd(&self) -> Result<Command> {
        let run = self.place.run_dir(&self.name)?;
        let data = self.place.data_dir(&self.name)?;
        let config = data.join("daemon.json");
        // dockerd 20.10 would write a key to /etc/docker otherwise, which is the host's.
        let key = data.join("key.json");
        let settings = match self.generation {
            Generation::Debian => serde_json::json!({ "deprecated-key-path": key }),
            Generation::Newest => serde_json::json!({}),
        };
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
        command.args(["--iptables=false", "--ip6tables=false", "--ip-masq=false"]);
        command.arg(format!("--bridge={}", super::network::bridge(&self.place)?));
        Ok(command)
    }

    fn answers(&self) -> bool {
        let ping = || -> Result<u16> {
            let stream = UnixStream::connect(self.socket()).context("not there yet")?;
            Ok(http::exchange(stream, "GET", "/_ping", "text/plain", b"")?.status)
        };
        ping().is_ok_and(|status| status == 200)
    }
}

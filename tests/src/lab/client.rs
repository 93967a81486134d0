//! Clients of the daemons, run on the host as processes whose pid the test learns.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::Peers;

/// Debian's curl.
const CURL: &str = "/usr/bin/curl";

/// A program that speaks to a daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// The docker command of Debian's docker.io (20.10 in Debian 12).
    DockerDebian,
    /// The docker command of the 29 line, static, with compose as its plug-in, and buildx if it is provided:
    /// [`Peers::Newest`], [`Peers::BuildKit`].
    DockerNewest,
    /// docker-py, the Python library: [`Peers::DockerPy`].
    DockerPy,
    /// dockerode, the Node.js library: [`Peers::Dockerode`].
    Dockerode,
    /// bollard, the Rust library: [`Peers::Bollard`].
    Bollard,
    /// curl, of the machine.
    Curl,
}

impl Client {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::DockerDebian,
        Self::DockerNewest,
        Self::DockerPy,
        Self::Dockerode,
        Self::Bollard,
        Self::Curl,
    ];

    fn peers(self) -> Option<Peers> {
        match self {
            Self::DockerDebian | Self::Curl => None,
            Self::DockerNewest => Some(Peers::Newest),
            Self::DockerPy => Some(Peers::DockerPy),
            Self::Dockerode => Some(Peers::Dockerode),
            Self::Bollard => Some(Peers::Bollard),
        }
    }

    /// Why this client cannot run here, or None if it can.
    pub fn missing(self) -> Option<String> {
        if self == Self::Curl && !Path::new(CURL).exists() {
            return Some("curl is not installed".to_owned());
        }
        self.peers()?.missing()
    }

    /// A command that starts this client against a socket, with an otherwise empty environment and a configuration of
    /// its own below `home`; the caller adds arguments.
    pub(super) fn command(self, socket: &Path, home: &Path) -> Result<Command> {
        let folder = self
            .peers()
            .map(Peers::require)
            .transpose()?
            .unwrap_or_default();
        let mut command = match self {
            // Not through PATH: a newer docker may come first there.
            Self::DockerDebian => Command::new("/usr/bin/docker"),
            Self::DockerNewest => {
                link(
                    &folder.join("docker-compose"),
                    &home.join("cli-plugins/docker-compose"),
                )?;
                if let Some(buildkit) = Peers::BuildKit.find() {
                    let plugin = home.join("cli-plugins/docker-buildx");
                    link(&buildkit.join("docker-buildx"), &plugin)?;
                }
                Command::new(folder.join("docker"))
            }
            Self::DockerPy => with_script(&folder.join("bin/python"), &folder.join("drive.py")),
            // By its own PATH, as its user would start it: there is no fixed place for node.
            Self::Dockerode => with_script(Path::new("node"), &folder.join("drive.js")),
            Self::Bollard => Command::new(folder.join("bollard-client")),
            Self::Curl => Command::new(CURL),
        };
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home);
        command
            .env("DOCKER_CONFIG", home)
            .env("DOCKER_HOST", format!("unix://{}", socket.display()));
        Ok(command)
    }

    /// A command with which this client pulls an image, creates a container of this name from it, starts it, waits for
    /// it and removes it: five requests and what the client adds of its own. (The docker commands do it as `docker run
    /// --rm --pull=always`, where the daemon removes.)
    pub(super) fn story(
        self,
        socket: &Path,
        home: &Path,
        image: &str,
        name: &str,
    ) -> Result<Command> {
        let mut command = self.command(socket, home)?;
        match self {
            Self::DockerDebian | Self::DockerNewest => {
                command.args([
                    "run",
                    "--rm",
                    "--pull=always",
                    "--name",
                    name,
                    image,
                    "true",
                ]);
            }
            Self::DockerPy | Self::Dockerode | Self::Bollard => _ = command.args([image, name]),
            Self::Curl => curl_story(&mut command, socket, image, name),
        }
        Ok(command)
    }

    /// A word for paths and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::DockerDebian => "docker-debian",
            Self::DockerNewest => "docker-newest",
            Self::DockerPy => "docker-py",
            Self::Dockerode => "dockerode",
            Self::Bollard => "bollard",
            Self::Curl => "curl",
        }
    }
}

fn with_script(program: &Path, script: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg(script);
    command
}

/// Five requests of one curl, on a connection that it keeps.
fn curl_story(command: &mut Command, socket: &Path, image: &str, name: &str) {
    let body = serde_json::json!({ "Image": image, "Cmd": ["true"] }).to_string();
    let container = format!("/containers/{name}");
    let requests = [
        ("POST", format!("/images/create?fromImage={image}"), None),
        (
            "POST",
            format!("/containers/create?name={name}"),
            Some(body),
        ),
        ("POST", format!("{container}/start"), None),
        ("POST", format!("{container}/wait"), None),
        ("DELETE", container, None),
    ];
    for (index, (method, target, body)) in requests.into_iter().enumerate() {
        if index > 0 {
            command.arg("--next");
        }
        command
            .args([
                "--silent",
                "--show-error",
                "--fail",
                "--request",
                method,
                "--unix-socket",
            ])
            .arg(socket);
        if let Some(body) = body {
            command.args([
                "--header",
                "Content-Type: application/json",
                "--data",
                &body,
            ]);
        }
        command.arg(format!("http://localhost{target}"));
    }
}

/// Makes a symbolic link, unless it is there.
fn link(target: &Path, link: &Path) -> Result<()> {
    if link.is_symlink() {
        return Ok(());
    }
    let failed = || format!("failed to create {}", link.display());
    if let Some(folder) = link.parent() {
        std::fs::create_dir_all(folder).with_context(failed)?;
    }
    std::os::unix::fs::symlink(target, link).with_context(failed)
}

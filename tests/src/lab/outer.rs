//! A container in which runtimes of the host's /usr run: what Docker in Docker and Podman in a container share.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::{Docker, Image, Inside, Ran, Registry, inside};

/// What a container needs to run containers. `--privileged` would ask for `CAP_SYS_RESOURCE`, which not every machine's
/// root has.
const CAPABILITIES: [&str; 6] = [
    "SYS_ADMIN",
    "NET_ADMIN",
    "SYS_PTRACE",
    "DAC_READ_SEARCH",
    "SYSLOG",
    "SYS_MODULE",
];
/// Prepares the cgroups as a container finds them (mounted read-only; in version 2, with its own processes in the root,
/// which then can hand no controller down) and becomes what the arguments say.
const SCRIPT: &str = r#"
for mount in /sys/fs/cgroup /sys/fs/cgroup/*; do
  if mountpoint -q $mount; then mount -o remount,bind,rw $mount; fi
done
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
  mkdir -p /sys/fs/cgroup/init
  for pid in $(cat /sys/fs/cgroup/cgroup.procs); do echo $pid > /sys/fs/cgroup/init/cgroup.procs; done
  for name in $(cat /sys/fs/cgroup/cgroup.controllers); do echo +$name > /sys/fs/cgroup/cgroup.subtree_control; done
fi
exec "$@""#;

/// A running container with the host's programs, in its own network, mount and pid namespaces.
#[derive(Debug)]
pub struct Outer {
    docker: Docker,
    container: String,
    /// Its first process, by its pid on the host.
    pid: i32,
}

impl Outer {
    /// Starts one that runs these words, with each of these folders at the path beside it. The registry is reachable in
    /// there by its usual address.
    ///
    /// # Errors
    /// The container does not start.
    pub fn start(
        docker: &Docker,
        registry: &Registry,
        folders: &[(&Path, &Path)],
        words: &[&str],
    ) -> Result<Self> {
        let image = registry.add(Image::Host)?;
        let mut command = docker.command(docker.generation().client())?;
        command.args(["run", "--detach", "--tmpfs", "/run", "--tmpfs", "/tmp"]);
        command.args(["--volume", "/usr:/usr:ro"]);
        for (folder, place) in folders {
            let volume = format!("{}:{}", folder.display(), place.display());
            command.args(["--volume", &volume]);
        }
        for what in ["seccomp", "apparmor", "systempaths"] {
            command
                .arg("--security-opt")
                .arg(format!("{what}=unconfined"));
        }
        command.args(CAPABILITIES.iter().flat_map(|name| ["--cap-add", name]));
        command
            .args(["--device-cgroup-rule", "a *:* rwm", &image])
            .args(["sh", "-c", SCRIPT, "sh"])
            .args(words);
        let container = Ran::ok(&mut command)?.stdout.trim().to_owned();
        let pid = docker.cli(&["inspect", "--format", "{{.State.Pid}}", &container])?;
        let outer = Self {
            docker: docker.clone(),
            container,
            pid: pid.stdout.trim().parse().context("it has no pid")?,
        };
        registry.serve_in_network_of(outer.pid)?;
        Ok(outer)
    }

    /// Its id.
    pub fn container(&self) -> &str {
        &self.container
    }

    /// Its first process's pid on the host.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// A path in there, as the host can reach it.
    pub fn path(&self, path: &str) -> PathBuf {
        format!("/proc/{}/root{path}", self.pid).into()
    }

    /// The end of what its first process printed.
    pub(super) fn log(&self) -> Result<String> {
        let ran = self
            .docker
            .cli(&["logs", "--tail", "20", &self.container])?;
        Ok(ran.stderr)
    }

    /// Runs a program inside.
    ///
    /// # Errors
    /// It fails; the error holds its stderr.
    pub fn run(&self, program: &[&str]) -> Result<Inside> {
        let mut enter = self.docker.command(self.docker.generation().client())?;
        enter.args(["exec", "--interactive", &self.container]);
        inside::run(enter, program)
    }
}

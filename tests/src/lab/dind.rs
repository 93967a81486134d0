//! Docker in Docker: a container that runs a dockerd of its own, bound at the usual /var/run/docker.sock.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::{Docker, Image, Inside, Ran, Registry, inside, until};

/// How long the inner daemon may take to come up.
const START_PATIENCE: Duration = Duration::from_mins(1);
/// What a container needs to run dockerd. `--privileged` would ask for `CAP_SYS_RESOURCE`, which not every machine's
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
/// which then can hand no controller down) and becomes dockerd, which starts a containerd of its own.
const SCRIPT: &str = r"
for mount in /sys/fs/cgroup /sys/fs/cgroup/*; do
  if mountpoint -q $mount; then mount -o remount,bind,rw $mount; fi
done
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
  mkdir -p /sys/fs/cgroup/init
  for pid in $(cat /sys/fs/cgroup/cgroup.procs); do echo $pid > /sys/fs/cgroup/init/cgroup.procs; done
  for name in $(cat /sys/fs/cgroup/cgroup.controllers); do echo +$name > /sys/fs/cgroup/cgroup.subtree_control; done
fi
exec dockerd --bridge=none --iptables=false --ip6tables=false --exec-opt native.cgroupdriver=cgroupfs";

/// A dockerd in a container of another; the programs are Debian's, whatever the outer one is.
#[derive(Debug)]
pub struct Dind {
    outer: Docker,
    container: String,
    /// The inner dockerd, the container's first process, by its pid on the host.
    pid: i32,
}

impl Dind {
    /// Starts a container with a dockerd in it, in its own network, mount and pid namespaces, and waits until that
    /// answers. The registry is reachable in there by its usual address.
    ///
    /// # Errors
    /// The container does not start or its dockerd does not come up; the error holds the end of its log.
    pub fn start(outer: &Docker, registry: &Registry) -> Result<Self> {
        let image = registry.add(Image::Host)?;
        let store = outer.new_folder("dind")?;
        let mut command = outer.command(outer.generation().client())?;
        command.args(["run", "--detach", "--tmpfs", "/run", "--tmpfs", "/tmp"]);
        command
            .args(["--volume", "/usr:/usr:ro", "--volume"])
            .arg(format!("{}:/var/lib/docker", store.display()));
        for what in ["seccomp", "apparmor", "systempaths"] {
            command
                .arg("--security-opt")
                .arg(format!("{what}=unconfined"));
        }
        command.args(CAPABILITIES.iter().flat_map(|name| ["--cap-add", name]));
        command.args([
            "--device-cgroup-rule",
            "a *:* rwm",
            &image,
            "sh",
            "-c",
            SCRIPT,
        ]);
        let container = Ran::ok(&mut command)?.stdout.trim().to_owned();
        let pid = outer
            .cli(&["inspect", "--format", "{{.State.Pid}}", &container])?
            .stdout;
        let dind = Self {
            outer: outer.clone(),
            container,
            pid: pid.trim().parse().context("it has no pid")?,
        };
        if !until(START_PATIENCE, || dind.answers()) {
            let log = outer.cli(&["logs", "--tail", "20", &dind.container])?;
            bail!("the inner dockerd does not come up:\n{}", log.stderr);
        }
        registry.serve_in_network_of(dind.pid)?;
        Ok(dind)
    }

    /// The container that the inner daemon runs in.
    pub fn container(&self) -> &str {
        &self.container
    }

    /// The inner dockerd's pid on the host.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// The inner socket, as the host can reach it. Its own name is /var/run/docker.sock.
    pub fn socket(&self) -> PathBuf {
        format!("/proc/{}/root/run/docker.sock", self.pid).into()
    }

    /// Runs the docker command inside the container, against the inner daemon.
    ///
    /// # Errors
    /// It fails; the error holds its stderr.
    pub fn cli(&self, args: &[&str]) -> Result<Inside> {
        let mut enter = self.outer.command(self.outer.generation().client())?;
        enter.args(["exec", "--interactive", &self.container]);
        let program: Vec<&str> = std::iter::once("docker")
            .chain(args.iter().copied())
            .collect();
        inside::run(enter, &program)
    }

    fn answers(&self) -> bool {
        super::docker::answers(&self.socket())
    }
}

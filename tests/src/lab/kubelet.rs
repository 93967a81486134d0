//! A kubelet without an API server: it runs the pods whose manifests lie in a folder.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::json;

use super::network::free_address;
use super::{Peers, Place, Pod, daemon, http, read, write};

/// Its name among the lab's daemons.
pub(super) const NAME: &str = "kubelet";
/// Its name as a node, which it adds to the names of its pods.
const NODE: &str = "lab";
/// How long its health may take to be told.
const ANSWER_PATIENCE: Duration = Duration::from_secs(1);
/// What kubelet sets on the host when it finds another value (`setupKernelTunables` in
/// `pkg/kubelet/cm/container_manager_linux.go`).
const TUNABLES: [(&str, &str); 6] = [
    ("vm/overcommit_memory", "1"),
    ("vm/panic_on_oom", "0"),
    ("kernel/panic", "10"),
    ("kernel/panic_on_oops", "1"),
    ("kernel/keys/root_maxkeys", "1000000"),
    ("kernel/keys/root_maxbytes", "25000000"),
];
/// Becomes kubelet in a mount namespace of its own. Some of its paths are built in (`/var/lib/kubelet/device-plugins`,
/// which it empties, and `/var/log/containers`), and it changes the kernel's settings: in there, all of these are the
/// lab's. `$0` is the lab's data, `$1` kubelet's own folder in it.
const SHIELD: &str = r#"
set -e
data=$0 own=$1; shift
mount --bind "$own/var-log" /var/log
for file in $(cd "$own/sys" && find . -type f); do mount --bind "$own/sys/$file" "/proc/sys/$file"; done
below=$own/var-lib${data#/var/lib}
mkdir -p "$own/var-lib/kubelet" "$below"
mount --rbind "$data" "$below"
mount --rbind "$own/var-lib" /var/lib
exec "$@""#;

/// A kubelet of the lab.
#[derive(Debug, Clone)]
pub struct Kubelet {
    place: Place,
    /// Where it tells how it is.
    health: SocketAddr,
}

impl Kubelet {
    /// Starts one on the CRI server of this socket and waits until it says that it is well.
    pub(super) fn start(place: &Place, socket: &Path) -> Result<Self> {
        let own = place.data_dir(NAME)?;
        for name in ["pods", "var-log", "root", "certificates", "logs"] {
            place.data_dir(&format!("{NAME}/{name}"))?;
        }
        for (name, value) in TUNABLES {
            let file = own.join("sys").join(name);
            fs::create_dir_all(file.parent().context("a file has a folder")?)?;
            write(&file, value)?;
        }
        let kubelet = Self {
            place: place.clone(),
            health: free_address()?,
        };
        let config = own.join("config.json");
        write(&config, kubelet.configuration(socket)?)?;
        let program = Peers::Kubernetes.require()?.join("kubelet");
        let mut command = Command::new("unshare");
        command
            .env_clear()
            // No iptables is on it: kubelet would add chains of its own to the host's.
            .env("PATH", "/usr/bin:/bin")
            .stdin(Stdio::null());
        command
            .args(["--mount", "sh", "-c", SHIELD])
            .args([place.data(), &own])
            .arg(program);
        command
            .arg("--config")
            .arg(&config)
            .arg("--root-dir")
            .arg(own.join("root"));
        command.arg("--cert-dir").arg(own.join("certificates"));
        // At level 3 it logs the events that it would send to an API server.
        command
            .arg(format!("--hostname-override={NODE}"))
            .arg("--v=3");
        daemon::start(place, NAME, command, || kubelet.is_well())?;
        Ok(kubelet)
    }

    /// Has it run this pod.
    ///
    /// # Errors
    /// The manifest cannot be written.
    pub fn add(&self, pod: &Pod) -> Result<()> {
        // It reads every file whose name does not begin with a dot, so a half-written one must not have such a name.
        let file = self.manifest(pod);
        let partial = file.with_file_name(format!(".{}", pod.name));
        write(&partial, pod.manifest().to_string())?;
        fs::rename(&partial, &file).with_context(|| format!("failed to create {}", file.display()))
    }

    /// Has it end this pod and remove its containers.
    ///
    /// # Errors
    /// The manifest cannot be removed.
    pub fn remove(&self, pod: &Pod) -> Result<()> {
        let file = self.manifest(pod);
        fs::remove_file(&file).with_context(|| format!("failed to remove {}", file.display()))
    }

    /// The name by which it runs a pod.
    pub fn name_of(pod: &Pod) -> String {
        format!("{}-{NODE}", pod.name)
    }

    /// Ends it; its pods go on.
    ///
    /// # Errors
    /// It does not end.
    pub fn stop(&self) -> Result<()> {
        daemon::stop(&self.place, NAME)
    }

    /// Its process id, while it runs.
    pub fn pid(&self) -> Option<i32> {
        daemon::running(&self.place, NAME).map(|id| id.pid)
    }

    /// Its log.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn log(&self) -> Result<String> {
        read(&self.place.log(NAME))
    }

    fn manifest(&self, pod: &Pod) -> PathBuf {
        let file = format!("{}.json", pod.name);
        self.place.data().join(NAME).join("pods").join(file)
    }

    /// A `KubeletConfiguration` (kubelet.config.k8s.io/v1beta1). It serves nobody but this machine, lets the host's
    /// cgroups and packet filter be, and evicts nothing.
    fn configuration(&self, socket: &Path) -> Result<String> {
        let own = self.place.data().join(NAME);
        let config = json!({
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "containerRuntimeEndpoint": format!("unix://{}", socket.display()),
            "staticPodPath": own.join("pods"),
            "fileCheckFrequency": "1s",
            "podLogsDir": own.join("logs"),
            "volumePluginDir": own.join("volume-plugins"),
            "address": "127.0.0.1",
            "port": free_address()?.port(),
            "readOnlyPort": 0,
            "healthzBindAddress": "127.0.0.1",
            "healthzPort": self.health.port(),
            "authentication": { "anonymous": { "enabled": true }, "webhook": { "enabled": false } },
            "authorization": { "mode": "AlwaysAllow" },
            "cgroupDriver": "cgroupfs",
            "cgroupsPerQOS": false,
            "enforceNodeAllocatable": [],
            "failCgroupV1": false,
            "failSwapOn": false,
            "makeIPTablesUtilChains": false,
            // Both would ask for CAP_SYS_RESOURCE.
            "maxOpenFiles": 20_000,
            "oomScoreAdj": 0,
            "evictionHard": { "imagefs.available": "0%", "memory.available": "0%", "nodefs.available": "0%", "nodefs.inodesFree": "0%" },
            "imageGCHighThresholdPercent": 100,
            // Beyond 5 a second it would fail pulls by itself, without asking the runtime.
            "registryPullQPS": 0,
        });
        Ok(config.to_string())
    }

    fn is_well(&self) -> bool {
        let ask = || -> Result<u16> {
            let stream = TcpStream::connect(self.health)?;
            stream.set_read_timeout(Some(ANSWER_PATIENCE))?;
            Ok(http::exchange(stream, "GET", "/healthz", "text/plain", b"")?.status)
        };
        ask().is_ok_and(|status| status == 200)
    }
}

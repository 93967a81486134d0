//! A CRI-O of its own, with its own socket, store and networks.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Result;

use super::generation::SYSTEM_PATH;
use super::{Peers, Place, cri_dockerd, daemon, http, write};

/// Its name among the lab's daemons.
const NAME: &str = "crio";
/// Debian's conmon, which holds CRI-O's containers.
pub(super) const CONMON: &str = "/usr/bin/conmon";

/// A CRI-O of the lab. Its containers outlive it; the lab's end takes them too.
#[derive(Debug)]
pub struct Crio {
    place: Place,
}

impl Crio {
    /// Starts it, with this image for its sandboxes, and waits until it answers.
    ///
    /// # Errors
    /// [`Peers::CriO`] is not there, or it does not come up; the error holds the end of its log.
    pub(super) fn start(place: &Place, pause: &str) -> Result<Self> {
        let crio = Self {
            place: place.clone(),
        };
        let programs = Peers::CriO.require()?;
        let (run, data) = (place.run_dir(NAME)?, place.data_dir(NAME)?);
        let config = data.join("crio.conf");
        let runc = cri_dockerd::runc(place)?;
        let text = configuration(&run, &data, &runc, &programs, pause);
        write(&config, text)?;
        let policy = data.join("policy.json");
        write(
            &policy,
            r#"{ "default": [{ "type": "insecureAcceptAnything" }] }"#,
        )?;
        // What the host says of registries is not ours.
        let registries = data.join("registries.conf");
        write(&registries, registries_of(pause))?;
        for folder in ["crio.conf.d", "net.d", "registries.d", "hooks.d"] {
            std::fs::create_dir_all(data.join(folder))?;
        }
        let mut command = Command::new(programs.join(NAME));
        command
            .env_clear()
            .env("PATH", SYSTEM_PATH)
            .env("HOME", data)
            .stdin(Stdio::null());
        command.arg("--config").arg(&config);
        command.arg("--registries-conf").arg(registries);
        command
            .arg("--config-dir")
            .arg(config.with_extension("conf.d"));
        daemon::start(place, NAME, command, || answers(&crio.socket()))?;
        Ok(crio)
    }

    /// The socket that it serves CRI on.
    pub fn socket(&self) -> PathBuf {
        self.place.run().join(NAME).join("crio.sock")
    }

    /// The process id, while it runs.
    pub fn pid(&self) -> Option<i32> {
        daemon::running(&self.place, NAME).map(|id| id.pid)
    }

    /// Where its images and containers are.
    pub fn root(&self) -> PathBuf {
        self.place.data().join(NAME).join("root")
    }
}

/// Which registries it may speak plain HTTP to (containers-registries.conf(5)): that of the lab, where its image for
/// sandboxes is.
fn registries_of(pause: &str) -> String {
    let (registry, _) = pause.split_once('/').unwrap_or((pause, ""));
    format!(
        "unqualified-search-registries = []\n[[registry]]\nlocation = \"{registry}\"\ninsecure = true\n"
    )
}

/// Whether it answers in HTTP/1, which it does on the same socket (cri-o `server/inspect.go`).
fn answers(socket: &Path) -> bool {
    let info = || -> Result<u16> {
        let stream = UnixStream::connect(socket)?;
        Ok(http::exchange(stream, "GET", "/info", "text/plain", b"")?.status)
    };
    info().is_ok_and(|status| status == 200)
}

/// CRI-O's configuration (crio.conf(5)). Everything that would lie outside the lab by default is moved into it or off.
fn configuration(run: &Path, data: &Path, runc: &Path, programs: &Path, pause: &str) -> String {
    format!(
        r#"[crio]
root = "{data}/root"
runroot = "{run}/storage"
storage_driver = "overlay"
log_dir = "{data}/pods"
version_file = "{run}/version"
version_file_persist = ""
clean_shutdown_file = ""
[crio.api]
listen = "{run}/crio.sock"
stream_address = "127.0.0.1"
stream_port = "0"
[crio.runtime]
default_runtime = "runc"
cgroup_manager = "cgroupfs"
conmon_cgroup = "pod"
pinns_path = "{programs}/pinns"
namespaces_dir = "{run}/namespaces"
container_exits_dir = "{run}/exits"
container_attach_socket_dir = "{run}/attach"
hooks_dir = ["{data}/hooks.d"]
seccomp_profile = ""
apparmor_profile = "unconfined"
[crio.runtime.runtimes.runc]
runtime_path = "{runc}"
runtime_root = "{run}/runc"
monitor_path = "{CONMON}"
[crio.image]
pause_image = "{pause}"
# What the image says.
pause_command = ""
signature_policy = "{data}/policy.json"
[crio.network]
network_dir = "{data}/net.d"
plugin_dirs = ["{data}/cni"]
[crio.nri]
enable_nri = false
"#,
        data = data.display(),
        run = run.display(),
        runc = runc.display(),
        programs = programs.display(),
    )
}

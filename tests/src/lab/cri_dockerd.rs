//! cri-dockerd, which serves CRI by asking a Docker.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, os::unix::net::UnixStream};

use anyhow::{Context as _, Result};

use super::generation::SYSTEM_PATH;
use super::{Docker, Peers, Place, daemon, write};

/// Its name among the lab's daemons.
const NAME: &str = "cri-dockerd";
/// Becomes runc, after setting to zero in the bundle what runc may not lower without `CAP_SYS_RESOURCE`: a pod's scores for
/// the OOM killer are below zero.
const RUNC: &str = r#"#!/bin/sh
bundle=
for word in "$@"; do
  if [ "$bundle" = next ]; then bundle=$word; break; fi
  if [ "$word" = --bundle ]; then bundle=next; fi
done
if [ -f "$bundle/config.json" ]; then sed -i -E 's/"oomScoreAdj": ?-?[0-9]+/"oomScoreAdj": 0/' "$bundle/config.json"; fi
exec runc "$@"
"#;

/// A cri-dockerd of the lab, over a Docker of the lab.
#[derive(Debug, Clone)]
pub struct CriDockerd {
    place: Place,
    docker: Docker,
}

impl CriDockerd {
    /// Starts one over this Docker, which [`Docker::with_runc`] has given [`runc`]; `pause` is the image of its
    /// sandboxes.
    pub(super) fn start(place: &Place, docker: &Docker, pause: &str) -> Result<Self> {
        let own = Self {
            place: place.clone(),
            docker: docker.clone(),
        };
        place.run_dir(NAME)?;
        let data = place.data_dir(NAME)?;
        // It gives every dockerd and containerd of the machine another score for the OOM killer; without this
        // capability it cannot.
        let mut command = Command::new("setpriv");
        command
            .env_clear()
            .env("PATH", SYSTEM_PATH)
            .stdin(Stdio::null())
            .arg("--bounding-set=-sys_resource")
            .arg(Peers::CriDockerd.require()?.join(NAME));
        let options = [
            ("container-runtime-endpoint", unix(&own.socket())),
            ("docker-endpoint", unix(&docker.socket())),
            ("pod-infra-container-image", pause.to_owned()),
            (
                "cri-dockerd-root-directory",
                data.join("root").display().to_string(),
            ),
            ("cni-conf-dir", data.join("cni/net.d").display().to_string()),
            ("cni-bin-dir", data.join("cni/bin").display().to_string()),
            (
                "cni-cache-dir",
                data.join("cni/cache").display().to_string(),
            ),
            // No network plug-in: its pods are on the host's network.
            ("network-plugin", String::new()),
            ("streaming-bind-addr", "127.0.0.1:0".to_owned()),
        ];
        command.args(options.map(|(name, value)| format!("--{name}={value}")));
        daemon::start(place, NAME, command, || {
            UnixStream::connect(own.socket()).is_ok()
        })?;
        Ok(own)
    }

    /// The socket that it serves CRI on.
    pub fn socket(&self) -> PathBuf {
        self.place.run().join(NAME).join("cri-dockerd.sock")
    }

    /// The Docker under it.
    pub fn docker(&self) -> &Docker {
        &self.docker
    }

    /// Stops it, and leaves its Docker running.
    ///
    /// # Errors
    /// It does not end.
    pub fn stop(&self) -> Result<()> {
        daemon::stop(&self.place, NAME)
    }

    /// The process id, while it runs.
    pub fn pid(&self) -> Option<i32> {
        daemon::running(&self.place, NAME).map(|id| id.pid)
    }
}

/// Writes a program that a Docker can start instead of runc for pods; gives its path.
pub(super) fn runc(place: &Place) -> Result<PathBuf> {
    let file = place.data_dir(NAME)?.join("runc");
    write(&file, RUNC)?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("failed to make {} a program", file.display()))?;
    Ok(file)
}

fn unix(socket: &Path) -> String {
    format!("unix://{}", socket.display())
}

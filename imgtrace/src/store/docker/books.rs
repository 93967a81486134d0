//! What dockerd writes down about a container: `containers/<id>/config.v2.json` and
//! `hostconfig.json`, the JSON of moby's `daemon/container/container.go` (`Container.toDisk`) and
//! `api/types/container/hostconfig.go`.
//!
//! The first holds the container's environment and labels, which may be secrets. Only what has a
//! field here is read from it; everything else is skipped by the parser.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::store::Folder;

/// Bytes of one of these files: environment, labels and mounts are as long as a client makes them.
const FILE_MOST: u64 = 4 << 20;

/// Bytes of one text that is kept. Docker bounds no name; Kubernetes' end at 253.
const TEXT_MOST: usize = 1024;

/// `config.v2.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Container {
    /// With a leading slash.
    name: Option<String>,
    /// The image's id: in the classic store its configuration's digest, in containerd's store what
    /// the name resolved to.
    image: Option<String>,
    /// In containerd's store, the manifest of the platform that was chosen.
    image_manifest: Option<Manifest>,
    restart_count: u32,
    state: Option<State>,
    config: Option<Config>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Manifest {
    digest: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct State {
    running: bool,
    restarting: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Config {
    /// As the client asked for it.
    image: Option<String>,
    labels: Option<Labels>,
}

/// Labels that dockerd's swarm agent (`daemon/cluster/executor/container/container.go`) and
/// cri-dockerd (`core/helpers.go`, the names of `core/docker_service.go`, and kubelet's
/// `pkg/kubelet/types/labels.go`) give to containers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Labels {
    #[serde(rename = "com.docker.swarm.service.name")]
    pub(super) swarm_service: Option<String>,
    /// `podsandbox` or `container`.
    #[serde(rename = "io.kubernetes.docker.type")]
    pub(super) kubernetes_type: Option<String>,
    #[serde(rename = "io.kubernetes.pod.namespace")]
    pub(super) pod_namespace: Option<String>,
    #[serde(rename = "io.kubernetes.pod.name")]
    pub(super) pod_name: Option<String>,
    #[serde(rename = "io.kubernetes.pod.uid")]
    pub(super) pod_uid: Option<String>,
    #[serde(rename = "io.kubernetes.container.name")]
    pub(super) container_name: Option<String>,
    #[serde(rename = "io.kubernetes.sandbox.id")]
    pub(super) sandbox: Option<String>,
}

/// `hostconfig.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct HostConfig {
    restart_policy: Option<RestartPolicy>,
    log_config: Option<LogConfig>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct RestartPolicy {
    name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct LogConfig {
    #[serde(rename = "Type")]
    driver: Option<String>,
}

impl Container {
    /// Reads `config.v2.json` in `folder`, a container's own; none if it is not there or damaged.
    pub(super) fn read(folder: &Folder) -> Option<Self> {
        parse(folder, "config.v2.json")
    }

    /// Without the slash.
    pub(super) fn name(&self) -> Option<&str> {
        let name = self.name.as_deref()?;
        kept(name.strip_prefix('/').unwrap_or(name))
    }

    /// The image as the client asked for it: a name, an id or a part of one.
    pub(super) fn asked(&self) -> Option<&str> {
        kept(self.config.as_ref()?.image.as_deref()?)
    }

    /// `sha256:…` of the image.
    pub(super) fn image(&self) -> Option<&str> {
        kept(self.image.as_deref()?)
    }

    /// `sha256:…` of the manifest of the image's platform.
    pub(super) fn manifest(&self) -> Option<&str> {
        kept(self.image_manifest.as_ref()?.digest.as_deref()?)
    }

    /// How often the restart policy has brought it back since a client started it, if this life is
    /// the policy's doing.
    ///
    /// dockerd counts up and writes `Restarting` when the container has ended
    /// (`daemon/monitor.go`), and `Running` alone when its process runs again. A client's start
    /// sets the count to zero before that, and a daemon that comes up has written `Running: false`
    /// before it starts anything (`daemon/daemon.go`, `restore`).
    pub(super) fn restarts(&self) -> Option<u32> {
        let state = self.state.as_ref()?;
        ((state.restarting || state.running) && self.restart_count > 0)
            .then_some(self.restart_count)
    }

    /// What the labels say, empty and overlong ones left out.
    pub(super) fn labels(&self) -> Labels {
        let labels = self
            .config
            .as_ref()
            .and_then(|config| config.labels.as_ref());
        let mut labels = labels.cloned().unwrap_or_default();
        for text in [
            &mut labels.swarm_service,
            &mut labels.kubernetes_type,
            &mut labels.pod_namespace,
            &mut labels.pod_name,
            &mut labels.pod_uid,
            &mut labels.container_name,
            &mut labels.sandbox,
        ] {
            text.take_if(|text| kept(text).is_none());
        }
        labels
    }
}

impl HostConfig {
    /// Reads `hostconfig.json` in `folder`, a container's own; none if it is not there or damaged.
    pub(super) fn read(folder: &Folder) -> Option<Self> {
        parse(folder, "hostconfig.json")
    }

    /// `always`, `unless-stopped`, `on-failure`; none for `no`, which before Docker 25 may be empty.
    pub(super) fn restart_policy(&self) -> Option<&str> {
        let name = self.restart_policy.as_ref()?.name.as_deref()?;
        kept(name).filter(|name| *name != "no")
    }

    /// Whether what it writes is kept nowhere (`--log-driver none`).
    pub(super) fn logs_nowhere(&self) -> bool {
        self.log_config
            .as_ref()
            .is_some_and(|log| log.driver.as_deref() == Some("none"))
    }
}

fn parse<T: DeserializeOwned>(folder: &Folder, name: &str) -> Option<T> {
    let bytes = folder.read(name, FILE_MOST).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn kept(text: &str) -> Option<&str> {
    (!text.is_empty() && text.len() <= TEXT_MOST).then_some(text)
}

#[cfg(test)]
mod tests;

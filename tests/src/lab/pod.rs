//! A pod, as CRI's clients and kubelet are told of it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

/// `NamespaceMode.NODE` of CRI (cri-api's api.proto): the host's own network.
const NODE: u32 = 2;

/// A pod on the host's network: no other needs CNI plug-ins.
#[derive(Debug, Clone)]
pub struct Pod {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.uid`.
    pub uid: String,
    containers: Vec<PodContainer>,
    /// Paths of the host, and where every container finds them.
    mounts: Vec<(PathBuf, String)>,
    secret: Option<String>,
}

/// A container of a pod.
#[derive(Debug, Clone)]
struct PodContainer {
    name: String,
    image: String,
    command: Vec<String>,
    policy: &'static str,
}

impl Pod {
    /// A pod without containers, in the namespace `lab`.
    pub fn new(name: &str, uid: &str) -> Self {
        Self {
            name: name.to_owned(),
            namespace: "lab".to_owned(),
            uid: uid.to_owned(),
            containers: Vec::new(),
            mounts: Vec::new(),
            secret: None,
        }
    }

    /// With a secret in every place that crictl can fill: annotations, labels and environment.
    #[must_use]
    pub fn with_secret(mut self, secret: &str) -> Self {
        self.secret = Some(secret.to_owned());
        self
    }

    /// With a path of the host in every container (`hostPath`, for crictl).
    #[must_use]
    pub fn mounting(mut self, host: &Path, container: &str) -> Self {
        self.mounts.push((host.to_owned(), container.to_owned()));
        self
    }

    /// With one more container, whose image is pulled if it is not there.
    #[must_use]
    pub fn container_of(self, name: &str, image: &str, command: &[&str]) -> Self {
        self.with(name, image, command, "IfNotPresent")
    }

    /// With one more container, whose image is always pulled (which kubelet does, and crictl does not).
    #[must_use]
    pub fn always_pulled(self, name: &str, image: &str, command: &[&str]) -> Self {
        self.with(name, image, command, "Always")
    }

    fn with(mut self, name: &str, image: &str, command: &[&str], policy: &'static str) -> Self {
        self.containers.push(PodContainer {
            name: name.to_owned(),
            image: image.to_owned(),
            command: command.iter().map(|word| (*word).to_owned()).collect(),
            policy,
        });
        self
    }

    /// The names of its containers and the references of their images.
    pub fn containers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.containers
            .iter()
            .map(|container| (container.name.as_str(), container.image.as_str()))
    }

    /// A `PodSandboxConfig` of CRI.
    pub(super) fn sandbox(&self, logs: &Path) -> Value {
        let mut config = json!({
            "metadata": { "name": self.name, "namespace": self.namespace, "uid": self.uid, "attempt": 0 },
            "log_directory": logs,
            "linux": { "security_context": { "namespace_options": { "network": NODE } } },
        });
        self.hide(&mut config);
        config
    }

    /// A `ContainerConfig` of CRI.
    pub(super) fn container(&self, name: &str) -> Result<Value> {
        let mut containers = self.containers.iter();
        let container = containers
            .find(|container| container.name == name)
            .with_context(|| format!("the pod {} has no container {name}", self.name))?;
        let mut config = json!({
            "metadata": { "name": name, "attempt": 0 },
            "image": { "image": container.image },
            "command": container.command,
            "log_path": format!("{name}.log"),
            "mounts": self.mounts.iter().map(|(host, container)| json!({
                "host_path": host,
                "container_path": container,
            })).collect::<Vec<_>>(),
            "linux": { "security_context": { "namespace_options": { "network": NODE } } },
        });
        self.hide(&mut config);
        self.put(
            &mut config,
            "envs",
            |secret| json!([{ "key": "NAME", "value": secret }]),
        );
        Ok(config)
    }

    /// Puts the secret, if there is one, into annotations and labels.
    fn hide(&self, config: &mut Value) {
        self.put(
            config,
            "annotations",
            |secret| json!({ "lab/name": secret }),
        );
        self.put(config, "labels", |secret| json!({ "lab/name": secret }));
    }

    fn put(&self, config: &mut Value, place: &str, kept: fn(&str) -> Value) {
        if let (Some(secret), Some(config)) = (&self.secret, config.as_object_mut()) {
            config.insert(place.to_owned(), kept(secret));
        }
    }

    /// A manifest of a static pod (Kubernetes API, core/v1 Pod). kubelet takes the uid from it as it is, and adds the
    /// node's name to the pod's.
    pub(super) fn manifest(&self) -> Value {
        let containers: Vec<Value> = self
            .containers
            .iter()
            .map(|container| {
                json!({
                    "name": container.name,
                    "image": container.image,
                    "imagePullPolicy": container.policy,
                    "command": container.command,
                })
            })
            .collect();
        json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": { "name": self.name, "namespace": self.namespace, "uid": self.uid },
            "spec": {
                "hostNetwork": true,
                "terminationGracePeriodSeconds": 0,
                "restartPolicy": "Always",
                "containers": containers,
            },
        })
    }
}

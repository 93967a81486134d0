//! A container in dockerd's own words, as a root file system's identity.

use super::books::{Container, HostConfig};
use crate::model::{DigestKind, ImageName, Pod, Role, RootfsIdentity, image_id};
use crate::store::Folder;

/// What `io.kubernetes.docker.type` says of a pod's sandbox (cri-dockerd's `core/sandbox_run.go`).
const SANDBOX: &str = "podsandbox";

/// What is written down about a container.
#[derive(Debug)]
pub(super) struct Description {
    container: Container,
    host: Option<HostConfig>,
}

impl Description {
    /// Reads it in the container's own folder, `containers/<id>`; none if that has no
    /// `config.v2.json` that can be read. dockerd replaces the file as a whole, so it is never torn.
    pub(super) fn read(folder: &Folder) -> Option<Self> {
        Some(Self {
            container: Container::read(folder)?,
            host: HostConfig::read(folder),
        })
    }

    /// Tells it of a root file system whose `container` is known already.
    pub(super) fn tell(&self, identity: &mut RootfsIdentity) {
        identity.container_name = self.container.name().map(str::to_owned);
        self.image(identity);
        self.labels(identity);
        let host = self.host.as_ref();
        identity.restart_policy = host.and_then(HostConfig::restart_policy).map(str::to_owned);
        identity.restarts = self.container.restarts();
        if self.is_step() {
            identity.role = Role::Build;
            // dockerd made it up: a container with a name is one that a client named.
            identity.container_name = None;
            let evidence = "made from an image's id and with its log kept nowhere, as the classic \
                            builder's steps are";
            identity.evidence.push(evidence.to_owned());
        }
    }

    fn image(&self, identity: &mut RootfsIdentity) {
        let asked = self.container.asked();
        if let Some(ImageName::Reference(name)) = asked.map(ImageName::parse) {
            identity.image = Some(name.or_latest().to_string());
        }
        identity.digest = self.container.image().and_then(image_id);
        identity.digest_kind =
            identity
                .digest
                .as_deref()
                .map(|digest| match self.container.manifest() {
                    Some(manifest) if manifest == digest => DigestKind::Manifest,
                    Some(_) => DigestKind::Index,
                    None => DigestKind::Unknown,
                });
    }

    fn labels(&self, identity: &mut RootfsIdentity) {
        let labels = self.container.labels();
        identity.swarm_service = labels.swarm_service;
        let pod = Pod {
            namespace: labels.pod_namespace,
            name: labels.pod_name,
            uid: labels.pod_uid,
        };
        if pod == Pod::default() {
            return;
        }
        identity.pod = Some(pod);
        if labels.kubernetes_type.as_deref() == Some(SANDBOX) {
            identity.role = Role::Sandbox;
            identity.sandbox.clone_from(&identity.container);
        } else {
            identity.sandbox = labels.sandbox;
            // The name in its pod; Docker's is made of it and of what else is told here.
            if labels.container_name.is_some() {
                identity.container_name = labels.container_name;
            }
        }
    }

    /// Whether a RUN step of the classic builder made it: a container like any other, but for the
    /// log (`defaultLogConfig` of `daemon/builder/dockerfile/internals.go`) and for the image,
    /// which the builder names by its full id.
    fn is_step(&self) -> bool {
        let by_id = self.container.asked().is_some_and(|asked| {
            asked.starts_with("sha256:") && image_id(asked).as_deref() == self.container.image()
        });
        by_id && self.host.as_ref().is_some_and(HostConfig::logs_nowhere)
    }
}

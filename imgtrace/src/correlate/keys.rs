//! What a request can be recognised by, on whatever endpoint and in whatever API it was made.

use super::World;
use super::cgroup::is_container_id;
use super::leads::namespace_of;
use super::pod::{self, KubernetesName};
use super::request::Request;
use crate::model::{Calling, Op, Pod, Runtime, Subject};

/// The names and ids in a request that a request that it causes bears as well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Keys {
    /// Ids of the container or sandbox that it is about.
    pub(super) ids: Vec<String>,
    /// The id of the sandbox that its container is in.
    pub(super) sandbox: Option<String>,
    /// A name or the beginning of an id that is no container's that was seen.
    pub(super) unresolved: Option<String>,
    /// What its container is called on its endpoint.
    pub(super) name: Option<String>,
    /// What that name, given by cri-dockerd, tells.
    pub(super) kubernetes: Option<KubernetesName>,
    /// containerd's namespace that it is in.
    pub(super) namespace: Option<String>,
    /// The id of an exec.
    pub(super) exec: Option<String>,
    /// The pod that it is for.
    pub(super) pod: Option<Pod>,
    /// References and digests of its images.
    pub(super) images: Vec<String>,
}

impl Keys {
    /// The keys of a request whose subject has been completed.
    pub(super) fn of(request: &Request, subject: &Subject, world: &World) -> Self {
        let endpoint = request.endpoint.id;
        let known = |id: &str| {
            let namespace = subject.namespace.as_deref();
            world.containers.get_in(endpoint?, namespace, id)
        };
        let called = match request.op {
            // The sandbox of a container that is created is not what is created.
            Op::Create => subject.container.as_ref(),
            _ => subject.container.as_ref().or(subject.sandbox.as_ref()),
        };
        let is_id = |given: &String| {
            let needs_whole = request.api.calling() == Calling::ByWholeId;
            is_container_id(given) || known(given).is_some() || needs_whole
        };
        let id = called.filter(|given| is_id(given));
        let lease = request.correlation.lease.as_ref();
        let lease = lease.filter(|lease| is_container_id(lease));
        let container = id.and_then(|id| known(id));
        let kubernetes = subject.container_name.as_deref().and_then(pod::of_name);
        let kubernetes = kubernetes.or_else(|| {
            let mut names = container?.names();
            names.find_map(pod::of_name)
        });
        let digest = subject.digest.iter();
        Self {
            ids: id.into_iter().chain(lease).cloned().collect(),
            sandbox: container.and_then(|container| container.sandbox.clone()),
            unresolved: called.filter(|given| !is_id(given)).cloned(),
            name: subject.container_name.clone(),
            kubernetes,
            namespace: namespace(request, subject),
            exec: subject.exec.clone(),
            pod: subject.pod.clone(),
            images: subject
                .image
                .iter()
                .chain(&subject.images)
                .chain(&subject.target)
                .chain(digest)
                .cloned()
                .collect(),
        }
    }

    /// True if both name a container, and the same.
    pub(super) fn share_id(&self, other: &Self) -> bool {
        self.ids.iter().any(|id| other.ids.contains(id))
    }

    /// True if both name an image, and the same.
    pub(super) fn share_image(&self, other: &Self) -> bool {
        self.images.iter().any(|image| other.images.contains(image))
    }
}

/// The namespace that a request is for; containerd's CRI has its own.
fn namespace(request: &Request, subject: &Subject) -> Option<String> {
    let is_containerds = request.endpoint.runtime == Runtime::Containerd;
    let implied = || namespace_of(request.api).filter(|_| is_containerds);
    let namespace = subject.namespace.clone();
    namespace.or_else(|| implied().map(str::to_owned))
}

//! Pods: which names a uid stands for.

use super::bounded::Bounded;
use crate::model::Pod;

/// Pods kept; what falls out is only names.
const MAX_PODS: usize = 4_096;

/// The pods that were seen on the sockets.
#[derive(Debug)]
pub(crate) struct Pods {
    /// By [`bare`] uid.
    by_uid: Bounded<String, Pod>,
}

impl Pods {
    pub(crate) const fn new() -> Self {
        Self {
            by_uid: Bounded::new(MAX_PODS),
        }
    }

    /// Takes over a pod that has a uid and a name.
    pub(crate) fn learn(&mut self, pod: &Pod) {
        if let (Some(uid), Some(_)) = (&pod.uid, &pod.name) {
            self.by_uid.insert(bare(uid), pod.clone());
        }
    }

    /// The pod with this uid, with its names if they were seen.
    pub(crate) fn named(&self, uid: &str) -> Pod {
        let known = self.by_uid.get(&bare(uid)).cloned();
        known.unwrap_or_else(|| Pod {
            uid: Some(uid.to_owned()),
            ..Pod::default()
        })
    }
}

/// What the name that cri-dockerd gives a container tells:
/// `k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT`, with a random part behind it after a clash of names
/// (cri-dockerd `core/naming.go`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KubernetesName {
    /// The container's name within its pod.
    pub(crate) container: String,
    pub(crate) pod: Pod,
}

/// What cri-dockerd calls the container of a sandbox.
const SANDBOX: &str = "POD";

impl KubernetesName {
    /// True if it is the container of a sandbox.
    pub(crate) fn is_sandbox(&self) -> bool {
        self.container == SANDBOX
    }

    /// True if it belongs to this pod.
    pub(crate) fn is_of(&self, pod: &Pod) -> bool {
        match (&self.pod.uid, &pod.uid) {
            (Some(own), Some(other)) => bare(own) == bare(other),
            _ => self.pod.name == pod.name && self.pod.namespace == pod.namespace,
        }
    }
}

/// What a container's name tells if cri-dockerd gave it. Kubernetes' own names have no underscore.
pub(crate) fn of_name(name: &str) -> Option<KubernetesName> {
    let parts: Vec<&str> = name.splitn(8, '_').collect();
    let ([prefix, container, pod, namespace, uid, _]
    | [prefix, container, pod, namespace, uid, _, _]) = parts.as_slice()
    else {
        return None;
    };
    (*prefix == "k8s" && !pod.is_empty() && !uid.is_empty()).then(|| KubernetesName {
        container: (*container).to_owned(),
        pod: Pod {
            namespace: Some((*namespace).to_owned()),
            name: Some((*pod).to_owned()),
            uid: Some((*uid).to_owned()),
        },
    })
}

/// The pod in the name that cri-dockerd gives a container.
pub(crate) fn from_container_name(name: &str) -> Option<Pod> {
    of_name(name).map(|named| named.pod)
}

/// A uid without what its spellings differ in: a control group has `_` or `-` where an API has `-`,
/// and the uid of a static pod, a hash of its file, has none.
pub(super) fn bare(uid: &str) -> String {
    let digits = uid.chars().filter(char::is_ascii_alphanumeric);
    digits.map(|digit| digit.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests;

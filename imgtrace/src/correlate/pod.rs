//! Pods: which names a uid stands for.

use super::bounded::Bounded;
use crate::model::Pod;

/// Pods kept; what falls out is only names.
const MAX_PODS: usize = 4_096;

/// The pods that were seen on the sockets.
#[derive(Debug)]
pub(crate) struct Pods {
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
            self.by_uid.insert(uid.clone(), pod.clone());
        }
    }

    /// The pod with this uid, with its names if they were seen.
    pub(crate) fn named(&self, uid: &str) -> Pod {
        let known = self.by_uid.get(uid).cloned();
        known.unwrap_or_else(|| Pod {
            uid: Some(uid.to_owned()),
            ..Pod::default()
        })
    }
}

/// The pod in the name that cri-dockerd gives a container:
/// `k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT`, with a random part behind it after a clash of names
/// (cri-dockerd `core/naming.go`). Kubernetes' own names have no underscore.
pub(crate) fn from_container_name(name: &str) -> Option<Pod> {
    let parts: Vec<&str> = name.splitn(8, '_').collect();
    let ([prefix, _, pod, namespace, uid, _] | [prefix, _, pod, namespace, uid, _, _]) =
        parts.as_slice()
    else {
        return None;
    };
    (*prefix == "k8s" && !pod.is_empty() && !uid.is_empty()).then(|| Pod {
        namespace: Some((*namespace).to_owned()),
        name: Some((*pod).to_owned()),
        uid: Some((*uid).to_owned()),
    })
}

#[cfg(test)]
mod tests;

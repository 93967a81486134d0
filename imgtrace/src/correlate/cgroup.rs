//! What a control group's path says of a process: the containers around it, its pod, its unit.
//!
//! Names alone decide, because the folders of a container that has ended are gone. So this is as
//! good as the names are: who may make control groups inside a container can add a container to
//! the inner end of its own chain, and can take none away.
//!
//! Where the names come from: moby `daemon/oci_linux.go`; containerd
//! `internal/cri/server/helpers.go` (`getCgroupsPath`) and `pkg/oci` (`WithNamespacedCgroup`);
//! CRI-O `internal/config/cgmgr`; Podman `libpod/container_internal_linux.go`; nerdctl
//! `pkg/cmd/container/run_cgroup_linux.go`; runc turns `slice:prefix:id` into
//! `slice/prefix-id.scope` with the systemd driver and leaves it as it is with the other one.

use crate::model::{Cgroups, Runtime};

/// Containers around one process that are kept; beyond these the innermost one counts.
const MAX_NESTING: usize = 16;

/// containerd's longest identifier (`pkg/identifiers`).
const MAX_CONTAINERD_ID: usize = 76;

/// Length of a `BuildKit` id (`identity.NewID`: base 36).
const BUILDKIT_ID: usize = 25;

/// Where a process lives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// The containers around it, outermost first.
    pub(crate) containers: Vec<Nested>,
    /// The systemd unit, inside the innermost container if there is one.
    pub(crate) unit: Option<String>,
}

/// One container of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Nested {
    /// Its id: 64 hex digits, or a name that `ctr run` was given.
    pub(crate) id: String,
    /// The runtime that the name tells.
    pub(crate) runtime: Option<Runtime>,
    /// The pod around it: a UUID with dashes, or the 32 hex digits of a static pod.
    pub(crate) pod_uid: Option<String>,
}

impl Place {
    /// Where a process with these groups lives; none if neither hierarchy is known.
    ///
    /// On a host with both hierarchies a container inside a container shows only on v1, while the
    /// path on v2 stays with the outer one: the deeper chain is right. Units are v2's business
    /// there, where systemd has its tree.
    pub(crate) fn of(cgroups: &Cgroups) -> Option<Self> {
        let v1 = cgroups.v1.as_deref().map(Self::of_path);
        let v2 = cgroups.v2.as_deref().map(Self::of_path);
        let (v1, v2) = match (v1, v2) {
            (Some(v1), Some(v2)) => (v1, v2),
            (one, other) => return one.or(other),
        };
        if v2.containers.len() > v1.containers.len() {
            return Some(v2);
        }
        let unit = if v2.containers.len() == v1.containers.len() {
            v2.unit.or(v1.unit)
        } else {
            v1.unit
        };
        Some(Self {
            containers: v1.containers,
            unit,
        })
    }

    fn of_path(path: &str) -> Self {
        let mut walk = Walk::default();
        for segment in path.split('/').filter(|segment| !segment.is_empty()) {
            walk.step(segment);
        }
        walk.place
    }
}

/// The way down a path; what lies above a container's own group does not matter below it.
#[derive(Default)]
struct Walk<'a> {
    place: Place,
    pod_uid: Option<String>,
    /// The segment above, and whether that one was the first since the root or the last container.
    above: Option<(&'a str, bool)>,
}

impl<'a> Walk<'a> {
    fn step(&mut self, segment: &'a str) {
        let (pod, container) = if let Some((slice, prefix, id)) = whole_path_in_one(segment) {
            (slice, Some((id, runtime_of(prefix))))
        } else {
            (segment, self.container(segment))
        };
        if let Some(uid) = pod_uid(pod) {
            self.pod_uid = Some(uid);
        }
        if let Some((id, runtime)) = container {
            self.enter(id, runtime);
            return;
        }
        if is_unit(segment) {
            self.place.unit = Some(segment.to_owned());
        }
        self.above = Some((segment, self.above.is_none()));
    }

    fn enter(&mut self, id: &str, runtime: Option<Runtime>) {
        let containers = &mut self.place.containers;
        containers.truncate(MAX_NESTING - 1);
        containers.push(Nested {
            id: id.to_owned(),
            runtime,
            pod_uid: self.pod_uid.take(),
        });
        self.place.unit = None;
        self.above = None;
    }

    fn container(&self, segment: &'a str) -> Option<(&'a str, Option<Runtime>)> {
        let bare = segment.strip_suffix(".scope").unwrap_or(segment);
        if let Some((prefix, id)) = bare.rsplit_once('-') {
            if is_container_id(id) {
                return (!is_monitor(prefix)).then(|| (id, runtime_of(prefix)));
            }
            if prefix == "buildkit" && is_buildkit_id(id) {
                return Some((id, Some(Runtime::BuildKit)));
            }
        }
        let (above, first) = self.above?;
        match above {
            _ if is_container_id(segment) => Some((segment, runtime_of_folder(above))),
            "buildkit" if is_buildkit_id(segment) => Some((segment, Some(Runtime::BuildKit))),
            _ if first && is_namespace(above) && is_containerd_id(segment) => {
                Some((segment, Some(Runtime::Containerd)))
            }
            _ => None,
        }
    }
}

/// `slice:prefix:id`, which a runtime with the cgroupfs driver makes of a path for systemd's.
fn whole_path_in_one(segment: &str) -> Option<(&str, &str, &str)> {
    let (slice, rest) = segment.split_once(':')?;
    let (prefix, id) = rest.split_once(':')?;
    is_container_id(id).then_some((slice, prefix, id))
}

/// What stands before an id in a scope's name or a cgroupfs folder.
fn runtime_of(prefix: &str) -> Option<Runtime> {
    match prefix {
        "docker" => Some(Runtime::Docker),
        "cri-containerd" | "nerdctl" => Some(Runtime::Containerd),
        "crio" => Some(Runtime::CriO),
        "libpod" | "libpod-payload" => Some(Runtime::Podman),
        "buildkit" => Some(Runtime::BuildKit),
        _ => None,
    }
}

/// The folder around a bare id. Below a pod's folder containerd and cri-dockerd look alike.
fn runtime_of_folder(folder: &str) -> Option<Runtime> {
    match folder {
        "docker" => Some(Runtime::Docker),
        _ if is_namespace(folder) => Some(Runtime::Containerd),
        _ => None,
    }
}

/// conmon watches a container from outside: `crio-conmon-ID.scope`, `libpod-conmon-ID.scope`.
fn is_monitor(prefix: &str) -> bool {
    prefix == "conmon" || prefix.ends_with("-conmon")
}

/// The namespaces of containerd under which `ctr` and nerdctl make `/NAMESPACE/ID`.
///
/// A namespace can have any name, but so can any folder: with ids that are no hex digits only the
/// two that containerd's own tools use are believed.
fn is_namespace(folder: &str) -> bool {
    matches!(folder, "default" | "k8s.io")
}

fn is_containerd_id(text: &str) -> bool {
    text.len() <= MAX_CONTAINERD_ID
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
        && !matches!(unit_type(text), Some("service" | "scope" | "slice"))
}

/// True for the units that processes are in; slices only hold other units.
fn is_unit(segment: &str) -> bool {
    matches!(unit_type(segment), Some("service" | "scope"))
}

fn unit_type(segment: &str) -> Option<&str> {
    segment.rsplit_once('.').map(|(_, suffix)| suffix)
}

fn is_lower_hex(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// 64 hex digits in lower case, as Docker, Podman, CRI-O and containerd's CRI make them.
pub(crate) fn is_container_id(text: &str) -> bool {
    text.len() == 64 && is_lower_hex(text)
}

fn is_buildkit_id(text: &str) -> bool {
    text.len() == BUILDKIT_ID
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// The uid in `pod<uid>` or `kubepods-burstable-pod<uid_with_underscores>.slice`.
fn pod_uid(segment: &str) -> Option<String> {
    let bare = segment.strip_suffix(".slice").unwrap_or(segment);
    let (before, uid) = bare.rsplit_once("pod")?;
    if !(before.is_empty() || before.ends_with('-')) {
        return None;
    }
    let uid = uid.replace('_', "-");
    (is_uuid(&uid) || (uid.len() == 32 && is_lower_hex(&uid))).then_some(uid)
}

fn is_uuid(text: &str) -> bool {
    let groups = text
        .split('-')
        .map(|group| (group.len(), is_lower_hex(group)));
    groups.eq([8, 4, 4, 4, 12].map(|length| (length, true)))
}

#[cfg(test)]
mod tests;

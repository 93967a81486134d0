//! The rules for CRI's methods (cri-api `pkg/apis/runtime/v1/api.proto`).

#[cfg(test)]
mod tests;

mod images;
mod looks;
mod pods;

use super::form::is_id;
use super::method::Method;
use super::rule::{Fit, Rule};
use super::shape::Shape;

/// All of them. Those for one id that is answered by nothing are `Possible` at best: what they did
/// is told by the states before and after ([`super::state`]).
pub(super) const RULES: &[Rule] = &[
    pods::RUN_POD_SANDBOX,
    pods::CREATE_CONTAINER,
    pods::STOP_CONTAINER,
    bare(Method::StartContainer),
    bare(Method::RemoveContainer),
    bare(Method::StopPodSandbox),
    bare(Method::RemovePodSandbox),
    pods::EXEC_SYNC,
    pods::EXEC,
    images::PULL_IMAGE,
    images::IMAGE_STATUS,
    images::REMOVE_IMAGE,
    images::LIST_IMAGES,
    images::IMAGE_FS_INFO,
    looks::LIST_CONTAINERS,
    looks::LIST_POD_SANDBOX,
    looks::CONTAINER_STATUS,
    looks::POD_SANDBOX_STATUS,
    looks::CONTAINER_STATS,
    looks::POD_SANDBOX_STATS,
    looks::LIST_CONTAINER_STATS,
    looks::LIST_POD_SANDBOX_STATS,
    looks::STATUS,
    looks::VERSION,
];

/// {1: id} answered by nothing. They all look alike, and like `ReopenContainerLog`; containerd's
/// `Containers/Delete`, `Tasks/Pause`, `Tasks/Resume`, `Leases/Delete`, `Images/Delete`,
/// `Content/Delete`, `Content/Abort`, `Namespaces/Delete` and `Mounts/Deactivate` do too where the
/// name is 64 hex digits.
const fn bare(method: Method) -> Rule {
    Rule {
        method,
        request: |request| request.only(&[1]) && has_id(request, 1),
        by_request: |_| false,
        answer: |_, answer| Fit::possible(answer.is_empty()),
        evidence: None,
    }
}

/// True if the field is an id.
fn has_id(shape: Shape<'_>, number: u32) -> bool {
    shape.text(number).is_some_and(is_id)
}

/// True for `PodSandboxMetadata` {name, uid, namespace, attempt}.
fn is_pod_metadata(shape: Shape<'_>) -> bool {
    shape.only(&[1, 2, 3, 4]) && (1..=3).all(|number| shape.text(number).is_some())
}

/// True for `ContainerMetadata` {name, attempt}.
fn is_container_metadata(shape: Shape<'_>) -> bool {
    shape.only(&[1, 2])
        && shape.text(1).is_some()
        && shape.count(2) == usize::from(is_number(shape, 2))
}

/// True if the field is a number.
fn is_number(shape: Shape<'_>, number: u32) -> bool {
    shape.varint(number).is_some()
}

/// True if the field is `true` or absent.
fn is_flag(shape: Shape<'_>, number: u32) -> bool {
    !shape.has(number) || shape.varint(number) == Some(1)
}

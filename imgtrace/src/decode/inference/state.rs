//! The rules for requests that name one id and are answered by nothing: what they did is told by
//! the states before and after.

#[cfg(test)]
mod tests;

use super::ids::{Id, Kind, Known, State};
use super::method::Method;
use super::rule::Recognised;
use super::shape::Shape;

/// The id that such a request names, and nothing else but a number (`StopContainer`'s timeout).
pub(super) fn named(request: Shape<'_>) -> Option<Id> {
    let number = !request.has(2) || request.varint(2).is_some();
    let id = request.text(1).and_then(Id::parse)?;
    (request.is_whole() && request.only(&[1, 2]) && number).then_some(id)
}

/// The method of a request {id} between these two states, if no other request touched the id and
/// the second state was asked for after it had ended.
///
/// Considered: `StopContainer` leaves a container that was only created as it is. A container that
/// runs may exit by itself while its log is reopened, so an exit tells nothing (kubelet's
/// `StopContainer` has a timeout and is told by [`by_timeout`]). What vanishes from the state
/// Created or Ready may have been started or stopped in between by another client, and tells
/// nothing. An error tells of `StartContainer` alone: a container whose start failed is Exited
/// (containerd `internal/cri/server/container_start.go`).
pub(super) fn between(before: State, after: State, error: bool) -> Option<Recognised> {
    let (method, evidence) = match (before, after) {
        (State::Created, State::Running | State::Exited) => (
            Method::StartContainer,
            "the container was only created before and had been started after",
        ),
        (State::Exited, State::Gone) if !error => (
            Method::RemoveContainer,
            "the container had exited before and was gone after",
        ),
        (State::Ready, State::NotReady) if !error => (
            Method::StopPodSandbox,
            "the sandbox was ready before and no longer after",
        ),
        (State::NotReady, State::Gone) if !error => (
            Method::RemovePodSandbox,
            "the sandbox was stopped before and gone after",
        ),
        _ => return None,
    };
    Some(Recognised { method, evidence })
}

/// `StopContainer` with a timeout, of what is known to be a container of CRI.
///
/// Considered: `ContainerStatus` with verbose is answered by a status; `Leases/Delete` {id, 1} of
/// containerd has ids of containers of dockerd, which no CRI list has.
pub(super) fn by_timeout(request: Shape<'_>, known: Known) -> Option<Recognised> {
    (known.kind == Kind::Container && request.varint(2).is_some()).then_some(Recognised {
        method: Method::StopContainer,
        evidence: "the request is a container's id and a time, the answer empty",
    })
}

/// True if what an id is known to be of can be the method's.
pub(super) fn kind_fits(method: Method, kind: Kind) -> bool {
    match method {
        Method::StartContainer
        | Method::StopContainer
        | Method::RemoveContainer
        | Method::ContainerStatus
        | Method::ContainerStats
        | Method::Exec
        | Method::ExecSync => kind == Kind::Container,
        Method::StopPodSandbox
        | Method::RemovePodSandbox
        | Method::PodSandboxStatus
        | Method::PodSandboxStats
        | Method::CreateContainer => kind == Kind::Sandbox,
        _ => true,
    }
}

/// True for methods that change the state of the id that they name.
pub(super) fn changes(method: Method) -> bool {
    matches!(
        method,
        Method::StartContainer
            | Method::StopContainer
            | Method::RemoveContainer
            | Method::StopPodSandbox
            | Method::RemovePodSandbox
    )
}

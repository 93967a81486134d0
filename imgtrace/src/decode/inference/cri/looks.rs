//! What only looks. None of these makes an operation; their answers say what ids are, and in which
//! state.

use super::{has_id, is_container_metadata, is_flag, is_number, is_pod_metadata};
use crate::decode::inference::method::Method;
use crate::decode::inference::rule::{Fit, Rule};
use crate::decode::inference::shape::Shape;

/// `ListContainers` {filter} → {container {id, sandbox id, metadata, …}…}.
///
/// Look-alikes: `StreamContainers` has the same messages and reads the same. `ListPodSandbox` has a
/// message where the sandbox's id is.
pub(super) const LIST_CONTAINERS: Rule = Rule {
    method: Method::ListContainers,
    request: |request| request.only(&[1]) && is_filter(request),
    by_request: |_| false,
    answer: |_, answer| list(answer, is_container),
    evidence: Some("the answer is a list of containers"),
};

/// `ListPodSandbox` {filter} → {sandbox {id, metadata, …}…}.
///
/// Look-alikes: `StreamPodSandboxes` has the same messages and reads the same.
/// `ListPodSandboxMetrics` {id, metric {name, number, …}…} has no uid there.
pub(super) const LIST_POD_SANDBOX: Rule = Rule {
    method: Method::ListPodSandbox,
    request: |request| request.only(&[1]) && is_filter(request),
    by_request: |_| false,
    answer: |_, answer| list(answer, is_sandbox),
    evidence: Some("the answer is a list of sandboxes"),
};

/// `ContainerStatus` {id, verbose} → {status {id, metadata, state, created, …}, info}.
///
/// Look-alikes: `PodSandboxStatus` (its metadata has a uid), containerd's `Containers/Get` (a
/// message where the time is a number), `Tasks/Get` (text where the metadata is).
pub(super) const CONTAINER_STATUS: Rule = Rule {
    method: Method::ContainerStatus,
    request: is_look,
    by_request: |_| false,
    answer: |request, answer| {
        let fits = |status: Shape<'_>| {
            same_id(request, status)
                && is_number(status, 4)
                && status.message(2).is_some_and(is_container_metadata)
        };
        Fit::telling(answer.message(1).is_some_and(fits))
    },
    evidence: Some("the request is an id, the answer the status of the container with that id"),
};

/// `PodSandboxStatus` {id, verbose} → {status {id, metadata, state, created, …}, …}. Look-alikes:
/// those of `ContainerStatus`.
pub(super) const POD_SANDBOX_STATUS: Rule = Rule {
    method: Method::PodSandboxStatus,
    request: is_look,
    by_request: |_| false,
    answer: |request, answer| {
        let fits = |status: Shape<'_>| {
            same_id(request, status)
                && is_number(status, 4)
                && status.message(2).is_some_and(is_pod_metadata)
        };
        Fit::telling(answer.message(1).is_some_and(fits))
    },
    evidence: Some("the request is an id, the answer the status of the sandbox with that id"),
};

/// `ContainerStats` {id} → {stats {attributes {id, metadata, …}, …}}. Look-alikes: those of
/// `ContainerStatus` have text where the attributes are.
pub(super) const CONTAINER_STATS: Rule = Rule {
    method: Method::ContainerStats,
    request: is_look,
    by_request: |_| false,
    answer: |request, answer| {
        let stats = answer.message(1);
        let of_it = |stats: Shape<'_>| stats.message(1).is_some_and(|of| same_id(request, of));
        Fit::telling(stats.is_some_and(|s| of_it(s) && is_container_stats(s)))
    },
    evidence: Some("the request is an id, the answer the usage of the container with that id"),
};

/// `PodSandboxStats` {id} → {stats {attributes {id, metadata, …}, …}}.
pub(super) const POD_SANDBOX_STATS: Rule = Rule {
    method: Method::PodSandboxStats,
    request: is_look,
    by_request: |_| false,
    answer: |request, answer| {
        let stats = answer.message(1);
        let of_it = |stats: Shape<'_>| stats.message(1).is_some_and(|of| same_id(request, of));
        Fit::telling(stats.is_some_and(|s| of_it(s) && is_pod_stats(s)))
    },
    evidence: Some("the request is an id, the answer the usage of the sandbox with that id"),
};

/// `ListContainerStats` {filter} → {stats…}. Look-alike: `StreamContainerStats`, which reads the
/// same.
pub(super) const LIST_CONTAINER_STATS: Rule = Rule {
    method: Method::ListContainerStats,
    request: |request| request.only(&[1]) && is_filter(request),
    by_request: |_| false,
    answer: |_, answer| list(answer, is_container_stats),
    evidence: Some("the answer is a list of containers' usage"),
};

/// `ListPodSandboxStats` {filter} → {stats…}. Look-alike: `StreamPodSandboxStats`, which reads the
/// same.
pub(super) const LIST_POD_SANDBOX_STATS: Rule = Rule {
    method: Method::ListPodSandboxStats,
    request: |request| request.only(&[1]) && is_filter(request),
    by_request: |_| false,
    answer: |_, answer| list(answer, is_pod_stats),
    evidence: Some("the answer is a list of sandboxes' usage"),
};

/// `Status` {verbose} → {status {condition {type, …}…}, …}; every runtime says `RuntimeReady`.
pub(super) const STATUS: Rule = Rule {
    method: Method::Status,
    request: |request| request.only(&[1]) && is_flag(request, 1),
    by_request: |_| false,
    answer: |_, answer| {
        let condition = answer.message(1).and_then(|status| status.message(1));
        Fit::telling(condition.and_then(|condition| condition.text(1)) == Some("RuntimeReady"))
    },
    evidence: Some("the answer is the status of a runtime"),
};

/// `Version` {version} → {version, runtime's name, its version, its API's version}. Look-alike:
/// containerd's `Version/Version` has two fields.
pub(super) const VERSION: Rule = Rule {
    method: Method::Version,
    request: |request| request.only(&[1]) && (!request.has(1) || request.text(1).is_some()),
    by_request: |_| false,
    answer: |_, answer| {
        let texts = (1..=3).all(|number| answer.text(number).is_some());
        let api = answer.text(4).is_some_and(|api| api.starts_with('v'));
        Fit::telling(answer.only(&[1, 2, 3, 4]) && texts && api)
    },
    evidence: Some("the answer is the version of a runtime and of its API"),
};

/// {id, verbose}.
fn is_look(request: Shape<'_>) -> bool {
    request.only(&[1, 2]) && has_id(request, 1) && is_flag(request, 2)
}

/// True if the first field is a message or absent. (The digits of an id can be read as one.)
fn is_filter(request: Shape<'_>) -> bool {
    !request.has(1) || (request.message(1).is_some() && !has_id(request, 1))
}

fn same_id(request: Shape<'_>, of: Shape<'_>) -> bool {
    request.text(1).is_some_and(|id| of.text(1) == Some(id))
}

fn list(answer: Shape<'_>, item: fn(Shape<'_>) -> bool) -> Fit {
    if answer.is_empty() {
        return Fit::Possible;
    }
    let items = answer.items(1).unwrap_or_default();
    Fit::telling(answer.only(&[1]) && !items.is_empty() && items.into_iter().all(item))
}

fn is_container(item: Shape<'_>) -> bool {
    has_id(item, 1) && has_id(item, 2) && item.message(3).is_some_and(is_container_metadata)
}

fn is_sandbox(item: Shape<'_>) -> bool {
    has_id(item, 1) && item.message(2).is_some_and(is_pod_metadata)
}

/// `ContainerStats` {attributes {id, metadata, …}, …}.
fn is_container_stats(stats: Shape<'_>) -> bool {
    let fits = |of: Shape<'_>| has_id(of, 1) && of.message(2).is_some_and(is_container_metadata);
    stats.message(1).is_some_and(fits)
}

/// `PodSandboxStats` {attributes {id, metadata, …}, …}.
fn is_pod_stats(stats: Shape<'_>) -> bool {
    let fits = |of: Shape<'_>| has_id(of, 1) && of.message(2).is_some_and(is_pod_metadata);
    stats.message(1).is_some_and(fits)
}

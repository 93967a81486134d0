//! `RuntimeService`: what is done to sandboxes and containers.

use super::{has_id, is_container_metadata, is_flag, is_number, is_pod_metadata};
use crate::decode::inference::form::is_image_name;
use crate::decode::inference::method::Method;
use crate::decode::inference::rule::{Fit, Rule};
use crate::decode::inference::shape::Shape;

/// `RunPodSandbox` {config {metadata {name, uid, namespace}, …}, handler} → {id}.
///
/// Look-alikes: `PullImage` (its first field begins with text), `UpdateRuntimeConfig` {1: {1:
/// {cidr}}} (no uid), `ListPodSandbox` with a filter {1: {id, …}}, containerd's `Containers/Create`
/// and `sandbox.v1.Store/Create` {1: {id, …}}. None has a message with three texts at the beginning
/// of its first field.
pub(super) const RUN_POD_SANDBOX: Rule = Rule {
    method: Method::RunPodSandbox,
    request: is_run,
    by_request: |_| true,
    answer: |_, answer| Fit::telling(is_id_alone(answer)),
    evidence: Some("the request is a pod's configuration, the answer an id"),
};

/// `CreateContainer` {sandbox, config {metadata, image, …}, sandbox config} → {id}.
///
/// Look-alike: `UpdateContainerResources` {id, linux {numbers}, …} → {}.
pub(super) const CREATE_CONTAINER: Rule = Rule {
    method: Method::CreateContainer,
    request: is_create,
    by_request: |request| request.is_whole(),
    answer: |_, answer| Fit::telling(is_id_alone(answer)),
    evidence: Some(
        "the request is a sandbox id, a container's and its pod's configuration, the answer an id",
    ),
};

/// `StopContainer` {id, timeout} → {}; a timeout of 0 is not sent.
///
/// Look-alikes: `ContainerStatus` and `PodSandboxStatus` with verbose (their answers are not
/// empty), containerd's `Leases/Delete` and `Images/Delete` {id, sync = 1}. So it tells nothing
/// until the id is known to be a CRI container.
pub(super) const STOP_CONTAINER: Rule = Rule {
    method: Method::StopContainer,
    request: |request| {
        request.only(&[1, 2])
            && has_id(request, 1)
            && request.count(2) == usize::from(is_number(request, 2))
    },
    by_request: |_| false,
    answer: |_, answer| Fit::possible(answer.is_empty()),
    evidence: None,
};

/// `ExecSync` {id, command…, timeout} → {stdout, stderr, exit code}.
///
/// Look-alikes of a command of one word: `CheckpointContainer` {id, location, timeout} → {};
/// `PortForward`, whose ports can be read as a word, and `Exec` → {URL}; containerd's `Tasks/Get`
/// {id, exec id} → {process}, `CloseIO`, `Kill` and `ResizePty` {id, exec id, numbers} → {}. So only a
/// command of several words tells: nothing else is repeated there but `Exec`'s, one of whose
/// streams is always on.
pub(super) const EXEC_SYNC: Rule = Rule {
    method: Method::ExecSync,
    request: |request| {
        request.only(&[1, 2, 3]) && has_id(request, 1) && request.texts(2) && number(request, 3)
    },
    by_request: |request| request.count(2) > 1,
    answer: |request, answer| {
        if !answer.only(&[1, 2, 3]) || !number(answer, 3) || answer.varint(2).is_some() {
            Fit::No
        } else if request.count(2) > 1 {
            Fit::Telling
        } else {
            Fit::Possible
        }
    },
    evidence: Some("the request is an id and a command, the answer its output"),
};

/// `Exec` {id, command…, tty, stdin, stdout, stderr} → {URL}.
///
/// Look-alikes: `Attach` {id, flags} and `PortForward` {sandbox, ports} → {URL} have no text in
/// their second field; containerd's `Tasks/Exec` {id, stdin, stdout, …, spec} → {}.
pub(super) const EXEC: Rule = Rule {
    method: Method::Exec,
    request: |request| {
        request.only(&[1, 2, 3, 4, 5, 6])
            && has_id(request, 1)
            && request.texts(2)
            && (3..=6).all(|flag| is_flag(request, flag))
            && (4..=6).any(|stream| request.has(stream))
    },
    by_request: |_| false,
    answer: |_, answer| Fit::telling(is_url(answer)),
    evidence: Some("the request is an id, a command and its streams, the answer a URL"),
};

fn is_run(request: Shape<'_>) -> bool {
    let metadata = request.message(1).and_then(|config| config.message(1));
    request.only(&[1, 2]) && metadata.is_some_and(is_pod_metadata)
}

fn is_create(request: Shape<'_>) -> bool {
    let Some(config) = request.message(2) else {
        return false;
    };
    let image = config.message(2).and_then(|image| image.text(1));
    let pod = request.message(3).and_then(|config| config.message(1));
    request.only(&[1, 2, 3])
        && has_id(request, 1)
        && config.message(1).is_some_and(is_container_metadata)
        && image.is_some_and(is_image_name)
        && (pod.is_some_and(is_pod_metadata) || !request.is_whole())
}

/// True for {URL}.
fn is_url(answer: Shape<'_>) -> bool {
    let is_url = |text: &str| text.starts_with("http://") || text.starts_with("https://");
    answer.only(&[1]) && answer.text(1).is_some_and(is_url)
}

fn is_id_alone(answer: Shape<'_>) -> bool {
    answer.only(&[1]) && has_id(answer, 1)
}

/// True if the field is a number or absent.
fn number(shape: Shape<'_>, number: u32) -> bool {
    shape.count(number) == usize::from(is_number(shape, number))
}

//! The Container Runtime Interface, `runtime.v1` and `runtime.v1alpha2`
//! (k8s.io/cri-api, `pkg/apis/runtime/v1/api.proto`), which have the same fields where they matter.
//!
//! It knows what the methods ask for and what their answers say. What an image id is a digest of
//! depends on the runtime behind the socket, which is not known here.

mod facts;
mod image;
mod message;

#[cfg(test)]
mod tests;

use super::named;
use super::rpc::{Operation, Payload, Procedure, Role, Shape, never};
use crate::model::{Api, MAX_BINDS, Op, Pod, Subject};
use crate::observation::Fact;
use message::{
    ContainerIdRequest, CreateContainerRequest, CreateContainerResponse, PodSandboxMetadata,
    RunPodSandboxRequest, SandboxIdRequest, SandboxIdResponse,
};

/// That a call is of the version before the present one, which containerd has given up with 2.0.
pub(super) fn old_version(path: &str) -> Option<Fact> {
    path.starts_with("/runtime.v1alpha2.")
        .then(|| Fact::ApiVersion {
            api: Api::Cri,
            version: "v1alpha2".to_owned(),
            newest: None,
        })
}

/// What a method of `RuntimeService` is followed for.
pub(super) fn runtime(method: &str) -> Option<Role> {
    Some(match method {
        "RunPodSandbox" => operation(&RUN_SANDBOX),
        "StopPodSandbox" => operation(&STOP_SANDBOX),
        "RemovePodSandbox" => operation(&REMOVE_SANDBOX),
        "CreateContainer" => operation(&CREATE),
        "StartContainer" => operation(&START),
        "StopContainer" => operation(&STOP),
        "RemoveContainer" => operation(&REMOVE),
        "Exec" | "ExecSync" => operation(&EXEC),
        "ListContainers" | "StreamContainers" => Role::Look(facts::containers),
        "ContainerStatus" => Role::Look(facts::container_status),
        "ListPodSandbox" | "StreamPodSandboxes" => Role::Look(facts::sandboxes),
        "PodSandboxStatus" => Role::Look(facts::sandbox_status),
        "Version" => Role::Look(facts::version),
        _ => return None,
    })
}

/// What a method of `ImageService` is followed for.
pub(super) fn image(method: &str) -> Option<Role> {
    Some(match method {
        "PullImage" => operation(&image::PULL),
        "RemoveImage" => operation(&image::REMOVE),
        "ListImages" | "StreamImages" => Role::Look(facts::images),
        "ImageStatus" => Role::Look(facts::image_status),
        _ => return None,
    })
}

fn operation(procedure: &'static Procedure) -> Role {
    Role::Operation(Box::new(Operation::new(procedure)))
}

const RUN_SANDBOX: Procedure = Procedure {
    api: Api::Cri,
    shape: Shape::Unary,
    asked: |payload| {
        let asked: RunPodSandboxRequest = payload.read();
        let subject = Subject {
            pod: pod(asked.config.and_then(|config| config.metadata)),
            ..Subject::default()
        };
        Some((Op::RunSandbox, subject))
    },
    answered: |payload, subject| {
        let answer: SandboxIdResponse = payload.read();
        subject.sandbox = named::text(&answer.pod_sandbox_id);
    },
};

const STOP_SANDBOX: Procedure = asking(|payload| Some((Op::StopSandbox, sandbox(payload))));
const REMOVE_SANDBOX: Procedure = asking(|payload| Some((Op::RemoveSandbox, sandbox(payload))));
const START: Procedure = asking(|payload| Some((Op::Start, container(payload))));
const STOP: Procedure = asking(|payload| Some((Op::Stop, container(payload))));
const REMOVE: Procedure = asking(|payload| Some((Op::RemoveContainer, container(payload))));
/// The answer holds what the command has printed, or a URL with a token: it is not read.
const EXEC: Procedure = asking(|payload| Some((Op::Exec, container(payload))));

const CREATE: Procedure = Procedure {
    api: Api::Cri,
    shape: Shape::Unary,
    asked: |payload| Some((Op::Create, create(payload))),
    answered: |payload, subject| {
        let answer: CreateContainerResponse = payload.read();
        subject.container = named::text(&answer.container_id);
    },
};

/// A method whose answer says nothing.
const fn asking(asked: fn(&mut Payload) -> Option<(Op, Subject)>) -> Procedure {
    Procedure {
        api: Api::Cri,
        shape: Shape::Unary,
        asked,
        answered: never,
    }
}

fn sandbox(payload: &mut Payload) -> Subject {
    let asked: SandboxIdRequest = payload.read();
    Subject {
        sandbox: named::text(&asked.pod_sandbox_id),
        ..Subject::default()
    }
}

fn container(payload: &mut Payload) -> Subject {
    let asked: ContainerIdRequest = payload.read();
    Subject {
        container: named::text(&asked.container_id),
        ..Subject::default()
    }
}

fn create(payload: &mut Payload) -> Subject {
    let asked: CreateContainerRequest = payload.read();
    let config = asked.config.unwrap_or_default();
    let metadata = config.metadata.unwrap_or_default();
    let binds = config
        .mounts
        .iter()
        .filter_map(|mount| named::bind(&mount.host_path, &mount.container_path, mount.readonly));
    Subject {
        sandbox: named::text(&asked.pod_sandbox_id),
        container_name: named::text(&metadata.name),
        binds: binds.take(MAX_BINDS).collect(),
        pod: pod(asked.sandbox_config.and_then(|sandbox| sandbox.metadata)),
        ..image::named(&config.image.unwrap_or_default())
    }
}

/// The pod that a message is about; null if it names none.
fn pod(metadata: Option<PodSandboxMetadata>) -> Option<Pod> {
    let metadata = metadata?;
    let pod = Pod {
        namespace: named::text(&metadata.namespace),
        name: named::text(&metadata.name),
        uid: named::text(&metadata.uid),
    };
    (pod != Pod::default()).then_some(pod)
}

//! Containers and their tasks.

use super::message::{
    Container, ContainerMessage, CreateTaskRequest, IdRequest, KillRequest, ListContainersResponse,
    StartRequest, VersionResponse,
};
use super::operation;
use crate::decode::api::named;
use crate::decode::api::rpc::{Payload, Procedure, Role, Shape, never};
use crate::model::{Api, DigestKind, Op, Subject};
use crate::observation::Fact;

/// Longest identifier (containerd `pkg/identifiers`).
const MAX_ID: usize = 76;

/// What a method of `containers.v1.Containers` is followed for.
pub(super) fn containers(method: &str) -> Option<Role> {
    Some(match method {
        "Create" => operation(&CREATE),
        "Delete" => operation(&REMOVE),
        "Get" | "ListStream" => Role::Look(got),
        "List" => Role::Look(listed),
        _ => return None,
    })
}

/// What a method of `tasks.v1.Tasks` is followed for.
pub(super) fn tasks(method: &str) -> Option<Role> {
    Some(match method {
        "Create" => operation(&CREATE_TASK),
        "Start" => operation(&START),
        "Kill" => operation(&KILL),
        _ => return None,
    })
}

/// Answer of `version.v1.Version/Version`.
pub(super) fn version(payload: &mut Payload, facts: &mut Vec<Fact>) {
    let answer: VersionResponse = payload.read();
    facts.extend(named::version(&answer.version));
}

const CREATE: Procedure = asking(Shape::Unary, |payload| {
    let asked: ContainerMessage = payload.read();
    let container = asked.container.unwrap_or_default();
    let subject = Subject {
        container: named::text(&container.id),
        ..named::image(&container.image, DigestKind::Unknown)
    };
    Some((Op::Create, subject))
});

const REMOVE: Procedure = asking(Shape::Unary, |payload| {
    let asked: IdRequest = payload.read();
    Some((Op::RemoveContainer, subject(&asked.id)))
});

/// It makes no operation, but a start that fails here never comes to `Start`.
const CREATE_TASK: Procedure = asking(Shape::Refused, |payload| {
    let asked: CreateTaskRequest = payload.read();
    Some((Op::Start, subject(&asked.container_id)))
});

/// Without an exec's id it starts the container. The id that dockerd gives here is the one that its
/// own API has for the exec.
const START: Procedure = asking(Shape::Unary, |payload| {
    let asked: StartRequest = payload.read();
    let op = match asked.exec_id.is_empty() {
        false => Op::Exec,
        true if payload.is_complete() => Op::Start,
        true => return None,
    };
    let subject = Subject {
        exec: named::text(&asked.exec_id),
        ..subject(&asked.container_id)
    };
    Some((op, subject))
});

/// An exec's process that is killed is not the container.
const KILL: Procedure = asking(Shape::Unary, |payload| {
    let asked: KillRequest = payload.read();
    let is_container = asked.exec_id.is_empty() && payload.is_complete();
    is_container.then(|| (Op::Kill, subject(&asked.container_id)))
});

const fn asking(shape: Shape, asked: fn(&mut Payload) -> Option<(Op, Subject)>) -> Procedure {
    Procedure {
        api: Api::Containerd,
        shape,
        asked,
        answered: never,
    }
}

fn subject(container: &str) -> Subject {
    Subject {
        container: named::text(container),
        ..Subject::default()
    }
}

fn got(payload: &mut Payload, facts: &mut Vec<Fact>) {
    let answer: ContainerMessage = payload.read();
    // The image stands behind labels, which may be where a message was cut.
    if payload.is_complete() {
        facts.extend(answer.container.as_ref().and_then(container));
    }
}

fn listed(payload: &mut Payload, facts: &mut Vec<Fact>) {
    let answer: ListContainersResponse = payload.read();
    facts.extend(answer.containers.iter().filter_map(container));
}

fn container(container: &Container) -> Option<Fact> {
    let valid = (1..=MAX_ID).contains(&container.id.len());
    Some(Fact::Container {
        id: named::text(&container.id).filter(|_| valid)?,
        name: None,
        image: named::name(&container.image),
        pod: None,
        sandbox: None,
    })
}

//! The shims' API, `containerd.task.v2.Task` and `containerd.task.v3.Task`
//! (github.com/containerd/containerd `api/runtime/task/v{2,3}/shim.proto`, which are alike).
//!
//! `Create` and `Start` of one container are one start, which is told with `Start` and has begun
//! with `Create`; a `Create` that is refused is a start that failed. containerd makes both over the
//! connection that it opens for the task (`core/runtime/v2/shim.go`). Where it does not, or `Create`
//! came before imgtrace, the start begins with `Start`. A task that is created and never started
//! is none.

mod message;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::named;
use super::rpc::{Head, Operation, Payload, Procedure, Role, Shape, ending, never};
use crate::decode::rpc::End;
use crate::decode::{Direction, Event};
use crate::model::{Api, Op, Outcome, Stamp, Subject};
use message::{CreateTaskRequest, StartRequest};

/// Tasks of one connection that are created and not started yet; the longest waiting gives way. A
/// connection usually serves one container.
const MAX_CREATED: usize = 64;
/// Longest id that is remembered (containerd `pkg/identifiers` allows 76 bytes).
const MAX_ID: usize = 128;
/// Longest namespace (containerd `pkg/identifiers`).
const MAX_NAMESPACE: usize = 76;
/// The folder of bundles; behind it stand the namespace and the container's id (containerd
/// `core/runtime/v2/bundle.go`).
const BUNDLES: &str = "/io.containerd.runtime.v2.task/";

/// What a method of `Task` is followed for.
pub(super) fn task(method: &str) -> Option<Role> {
    let (method, procedure) = match method {
        "Create" => (Method::Create, &CREATE),
        "Start" => (Method::Start, &START),
        _ => return None,
    };
    Some(Role::Shim(Call {
        method,
        operation: Operation::new(procedure),
        created: None,
    }))
}

const CREATE: Procedure = Procedure {
    api: Api::Shim,
    shape: Shape::Refused,
    asked: |payload| {
        let asked: CreateTaskRequest = payload.read();
        Some((Op::Start, subject(&asked.id)))
    },
    answered: never,
};

/// With an exec's id it starts no container.
const START: Procedure = Procedure {
    api: Api::Shim,
    shape: Shape::Unary,
    asked: |payload| {
        let asked: StartRequest = payload.read();
        let is_container = asked.exec_id.is_empty() && payload.is_complete();
        is_container.then(|| (Op::Start, subject(&asked.id)))
    },
    answered: never,
};

fn subject(container: &str) -> Subject {
    Subject {
        container: named::text(container),
        ..Subject::default()
    }
}

/// The tasks of a connection that are created and not started yet, by their id.
#[derive(Debug, Default)]
pub(super) struct Creates {
    waiting: BTreeMap<String, Created>,
}

/// When a task was created, and where.
#[derive(Clone, Debug)]
struct Created {
    at: Stamp,
    namespace: Option<String>,
}

/// A call that is part of a start.
#[derive(Debug)]
pub(super) struct Call {
    method: Method,
    operation: Operation,
    /// The id that this call has noted.
    created: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Create,
    Start,
}

impl Call {
    pub(super) fn message(
        &mut self,
        creates: &mut Creates,
        head: &mut Head,
        direction: Direction,
        payload: &mut Payload,
        out: &mut Vec<Event>,
    ) {
        if direction == Direction::ToServer {
            self.prepare(creates, head, payload);
        }
        self.operation.message(head, direction, payload, out);
    }

    /// Notes what `Create` says, and takes it up at `Start`.
    fn prepare(&mut self, creates: &mut Creates, head: &mut Head, payload: &mut Payload) {
        if self.method == Method::Create {
            let asked: CreateTaskRequest = payload.read();
            let in_bundle = || namespace(&asked.bundle).map(str::to_owned);
            head.namespace = head.namespace.take().or_else(in_bundle);
            if asked.id.len() <= MAX_ID {
                self.created = Some(asked.id.clone());
                creates.note(asked.id, head);
            }
        } else {
            let asked: StartRequest = payload.read();
            let is_container = asked.exec_id.is_empty();
            let task = is_container.then(|| creates.waiting.remove(&asked.id));
            if let Some(task) = task.flatten() {
                head.at = task.at;
                head.namespace = head.namespace.take().or(task.namespace);
            }
        }
    }

    pub(super) fn end(
        self,
        creates: &mut Creates,
        head: &Head,
        end: &End,
        at: Stamp,
        out: &mut Vec<Event>,
    ) {
        if let Some(id) = &self.created
            && ending(end, true).0 == Outcome::Error
        {
            creates.waiting.remove(id);
        }
        self.operation.end(head, end, at, out);
    }

    /// The call was another; true if it was told.
    pub(super) fn withdraw(self, creates: &mut Creates) -> bool {
        if let Some(id) = &self.created {
            creates.waiting.remove(id);
        }
        self.operation.has_begun()
    }
}

impl Creates {
    fn note(&mut self, id: String, head: &Head) {
        if self.waiting.len() >= MAX_CREATED && !self.waiting.contains_key(&id) {
            let oldest = self.waiting.iter().min_by_key(|(_, task)| task.at.mono);
            if let Some(oldest) = oldest.map(|(id, _)| id.clone()) {
                self.waiting.remove(&oldest);
            }
        }
        let task = Created {
            at: head.at,
            namespace: head.namespace.clone(),
        };
        self.waiting.insert(id, task);
    }
}

/// The namespace that a bundle's path names: `…/io.containerd.runtime.v2.task/<namespace>/<id>`. Anybody
/// may bind a socket that is called like a shim's and write a path as long as a message.
fn namespace(bundle: &str) -> Option<&str> {
    let (_, behind) = bundle.rsplit_once(BUNDLES)?;
    let (namespace, _) = behind.split_once('/')?;
    let is_of_one = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let is_one = (1..=MAX_NAMESPACE).contains(&namespace.len()) && namespace.bytes().all(is_of_one);
    is_one.then_some(namespace)
}

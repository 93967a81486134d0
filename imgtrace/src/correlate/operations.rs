//! Requests in flight, and the operations that they are.

use std::collections::BTreeMap;

use super::World;
use super::caller::Attribution;
use super::denial;
use super::subject;
use crate::model::{
    Api, Confidence, EndpointId, EndpointRef, Op, Operation, OperationId, Outcome, Report, Runtime,
    Stamp, Subject,
};
use crate::observation::{ConnectionId, Observation, RequestId};

/// Requests in flight that are kept; the oldest ends as unknown when there are more.
const MAX_OPEN: usize = 8_192;

/// Milliseconds that an operation runs before its progress is worth a line.
const PROGRESS_AFTER: f64 = 1_000.0;

/// Milliseconds between two lines of progress of one operation, at the least and at the most. In
/// between it is a quarter of the time that the operation has taken so far, so that ten minutes make
/// some thirty lines and not three hundred.
const PROGRESS_EVERY: (f64, f64) = (2_000.0, 30_000.0);

/// What was asked for and has not been answered.
#[derive(Debug)]
pub(super) struct Operations {
    open: BTreeMap<RequestId, Open>,
    last: u64,
}

#[derive(Debug)]
struct Open {
    id: OperationId,
    at: Stamp,
    connection: ConnectionId,
    op: Op,
    /// As the API gave it.
    subject: Subject,
    endpoint: EndpointRef,
    attribution: Attribution,
    progress_said: Option<Stamp>,
}

/// How a request ended.
struct End<'a> {
    at: Option<Stamp>,
    outcome: Outcome,
    error: Option<&'a str>,
}

impl Operations {
    pub(super) const fn new() -> Self {
        Self {
            open: BTreeMap::new(),
            last: 0,
        }
    }

    pub(super) fn observe(
        &mut self,
        at: Stamp,
        what: &Observation,
        world: &mut World,
        out: &mut Vec<Report>,
    ) {
        match what {
            Observation::RequestBegan {
                request,
                connection,
                api,
                op,
                subject,
                began,
                ..
            } => {
                let id = self.next_id();
                let began = began.unwrap_or(at);
                let open = Open::new(id, began, *connection, *api, *op, subject, world);
                self.begin(*request, open, world, out);
            }
            Observation::RequestProgress { request, subject } => {
                if let Some(open) = self.open.get_mut(request) {
                    open.subject.update(subject.clone());
                    out.extend(open.progress(at, world));
                }
            }
            Observation::RequestEnded {
                request,
                outcome,
                error,
                subject,
            } => {
                if let Some(mut open) = self.open.remove(request) {
                    open.subject.update(subject.clone());
                    let end = End {
                        at: Some(at),
                        outcome: *outcome,
                        error: error.as_deref(),
                    };
                    out.push(Report::Ended(open.end(&end, world)));
                }
            }
            Observation::Refused { .. } => {
                let id = self.next_id();
                out.extend(denial::operation(id, at, what, world).map(Report::Ended));
            }
            Observation::End => self.end(world, out),
            _ => {}
        }
    }

    /// Ends whatever is still open: its end was not seen.
    fn end(&mut self, world: &mut World, out: &mut Vec<Report>) {
        for open in std::mem::take(&mut self.open).into_values() {
            out.push(Report::Ended(open.end(&End::UNSEEN, world)));
        }
    }

    const fn next_id(&mut self) -> OperationId {
        self.last += 1;
        OperationId(self.last)
    }

    fn begin(&mut self, request: RequestId, open: Open, world: &mut World, out: &mut Vec<Report>) {
        out.push(Report::Began(open.operation(world)));
        let replaced = self.open.insert(request, open);
        let displaced = if self.open.len() > MAX_OPEN {
            self.open.pop_first().map(|(_, oldest)| oldest)
        } else {
            None
        };
        for gone in replaced.into_iter().chain(displaced) {
            out.push(Report::Ended(gone.end(&End::UNSEEN, world)));
        }
    }
}

impl End<'_> {
    const UNSEEN: Self = End {
        at: None,
        outcome: Outcome::Unknown,
        error: None,
    };
}

impl Open {
    fn new(
        id: OperationId,
        at: Stamp,
        connection: ConnectionId,
        api: Api,
        op: Op,
        subject: &Subject,
        world: &mut World,
    ) -> Self {
        world.connections.touch(connection);
        let endpoint = world.connections.get(connection).map(|it| it.endpoint);
        let mut open = Self {
            id,
            at,
            connection,
            op,
            subject: subject.clone(),
            endpoint: reference(endpoint, api, world),
            attribution: Attribution::default(),
            progress_said: None,
        };
        open.attribute(world);
        open
    }

    /// Takes over who asks as far as it is known by now.
    fn attribute(&mut self, world: &World) {
        if let Some(connection) = world.connections.get(self.connection) {
            self.attribution = Attribution::of(world, connection);
        }
    }

    fn progress(&mut self, at: Stamp, world: &World) -> Option<Report> {
        let waited = self.progress_said.map_or_else(
            || at.millis_since(self.at) >= PROGRESS_AFTER,
            |said| {
                let (least, most) = PROGRESS_EVERY;
                let pause = (at.millis_since(self.at) / 4.0).clamp(least, most);
                at.millis_since(said) >= pause
            },
        );
        if !waited {
            return None;
        }
        self.progress_said = Some(at);
        self.attribute(world);
        Some(Report::Progress(self.operation(world)))
    }

    fn end(mut self, end: &End<'_>, world: &mut World) -> Operation {
        self.attribute(world);
        let endpoint = self.endpoint.id;
        if let (Some(endpoint), Some(given)) = (endpoint, &self.subject.container)
            && subject::is_no_such_container(end.outcome, end.error)
        {
            world.containers.unknown(endpoint, given);
        }
        let mut operation = self.operation(world);
        operation.ended_at = end.at;
        operation.outcome = Some(end.outcome);
        operation.error = end.error.map(str::to_owned);
        if let Some(endpoint) = endpoint.filter(|_| end.outcome == Outcome::Ok) {
            subject::remember(&operation, endpoint, world);
        }
        operation
    }

    /// The operation as far as it is known.
    fn operation(&self, world: &World) -> Operation {
        let mut subject = self.subject.clone();
        let mut inferred_fields = Vec::new();
        if self.attribution.inferred {
            inferred_fields.push("caller".to_owned());
        }
        if let Some(endpoint) = self.endpoint.id {
            inferred_fields.extend(subject::complete(&mut subject, self.op, endpoint, world));
        }
        Operation {
            id: self.id,
            at: self.at,
            ended_at: None,
            op: self.op,
            subject,
            endpoint: self.endpoint.clone(),
            caller: self.attribution.caller.clone(),
            hops: Vec::new(),
            outcome: None,
            error: None,
            confidence: confidence(&inferred_fields),
            inferred_fields,
            evidence: self.attribution.evidence.clone(),
            denial: None,
        }
    }
}

/// How sure an operation is: as sure as its least sure field.
pub(super) const fn confidence(inferred_fields: &[String]) -> Confidence {
    if inferred_fields.is_empty() {
        Confidence::Observed
    } else {
        Confidence::Inferred
    }
}

fn reference(id: Option<EndpointId>, api: Api, world: &World) -> EndpointRef {
    let endpoint = id.and_then(|id| world.endpoint(id));
    EndpointRef {
        id,
        runtime: endpoint.map_or_else(|| runtime_of(api), |endpoint| endpoint.runtime),
        api: Some(api),
        path: endpoint.map_or_else(String::new, |endpoint| endpoint.path.clone()),
    }
}

/// The daemon that speaks an API, where nothing else is known of it.
const fn runtime_of(api: Api) -> Runtime {
    match api {
        Api::Docker => Runtime::Docker,
        Api::Libpod => Runtime::Podman,
        Api::Cri => Runtime::Cri,
        Api::Containerd => Runtime::Containerd,
        Api::BuildKit => Runtime::BuildKit,
        Api::Shim => Runtime::Shim,
    }
}

#[cfg(test)]
mod tests;

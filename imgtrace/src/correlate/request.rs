//! One request of one client, from its begin to its end, and what is known of it.

use super::World;
use super::caller::Attribution;
use super::cgroup::is_container_id;
use super::keys::Keys;
use super::leads::Keeps;
use super::{daemon, subject};
use crate::model::{
    Api, Basis, Calling, Confidence, Correlation, EndpointRef, Hop, Op, Outcome, ProcessKey,
    Runtime, Stamp, Subject,
};
use crate::observation::{ConnectionId, RequestId};

/// A request that was understood.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) id: RequestId,
    /// When it began.
    pub(super) at: Stamp,
    pub(super) connection: ConnectionId,
    pub(super) api: Api,
    pub(super) op: Op,
    pub(super) endpoint: EndpointRef,
    /// The process behind the endpoint; none where that is not known.
    pub(super) server: Option<ProcessKey>,
    /// The process that asked; none where that is not known.
    pub(super) client: Option<ProcessKey>,
    pub(super) attribution: Attribution,
    pub(super) basis: Basis,
    pub(super) correlation: Correlation,
    /// What other requests for the same thing have in common with it.
    pub(super) keys: Keys,
    pub(super) end: Option<End>,
    /// As the API gave it.
    subject: Subject,
    /// What it is about, completed at its end: a removal takes names away.
    settled: Option<(Subject, Vec<String>)>,
    /// The container that its name was believed to stand for when it began, and the image of that.
    believed: (Option<String>, Option<String>),
}

/// How a request ended.
#[derive(Clone, Debug)]
pub(super) struct End {
    /// When; none if that was not seen.
    pub(super) at: Option<Stamp>,
    pub(super) outcome: Outcome,
    pub(super) error: Option<String>,
}

impl End {
    pub(super) const UNSEEN: Self = Self {
        at: None,
        outcome: Outcome::Unknown,
        error: None,
    };
}

/// What an observation says of a request that begins.
pub(super) struct Begin<'a> {
    pub(super) id: RequestId,
    pub(super) at: Stamp,
    pub(super) connection: ConnectionId,
    pub(super) api: Api,
    pub(super) op: Op,
    pub(super) subject: &'a Subject,
    pub(super) basis: &'a Basis,
    pub(super) correlation: &'a Correlation,
}

impl Request {
    pub(super) fn new(begin: &Begin<'_>, world: &mut World) -> Self {
        world
            .connections
            .touch(begin.connection, begin.correlation.by_client);
        let mut request = Self {
            id: begin.id,
            at: begin.at,
            connection: begin.connection,
            api: begin.api,
            op: begin.op,
            endpoint: reference(begin.connection, begin.api, world),
            server: None,
            client: None,
            attribution: Attribution::default(),
            basis: begin.basis.clone(),
            correlation: begin.correlation.clone(),
            keys: Keys::default(),
            end: None,
            subject: begin.subject.clone(),
            settled: None,
            believed: (None, None),
        };
        request.refresh(world);
        let (subject, _) = request.completed(world);
        request.believed = (subject.container, subject.image);
        request
    }

    /// Takes over what it has told since; true if that may tell what it belongs to.
    pub(super) fn tell(&mut self, subject: &Subject, world: &mut World) -> bool {
        let names = Subject {
            bytes: None,
            bytes_total: None,
            ..subject.clone()
        };
        self.subject.update(subject.clone());
        if names == Subject::default() {
            return false;
        }
        let before = std::mem::take(&mut self.keys);
        self.refresh(world);
        self.keys != before
    }

    /// True for what starts a container.
    pub(super) const fn starts(&self) -> bool {
        matches!(self.op, Op::Start | Op::Restart | Op::RunSandbox)
    }

    /// True if it has started a container.
    pub(super) fn is_start_that_worked(&self) -> bool {
        let end = self.end.as_ref();
        self.starts() && end.is_some_and(|end| end.outcome == Outcome::Ok)
    }

    /// True if it calls its container by something that may come to stand for another.
    pub(super) fn is_by_name(&self) -> bool {
        let given = self.subject.container.as_deref();
        let whole = self.api.calling() == Calling::ByWholeId;
        given.is_some_and(|given| !whole && !is_container_id(given))
    }

    /// Looks up again what it calls by a name, also after its end; true if that may tell what it
    /// belongs to.
    pub(super) fn look_again(&mut self, world: &mut World) -> bool {
        let is_settled = self.settled.take().is_some();
        let before = std::mem::take(&mut self.keys);
        self.refresh(world);
        if is_settled {
            self.settled = Some(self.completed(world));
        }
        self.keys != before
    }

    /// What was believed of its container when it began, and is not so.
    pub(super) fn misbeliefs(&self, is: &Subject) -> Vec<String> {
        let (container, image) = &self.believed;
        let differs = |believed: &Option<String>, is: &Option<String>| {
            let both = believed.clone().zip(is.clone());
            both.filter(|(believed, is)| believed != is)
        };
        let given = self.subject.container.as_deref().unwrap_or_default();
        let other = differs(container, &is.container).filter(|(it, _)| is_container_id(it));
        let other = other.map(|(believed, is)| {
            format!(
                "the request called it {given}, which was believed to be {believed} and is {is}"
            )
        });
        let moved = differs(image, &is.image).map(|(believed, is)| {
            format!("it was believed to be of {believed}; its root file system is of {is}")
        });
        other.into_iter().chain(moved).collect()
    }

    /// Takes over its end, and remembers what it tells about names.
    pub(super) fn end(&mut self, end: End, subject: &Subject, world: &mut World) {
        self.subject.update(subject.clone());
        if let (Some(endpoint), Some(given)) = (self.endpoint.id, &self.subject.container)
            && subject::is_no_such_container(end.outcome, end.error.as_deref())
        {
            world.containers.unknown(endpoint, given);
        }
        self.refresh(world);
        let completed = self.completed(world);
        if let Some(endpoint) = self.endpoint.id
            && end.outcome == Outcome::Ok
        {
            subject::remember(self.op, &completed.0, endpoint, world);
        }
        self.settled = Some(completed);
        self.end = Some(end);
    }

    /// Takes over who asks and what it is about, as far as that is known by now.
    fn refresh(&mut self, world: &mut World) {
        self.attribute(world);
        self.server = self.endpoint.id.and_then(|id| world.server(id));
        if let Some(pod) = &self.subject.pod {
            world.pods.learn(pod);
        }
        let (subject, _) = self.completed(world);
        self.keys = Keys::of(self, &subject, world);
    }

    /// What it is about, with full ids and names, and which of these are concluded.
    pub(super) fn completed(&self, world: &World) -> (Subject, Vec<String>) {
        if let Some(settled) = &self.settled {
            return settled.clone();
        }
        let mut subject = self.subject.clone();
        let inferred = self
            .endpoint
            .id
            .map(|endpoint| subject::complete(&mut subject, self.op, self.api, endpoint, world));
        (subject, inferred.unwrap_or_default())
    }

    /// The store in which it makes, uses or removes something.
    ///
    /// What dockerd asks of containerd on its own concerns a container of its own, wherever it keeps
    /// its images.
    pub(super) fn keeps(&self, world: &World) -> Option<Keeps> {
        if daemon::is_of_dockerd(self, world) {
            return world.keeps_of(self.client?);
        }
        world.keeps(self.endpoint.id?, self.keys.namespace.as_deref())
    }

    /// Bytes that have been moved, and those that there are in all, as far as it has told.
    pub(super) const fn bytes(&self) -> (Option<u64>, Option<u64>) {
        (self.subject.bytes, self.subject.bytes_total)
    }

    /// Takes over who asks as far as it is known by now.
    pub(super) fn attribute(&mut self, world: &World) {
        if let Some(connection) = world.connections.get(self.connection) {
            self.attribution = Attribution::of(world, connection);
            self.client = connection.speaker.or(connection.client);
        }
    }

    /// True if it was answered before that moment. What its client gave up may still be done.
    pub(super) fn ended_before(&self, at: Stamp) -> bool {
        let end = self.end.as_ref();
        let answered = end.filter(|end| end.outcome != Outcome::Unknown);
        let end = answered.and_then(|end| end.at);
        end.is_some_and(|end| end.mono < at.mono)
    }

    /// True if the daemon that it asked is the one that makes the other request, elsewhere.
    pub(super) fn leads_to(&self, inner: &Self) -> bool {
        self.server.is_some()
            && self.server == inner.client
            && self.endpoint.id != inner.endpoint.id
    }

    /// What it looks like within the operation that it was made for; none if it is not known where
    /// it was made, or by whom.
    pub(super) fn hop(&self, belongs: Confidence) -> Option<Hop> {
        Some(Hop {
            endpoint: self.endpoint.id?,
            runtime: self.endpoint.runtime,
            api: self.api,
            pid: self.client?.pid,
            op: self.op,
            outcome: self.end.as_ref().map(|end| end.outcome),
            confidence: belongs.least_sure(self.basis.confidence),
        })
    }
}

/// The endpoint that a connection leads to.
fn reference(connection: ConnectionId, api: Api, world: &World) -> EndpointRef {
    let id = world.connections.get(connection).map(|it| it.endpoint);
    let endpoint = id.and_then(|id| world.endpoint(id));
    EndpointRef {
        id,
        runtime: endpoint.map_or_else(|| runtime_of(api), |endpoint| endpoint.runtime),
        api: Some(api),
        path: endpoint.map(|endpoint| endpoint.path.clone()),
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

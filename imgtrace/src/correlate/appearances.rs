//! An image that appears in a store's index with nobody seen asking, as an operation.
//!
//! In containers/storage, which has no daemon, it is told at once. In the store of a daemon it waits
//! for a request that is understood late, and nothing is told where one may have brought it.
//!
//! What the index cannot say, whether the image came from a registry or was made here, the writer's
//! command line says; where that says nothing (CRI-O, Podman's service), the image itself: one with
//! a registry's digest whose topmost layer came compressed was pulled. Either is a conclusion.

mod bringers;
mod command;
mod waiting;

use self::bringers::{Bringers, brings};
use self::command::Deed;
use self::waiting::Waiting;
use super::World;
use super::caller::{Attribution, mention};
use super::chains::Chains;
use super::request::Request;
use crate::model::{
    Confidence, DigestKind, EndpointRef, Op, Operation, OperationId, Outcome, ProcessKey, Runtime,
    Stamp, StoreKind, StoreRef, StoredImage, Subject,
};
use crate::observation::Observation;

/// Milliseconds after its answer in which an image is still taken for a request's: it is told when
/// its index has rested.
const LATE: f64 = 3_000.0;

/// Programs that write such indexes, and the runtimes that they are.
const PROGRAMS: [(&str, Runtime); 4] = [
    ("podman", Runtime::Podman),
    ("buildah", Runtime::Buildah),
    ("crio", Runtime::CriO),
    ("skopeo", Runtime::Podman),
];

/// Daemons that keep such an index, as their endpoints are called.
const SERVICES: [Runtime; 3] = [Runtime::Podman, Runtime::CriO, Runtime::Cri];

/// What Podman and Buildah put before the name of an image that they made themselves.
const MADE_HERE: &str = "localhost/";

/// An image that has appeared, and who brought it.
struct Appeared<'a> {
    image: &'a StoredImage,
    /// True if it was there and has only got these names.
    renamed: bool,
    writer: Option<ProcessKey>,
    /// The runtime's own program: the writer, or the nearest above it.
    culprit: Option<ProcessKey>,
    runtime: Option<Runtime>,
}

/// What an appearance is told as.
struct Account {
    op: Op,
    /// The process that brought it.
    caller: Option<ProcessKey>,
    runtime: Runtime,
    /// True if that is a daemon, which may have been asked.
    unasked: bool,
    evidence: Vec<String>,
}

/// Images that have appeared, and the requests that may have brought them.
#[derive(Debug)]
pub(super) struct Appearances {
    bringers: Bringers,
    waiting: Waiting,
}

impl Appearances {
    pub(super) const fn new() -> Self {
        Self {
            bringers: Bringers::new(),
            waiting: Waiting::new(),
        }
    }

    /// Remembers a request that has ended, if it may have brought an image.
    pub(super) fn ended(&mut self, at: Stamp, request: &Request) {
        self.bringers.ended(at, request);
    }

    /// The operations, without numbers, that an `ImageAppeared` shows at once; none for other
    /// observations, for what a client's request has brought, and for names alone that were given
    /// by hand.
    pub(super) fn observe(
        &mut self,
        at: Stamp,
        what: &Observation,
        world: &World,
        chains: &Chains,
    ) -> Option<Operation> {
        let Observation::ImageAppeared {
            store,
            image,
            renamed,
            already: false,
            writer,
        } = what
        else {
            return None;
        };
        let kind = world.inventory.get(*store).map(|held| held.store.kind);
        if kind.is_some_and(|kind| kind != StoreKind::ContainersStorage) {
            let is_new = !renamed && !self.bringers.bring(at, *store, image, world, chains);
            return is_new
                .then(|| self.waiting.push(at, *store, image, world))
                .flatten();
        }
        let culprit = writer.and_then(|writer| culprit(writer, world));
        let appeared = Appeared {
            image,
            renamed: *renamed,
            writer: *writer,
            culprit: culprit.map(|(key, _)| key).or(*writer),
            runtime: culprit.map(|(_, runtime)| runtime),
        };
        if appeared.was_asked_for(at, world, chains) {
            return None;
        }
        let place = world.inventory.reference(*store);
        let account = appeared.account(place.as_ref(), world)?;
        Some(operation(at, image, place, account, world))
    }

    /// What has waited for its request for long enough, as an operation; none if its turn has not
    /// come. At the end of the run each has waited for long enough.
    pub(super) fn pop_due(
        &mut self,
        at: Stamp,
        is_end: bool,
        world: &World,
        chains: &Chains,
    ) -> Option<Operation> {
        loop {
            let waited = self.waiting.pop_due(at, is_end)?;
            let image = &waited.image;
            let bringers = &self.bringers;
            if !bringers.bring(waited.at, waited.store, image, world, chains) {
                return Some(waited.operation(world));
            }
        }
    }
}

/// An image that has appeared, as an operation.
fn operation(
    at: Stamp,
    image: &StoredImage,
    store: Option<StoreRef>,
    account: Account,
    world: &World,
) -> Operation {
    let attribution = account.caller.map(|key| Attribution::seen(world, key));
    let attribution = attribution.unwrap_or_default();
    let mut evidence = account.evidence;
    evidence.extend(attribution.evidence);
    let mut inferred_fields = vec!["op".to_owned()];
    if account.caller.is_some() {
        inferred_fields.push("caller".to_owned());
    }
    Operation {
        id: OperationId(0),
        at,
        ended_at: Some(at),
        op: account.op,
        subject: subject(image, store.as_ref()),
        endpoint: EndpointRef {
            id: None,
            runtime: account.runtime,
            api: None,
            path: None,
        },
        caller: attribution.caller,
        hops: Vec::new(),
        outcome: Some(Outcome::Ok),
        error: None,
        confidence: Confidence::Inferred,
        inferred_fields,
        evidence,
        store,
        rootfs: None,
        cause: None,
        restarts: None,
        count: 1,
        denial: None,
        unasked: account.unasked,
        retry_of: None,
    }
}

impl Appeared<'_> {
    /// What is told of it; none if it is nothing to tell.
    fn account(&self, store: Option<&StoreRef>, world: &World) -> Option<Account> {
        let (op, reason) = self.op(world)?;
        let place = store.map_or("the store", |store| &store.root);
        Some(Account {
            op,
            caller: self.culprit,
            runtime: self.runtime.unwrap_or(Runtime::Podman),
            unasked: self.culprit.is_some_and(|key| world.is_server(key)),
            evidence: vec![self.written(place, world), reason],
        })
    }

    /// What brought it, and why that is believed; none if it is nothing to tell.
    fn op(&self, world: &World) -> Option<(Op, String)> {
        let image = self.image;
        let program = self.culprit.and_then(|key| world.process(&key));
        let deed = program.map_or(Deed::Unknown, Deed::of);
        let is_local = image.names.iter().all(|name| name.starts_with(MADE_HERE));
        let may_be_pulled = image.digest.is_some() && !is_local;
        let (op, reason) = match deed {
            Deed::Fetch if may_be_pulled => (Op::Pull, "its command line fetches images"),
            Deed::Fetch => (Op::AddImage, "it bears no registry's name and digest"),
            Deed::Make => (Op::AddImage, "its command line makes or loads images"),
            Deed::Build { ref tags } => {
                let is_base = may_be_pulled
                    && image.came_packed == Some(true)
                    && !image.names.iter().any(|name| tags.contains(name));
                if is_base {
                    (
                        Op::Pull,
                        "its command line builds, and this came compressed",
                    )
                } else {
                    (Op::AddImage, "its command line builds images")
                }
            }
            Deed::Name | Deed::Unknown if self.renamed => return None,
            Deed::Name | Deed::Unknown if may_be_pulled && image.came_packed != Some(false) => {
                (Op::Pull, "it bears a registry's name and digest")
            }
            Deed::Name | Deed::Unknown => {
                (Op::AddImage, "nothing says that it came from a registry")
            }
        };
        Some((op, reason.to_owned()))
    }

    /// The sentence that says who wrote the index.
    fn written(&self, place: &str, world: &World) -> String {
        let what = if self.renamed { "its name" } else { "it" };
        match self.writer {
            Some(writer) => {
                let writer = mention(world, writer);
                format!("{writer} wrote {what} into the index of {place}")
            }
            None => format!("the index of {place} has {what}; who wrote that could not be told"),
        }
    }

    /// True if a request that the writer serves, or has just served, brings it. Where nobody knows
    /// who wrote, any daemon with such a store may have.
    fn was_asked_for(&self, at: Stamp, world: &World, chains: &Chains) -> bool {
        let mut requests = chains.iter().flat_map(|(_, chain)| chain.requests());
        requests.any(|request| {
            let runtime = request.endpoint.runtime;
            let is_its = match self.culprit {
                Some(culprit) => {
                    request.server == Some(culprit)
                        || (request.server.is_none() && self.runtime == Some(runtime))
                }
                None => SERVICES.contains(&runtime),
            };
            is_its && is_under_way(request, at) && brings(request, self.image, world)
        })
    }
}

/// The nearest program of a runtime, from the writer up.
fn culprit(writer: ProcessKey, world: &World) -> Option<(ProcessKey, Runtime)> {
    let runtime = |name: &str| {
        let mut known = PROGRAMS.iter();
        known.find_map(|(program, runtime)| (*program == name).then_some(*runtime))
    };
    let process = world.process(&writer)?;
    if let Some(runtime) = runtime(process.program()) {
        return Some((writer, runtime));
    }
    let mut above = process.ancestors.iter();
    above.find_map(|above| Some((above.key, runtime(&above.comm)?)))
}

fn subject(image: &StoredImage, store: Option<&StoreRef>) -> Subject {
    let tagged = image.names.iter().find(|name| !name.contains('@'));
    let unknown = image.digest_kind.unwrap_or(DigestKind::Unknown);
    let (digest, kind) = match &image.digest {
        Some(digest) => (digest, unknown),
        None => (&image.id, DigestKind::Config),
    };
    Subject {
        image: tagged.or(image.names.first()).cloned(),
        images: match image.names.len() {
            0 | 1 => Vec::new(),
            _ => image.names.clone(),
        },
        digest: Some(digest.clone()),
        digest_kind: Some(kind),
        namespace: store.and_then(|store| store.namespace.clone()),
        ..Subject::default()
    }
}

fn is_under_way(request: &Request, at: Stamp) -> bool {
    let Some(end) = &request.end else {
        return true;
    };
    end.at.is_none_or(|end| at.millis_since(end) <= LATE)
}

#[cfg(test)]
mod tests;

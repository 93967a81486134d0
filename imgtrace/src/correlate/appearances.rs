//! An image that appears in a store's index with nobody seen asking, as an operation.
//!
//! What the index cannot say, whether the image came from a registry or was made here, the writer's
//! command line says; where that says nothing (CRI-O, Podman's service), the image itself: one with
//! a registry's digest whose topmost layer came compressed was pulled. Either is a conclusion.

mod command;

use self::command::Deed;
use super::World;
use super::caller::{Attribution, mention};
use super::chains::Chains;
use super::request::Request;
use crate::model::{
    Confidence, DigestKind, EndpointRef, Op, Operation, OperationId, Outcome, ProcessKey, Runtime,
    Stamp, StoreKind, StoredImage, Subject,
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

/// The operation that an `ImageAppeared` is, without a number; none for other observations, for
/// what a client's request has brought, and for names alone that were given by hand.
pub(super) fn operation(
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
    let (op, reason) = appeared.op(world)?;
    let store = world.inventory.reference(*store);
    let attribution = appeared.culprit.map(|key| Attribution::seen(world, key));
    let attribution = attribution.unwrap_or_default();
    let place = store.as_ref().map_or("the store", |store| &store.root);
    let mut evidence = vec![appeared.written(place, world), reason];
    evidence.extend(attribution.evidence);
    let mut inferred_fields = vec!["op".to_owned()];
    if appeared.culprit.is_some() {
        inferred_fields.push("caller".to_owned());
    }
    let kind = store.as_ref().map(|store| store.kind);
    Some(Operation {
        id: OperationId(0),
        at,
        ended_at: Some(at),
        op,
        subject: subject(image),
        endpoint: EndpointRef {
            id: None,
            runtime: appeared.runtime.unwrap_or_else(|| runtime_of(kind)),
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
        unasked: appeared.culprit.is_some_and(|key| world.is_server(key)),
        retry_of: None,
    })
}

impl Appeared<'_> {
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

/// The runtime, where nothing tells whose program it was.
const fn runtime_of(kind: Option<StoreKind>) -> Runtime {
    match kind {
        Some(StoreKind::Docker) => Runtime::Docker,
        Some(StoreKind::Containerd) => Runtime::Containerd,
        Some(StoreKind::BuildKit) => Runtime::BuildKit,
        Some(StoreKind::ContainersStorage) | None => Runtime::Podman,
    }
}

fn subject(image: &StoredImage) -> Subject {
    let tagged = image.names.iter().find(|name| !name.contains('@'));
    let (digest, kind) = match &image.digest {
        Some(digest) => (digest, DigestKind::Unknown),
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
        ..Subject::default()
    }
}

fn is_under_way(request: &Request, at: Stamp) -> bool {
    let Some(end) = &request.end else {
        return true;
    };
    end.at.is_none_or(|end| at.millis_since(end) <= LATE)
}

/// True if a request may bring this image: a pull one of the same name or digest, what makes images
/// any.
fn brings(request: &Request, image: &StoredImage, world: &World) -> bool {
    match request.op {
        Op::Build | Op::Commit | Op::Load | Op::Import | Op::Tag | Op::AddImage => true,
        Op::Pull => {
            let (subject, _) = request.completed(world);
            let asked = subject.images.iter().chain(&subject.image);
            let mut asked = asked.map(|name| last_part(name));
            let is_named = |name: &str| image.names.iter().any(|known| last_part(known) == name);
            let digest = subject.digest.as_ref();
            asked.any(is_named)
                || digest.is_some_and(|it| *it == image.id || Some(it) == image.digest.as_ref())
                || image.names.is_empty()
        }
        _ => false,
    }
}

/// `busybox:1` of any registry's: a short name may have been completed in another way than by the
/// one who asked.
fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

#[cfg(test)]
mod tests;

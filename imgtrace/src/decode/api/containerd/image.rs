//! Calls of `images.v1.Images`: names that are read, made, moved and removed.

use super::fetch::Key;
use super::message::{
    DeleteImageRequest, Descriptor, IdRequest, Image, ImageMessage, ListImagesResponse,
};
use super::naming::Asked;
use super::{Said, State};
use crate::decode::api::named;
use crate::decode::api::rpc::{Ending, Payload, Procedure, Shape, ending, never};
use crate::decode::rpc::End;
use crate::decode::{Direction, Event};
use crate::model::{Api, DigestKind, Op};
use crate::observation::Fact;

/// Names that dockerd gives to images that have none, for itself (moby
/// `daemon/containerd/soft_delete.go`).
pub(super) const DANGLING: &str = "moby-dangling@";

/// `Delete`.
pub(super) const DELETE: Procedure = Procedure {
    api: Api::Containerd,
    shape: Shape::Unary,
    asked: |payload| {
        let asked: DeleteImageRequest = payload.read();
        if asked.name.starts_with(DANGLING) {
            return None;
        }
        let subject = named::image(&asked.name, DigestKind::Unknown);
        Some((Op::RemoveImage, subject))
    },
    answered: never,
};

/// gRPC's `NOT_FOUND` (`doc/statuscodes.md`).
const NOT_FOUND: u32 = 5;
/// gRPC's `ALREADY_EXISTS`.
const ALREADY_EXISTS: u32 = 6;

/// A call that reads or makes a name.
#[derive(Debug)]
pub(super) struct ImageCall {
    method: Method,
    /// A message has answered it.
    is_answered: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Get,
    List,
    Create,
    Update,
}

impl ImageCall {
    pub(super) fn new(method: &str) -> Option<Self> {
        let method = match method {
            "Get" => Method::Get,
            "List" => Method::List,
            "Create" => Method::Create,
            "Update" => Method::Update,
            _ => return None,
        };
        Some(Self {
            method,
            is_answered: false,
        })
    }

    pub(super) fn message(
        &mut self,
        state: &mut State,
        said: Said<'_>,
        payload: &mut Payload,
        facts: &mut Vec<Fact>,
        out: &mut Vec<Event>,
    ) {
        match (self.method, said.direction) {
            (Method::Create | Method::Update, Direction::ToServer) => {
                let asked: ImageMessage = payload.read();
                name(state, self.method, said, asked.image, out);
            }
            (Method::Get, Direction::ToClient) => {
                let answer: ImageMessage = payload.read();
                read(state, said, answer.image.as_slice(), facts);
            }
            (Method::List, Direction::ToClient) => {
                let answer: ListImagesResponse = payload.read();
                read(state, said, &answer.images, facts);
            }
            _ => {}
        }
        self.is_answered |= said.direction == Direction::ToClient;
    }

    /// How it ended.
    pub(super) fn ending(&self, end: &End) -> Ending {
        ending(end, self.is_answered)
    }

    /// True if the client of a pull or import tries it otherwise: a pull makes a name and moves it
    /// if it exists (containerd `client/client.go`, `createNewImage`); an import moves it and makes it
    /// if it does not (`client/import.go`). A refusal whose code is not known may be such a one.
    pub(super) fn is_retried(&self, end: &End) -> bool {
        let End::Status { code, message } = end else {
            return false;
        };
        match (self.method, code) {
            (Method::Update, Some(code)) => *code == NOT_FOUND,
            (Method::Create, Some(code)) => *code == ALREADY_EXISTS,
            (Method::Update | Method::Create, None) => !message.is_empty(),
            (Method::Get | Method::List, _) => false,
        }
    }
}

/// A name is removed.
pub(super) fn deleted(state: &mut State, said: Said<'_>, payload: &mut Payload) {
    if said.direction == Direction::ToServer {
        let asked: DeleteImageRequest = payload.read();
        let namespace = said.head.namespace.as_deref();
        state.seen.forget(namespace, &asked.name);
    }
}

/// An image is given a name: of what was fetched, or of an image that was just read.
fn name(
    state: &mut State,
    method: Method,
    said: Said<'_>,
    image: Option<Image>,
    out: &mut Vec<Event>,
) {
    let image = image.unwrap_or_default();
    if image.name.is_empty() || image.name.starts_with(DANGLING) {
        return;
    }
    let namespace = said.head.namespace.as_deref();
    state.seen.forget(namespace, &image.name);
    let key = Key::of(said.head);
    let asked = Asked {
        head: said.head,
        key: &key,
        target: image.target.as_ref(),
        name: &image.name,
    };
    if state.namings.retry(&asked) {
        return;
    }
    let target = image.target.as_ref().map(|target| target.digest.as_str());
    if let Some(fetch) = state.fetches.made_into(&key, target, said.at) {
        state.namings.fetched(&asked, &fetch, out);
    } else if !state.namings.import_more(&asked, out) && method == Method::Create {
        let digest = image.target.as_ref().map(|target| target.digest.as_str());
        let other = digest.and_then(|digest| {
            state
                .seen
                .other_name(namespace, digest, &image.name, said.at)
        });
        if let Some(other) = other {
            state.namings.tagged(&asked, other, out);
        }
    }
}

fn read(state: &mut State, said: Said<'_>, images: &[Image], facts: &mut Vec<Fact>) {
    let namespace = said.head.namespace.as_deref();
    for image in images {
        state.seen.read(namespace, image, said.at);
    }
    for image in images {
        let digest = image.target.as_ref().map(|target| target.digest.as_str());
        let fact = digest.and_then(|digest| state.seen.fact(digest));
        facts.extend(fact.filter(|fact| !facts.contains(fact)));
    }
}

/// The lease that a pull is done under is given back: it is over.
pub(super) fn lease_deleted(
    state: &mut State,
    said: Said<'_>,
    payload: &mut Payload,
    out: &mut Vec<Event>,
) {
    if said.direction == Direction::ToServer {
        let asked: IdRequest = payload.read();
        let key = Key::of_lease(said.head, asked.id);
        state.namings.finish(&key, said.at, out);
        state.fetches.take(&key, said.at);
    }
}

/// What a descriptor's digest names.
pub(super) fn kind(descriptor: &Descriptor) -> DigestKind {
    match descriptor.media_type.as_str() {
        "application/vnd.oci.image.index.v1+json"
        | "application/vnd.docker.distribution.manifest.list.v2+json" => DigestKind::Index,
        "application/vnd.oci.image.manifest.v1+json"
        | "application/vnd.docker.distribution.manifest.v2+json" => DigestKind::Manifest,
        _ => DigestKind::Unknown,
    }
}

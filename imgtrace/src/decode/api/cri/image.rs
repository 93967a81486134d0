//! Operations on images, and what a message calls an image.

use super::message::{ImageSpec, PullImageRequest, PullImageResponse, RemoveImageRequest};
use super::pod;
use crate::decode::api::named;
use crate::decode::api::rpc::{Procedure, Shape, never};
use crate::model::{Api, DigestKind, ImageName, Op, Reference, Subject, image_id};

pub(super) const PULL: Procedure = Procedure {
    api: Api::Cri,
    shape: Shape::Unary,
    asked: |payload| {
        let asked: PullImageRequest = payload.read();
        let subject = Subject {
            pod: pod(asked.sandbox_config.and_then(|sandbox| sandbox.metadata)),
            ..named(&asked.image.unwrap_or_default())
        };
        Some((Op::Pull, subject))
    },
    answered: |payload, subject| {
        let answer: PullImageResponse = payload.read();
        if let Some((digest, kind)) = pulled(&answer.image_ref) {
            subject.digest = Some(digest);
            subject.digest_kind = Some(kind);
        }
    },
};

pub(super) const REMOVE: Procedure = Procedure {
    api: Api::Cri,
    shape: Shape::Unary,
    asked: |payload| {
        let asked: RemoveImageRequest = payload.read();
        Some((Op::RemoveImage, named(&asked.image.unwrap_or_default())))
    },
    answered: never,
};

/// The image of a specification: its name, else what its user has written, beside its id.
///
/// kubelet resolves the name before it creates a container and then gives the id as `image`.
pub(super) fn named(spec: &ImageSpec) -> Subject {
    let given = if spec.image.is_empty() {
        &spec.user_specified_image
    } else {
        &spec.image
    };
    let mut subject = named::image(given, DigestKind::Unknown);
    if subject.image.is_none() {
        subject.image = named::name(&spec.user_specified_image);
    }
    subject
}

/// The name of a specification; null where it has only ids.
pub(super) fn name(spec: &ImageSpec) -> Option<String> {
    [&spec.image, &spec.user_specified_image]
        .into_iter()
        .find_map(|given| named::name(given))
}

/// What the answer to a pull says, by runtime: containerd the id, `sha256:` and the digest of the
/// configuration (`internal/cri/server/images/image_pull.go`); CRI-O from 1.36 the same as bare
/// digits; CRI-O before and cri-dockerd (`core/image.go`) `name@sha256:…`, whose digest is the
/// manifest's or the index'. cri-dockerd gives an id only for an image that has no such name.
fn pulled(image_ref: &str) -> Option<(String, DigestKind)> {
    if let Some(id) = image_id(image_ref) {
        return Some((id, DigestKind::Config));
    }
    match ImageName::parse(image_ref) {
        ImageName::Reference(reference) => {
            let digest = Reference::digest(&reference)?;
            Some((digest.to_owned(), DigestKind::Unknown))
        }
        ImageName::Id(_) | ImageName::Invalid => None,
    }
}

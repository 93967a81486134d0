//! What messages name: images, containers and versions, each written in one way.

use crate::decode::clean::clean;
use crate::model::{Bind, DigestKind, ImageName, Reference, Subject};
use crate::observation::Fact;

/// Bytes of a version that are believed.
const MAX_VERSION: usize = 64;

/// An image by its name or id, and what ids are digests of. What is neither stands as a name, as it
/// was given.
pub(super) fn image(given: &str, ids: DigestKind) -> Subject {
    let mut subject = Subject::default();
    match ImageName::parse(given) {
        ImageName::Id(id) => {
            subject.digest = Some(id);
            subject.digest_kind = Some(ids);
        }
        ImageName::Invalid if given.is_empty() => {}
        ImageName::Reference(_) | ImageName::Invalid => subject.image = Some(reference(given)),
    }
    subject
}

/// A reference in full, or what was given if it is none.
pub(super) fn reference(given: &str) -> String {
    written(Reference::parse(given).map(Reference::or_latest), given)
}

/// The reference in full, or what was given if it is none.
pub(super) fn written(reference: Option<Reference>, given: &str) -> String {
    reference.map_or_else(|| clean(given), |reference| reference.to_string())
}

/// A name that an image has, if what was given is one; an id is none.
pub(super) fn name(given: &str) -> Option<String> {
    match ImageName::parse(given) {
        ImageName::Reference(reference) => Some(reference.or_latest().to_string()),
        ImageName::Id(_) | ImageName::Invalid => None,
    }
}

/// A text that is kept as it was sent, cleaned; null if nothing is left.
pub(super) fn text(given: &str) -> Option<String> {
    Some(clean(given)).filter(|text| !text.is_empty())
}

/// What a container is to see of the machine; null if that is no path.
pub(super) fn bind(source: &str, target: &str, read_only: bool) -> Option<Bind> {
    source.starts_with('/').then(|| Bind {
        source: clean(source),
        target: clean(target),
        read_only,
    })
}

/// A container's or sandbox's id, in full.
pub(super) fn full_id(text: &str) -> Option<String> {
    let hex = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    (text.len() == 64 && hex).then(|| text.to_owned())
}

/// The version that a daemon told.
pub(super) fn version(number: &str) -> Option<Fact> {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-+~_".contains(c);
    let valid = !number.is_empty() && number.len() <= MAX_VERSION && number.chars().all(plain);
    valid.then(|| Fact::Version {
        version: number.to_owned(),
    })
}

//! Requests that Podman's own API puts otherwise than Docker's.

use super::{Request, written};
use crate::decode::clean::clean;
use crate::model::{Reference, Subject};

impl Request<'_> {
    pub(super) fn libpod_pull(&self) -> Subject {
        let given = self.params.first("reference").unwrap_or_default();
        let given = without_transport(given);
        let all_tags = self.params.is_true("allTags");
        let reference = Reference::parse(given);
        let reference = if all_tags {
            reference
        } else {
            reference.map(Reference::or_latest)
        };
        Subject {
            all_tags,
            image: (!given.is_empty()).then(|| written(reference, given)),
            platform: self.libpod_platform(),
            ..Subject::default()
        }
    }

    pub(super) fn libpod_import(&self) -> Subject {
        let image = self
            .params
            .first("reference")
            .map(|given| self.new_name(given));
        Subject {
            image,
            platform: self.libpod_platform(),
            ..Subject::default()
        }
    }

    /// `OS/Arch/Variant`; either of the first two may be left out.
    fn libpod_platform(&self) -> Option<String> {
        let parts = ["OS", "Arch", "Variant"].map(|key| self.params.first(key));
        let given: Vec<_> = parts.into_iter().flatten().collect();
        (!given.is_empty()).then(|| clean(&given.join("/")))
    }

    /// A push of its `latest` if it has no tag, and to another name if there is a `destination`.
    pub(super) fn libpod_push(&self, image: &str) -> Subject {
        let target = self.params.first("destination").map(|given| {
            let given = without_transport(given);
            written(Reference::parse(given).map(Reference::or_latest), given)
        });
        Subject {
            target,
            ..self.image(image)
        }
    }
}

/// The only transport that Podman takes over its API (`utils.IsRegistryReference`).
fn without_transport(given: &str) -> &str {
    given.strip_prefix("docker://").unwrap_or(given)
}

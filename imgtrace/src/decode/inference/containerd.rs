//! The rules for the methods of containerd's own services (containerd `api/services`, 1.11).
//!
//! A client that stays connected is a daemon: dockerd, buildkitd, a CRI runtime's metrics.

#[cfg(test)]
mod tests;

use super::form::is_digest;
use super::method::Method;
use super::rule::{Fit, Rule};
use super::shape::Shape;

/// All of them.
pub(super) const RULES: &[Rule] = &[
    CONTAINERS_CREATE,
    IMAGES_GET,
    IMAGES_CREATE,
    IMAGES_UPDATE,
    CONTENT_INFO,
    CONTENT_UPDATE,
    CONTENT_WRITE,
    TASKS_CREATE,
    TASKS_START,
    TASKS_KILL,
    TRANSFER,
];

/// `Containers/Create` {container {id, …, runtime = 4, spec = 5}} → {container {…, created = 8,
/// updated = 9}}.
///
/// Look-alike: `Containers/Update` without a mask. A new container was created and updated at one
/// time (containerd `core/metadata/containers.go`), an updated one never. `sandbox.v1.Store/Create`
/// has a message where the image's name is, and no type's name below its fifth field.
const CONTAINERS_CREATE: Rule = Rule {
    method: Method::ContainersCreate,
    request: |request| request.only(&[1]) && request.message(1).is_some_and(is_container),
    by_request: |_| false,
    answer: |request, answer| match pair(request, answer) {
        Some((asked, given)) if asked.text(1) == given.text(1) => {
            Fit::telling(answer.only(&[1]) && is_new(given, 8, 9))
        }
        _ => Fit::No,
    },
    evidence: Some("the request is a container's record, the answer the same record, just created"),
};

/// `Images/Get` {name} → {image {name, labels, target, …}}.
///
/// Look-alikes: `Containers/Get` (text where the target is), `Content/Info` (a time there).
const IMAGES_GET: Rule = Rule {
    method: Method::ImagesGet,
    request: |request| request.only(&[1]) && request.text(1).is_some(),
    by_request: |_| false,
    answer: |request, answer| {
        let same = |image: Shape<'_>| image.text(1) == request.text(1);
        let fits = |image| is_image(image) && same(image);
        Fit::telling(answer.only(&[1]) && answer.message(1).is_some_and(fits))
    },
    evidence: Some("the request is a name, the answer the image with that name"),
};

/// `Images/Create` {image {name, labels, target, …}, date} → {image {…, created = 7, updated = 8}}.
///
/// Look-alike: `Images/Update` without a mask. A new image was created and updated at one time
/// (containerd `core/metadata/images.go`).
const IMAGES_CREATE: Rule = Rule {
    method: Method::ImagesCreate,
    request: |request| {
        let date = || {
            request
                .message(2)
                .is_some_and(|date| date.varint(1).is_some())
        };
        request.only(&[1, 2])
            && request.message(1).is_some_and(is_image)
            && (!request.has(2) || date())
    },
    by_request: |_| false,
    answer: |request, answer| match pair(request, answer) {
        Some((asked, given)) if same_image(asked, given) => {
            Fit::telling(answer.only(&[1]) && is_new(given, 7, 8))
        }
        _ => Fit::No,
    },
    evidence: Some("the request is an image's record, the answer the same record, just created"),
};

/// `Images/Update` {image, mask, date} → {image}. Look-alike: `Images/Create`, which has no mask.
const IMAGES_UPDATE: Rule = Rule {
    method: Method::ImagesUpdate,
    request: |request| {
        let mask = || {
            request
                .message(2)
                .is_some_and(|mask| mask.text(1).is_some())
        };
        request.only(&[1, 2, 3])
            && request.message(1).is_some_and(is_image)
            && (!request.has(2) || mask())
    },
    by_request: |_| false,
    answer: |request, answer| match pair(request, answer) {
        Some((asked, given)) if same_image(asked, given) && answer.only(&[1]) => {
            if request.has(2) || !is_new(given, 7, 8) {
                Fit::Telling
            } else {
                Fit::No
            }
        }
        _ => Fit::No,
    },
    evidence: Some("the request is an image's record, the answer the same record, updated"),
};

/// `Content/Info` {digest} → {info {digest, size, created, updated, labels}}.
///
/// Look-alikes: `Snapshots/Stat` (two fields in the request), `Mounts/Info` (no digest).
const CONTENT_INFO: Rule = Rule {
    method: Method::ContentInfo,
    request: |request| request.only(&[1]) && request.text(1).is_some_and(is_digest),
    by_request: |_| false,
    answer: |request, answer| {
        let fits = |info: Shape<'_>| is_info(info) && info.text(1) == request.text(1);
        Fit::telling(answer.only(&[1]) && answer.message(1).is_some_and(fits))
    },
    evidence: Some("the request is a digest, the answer what is stored under it"),
};

/// `Content/Update` {info {digest, …, labels}, mask} → {info}. It says where content is from.
///
/// Look-alikes: `Images/Update`, `Containers/Update` and `Mounts/Update` have a name where the
/// digest is.
const CONTENT_UPDATE: Rule = Rule {
    method: Method::ContentUpdate,
    request: |request| {
        let digest = request.message(1).and_then(|info| info.text(1));
        let mask = || {
            request
                .message(2)
                .is_some_and(|mask| mask.text(1).is_some())
        };
        request.only(&[1, 2]) && digest.is_some_and(is_digest) && (!request.has(2) || mask())
    },
    by_request: |_| false,
    answer: |request, answer| match pair(request, answer) {
        Some((asked, given)) if asked.text(1) == given.text(1) => {
            Fit::telling(answer.only(&[1]) && is_info(given))
        }
        _ => Fit::No,
    },
    evidence: Some("the request is a digest and labels, the answer what is stored under it"),
};

/// `Content/Write`, a stream of {action, reference, total, expected, offset, data, labels} → {action,
/// started, updated, offset, total, digest}.
///
/// Look-alikes: none has two times as the second and third field of its answer; `Content/Status`
/// nests them. References are `layer-sha256:…` and the like (containerd `core/remotes/handlers.go`).
const CONTENT_WRITE: Rule = Rule {
    method: Method::ContentWrite,
    request: |request| {
        let reference = |text: &str| {
            text.split_once('-')
                .is_some_and(|(_, digest)| is_digest(digest))
        };
        request.only(&[1, 2, 3, 4, 5, 6, 7])
            && request.text(2).is_some_and(reference)
            && request.varint(1).is_none_or(|action| action <= 2)
    },
    by_request: |_| false,
    answer: |_, answer| {
        let times = (2..=3).all(|number| answer.message(number).is_some_and(is_time));
        Fit::telling(answer.only(&[1, 2, 3, 4, 5, 6]) && times)
    },
    evidence: Some("the request is content under a reference, the answer how far it is written"),
};

/// `Tasks/Create` {id, rootfs, streams = 4 to 6, …, options = 9, …} → {id, pid}.
///
/// Look-alikes: `Tasks/Delete` {id} → {id, pid, status, time}, `sandbox.v1.Controller/Start` {id,
/// sandboxer = 10} → {id, pid, time, …}.
const TASKS_CREATE: Rule = Rule {
    method: Method::TasksCreate,
    request: |request| {
        let stream = (4..=6).any(|number| request.text(number).is_some());
        let options = || request.message(9).is_some_and(|any| any.text(1).is_some());
        request.only(&[1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
            && request.text(1).is_some()
            && (stream || options())
    },
    by_request: |_| false,
    answer: |request, answer| {
        let pid = answer.varint(2).is_some_and(|pid| pid > 0);
        Fit::telling(answer.only(&[1, 2]) && pid && answer.text(1) == request.text(1))
    },
    evidence: Some("the request is a container's id and its streams, the answer the id and a pid"),
};

/// `Tasks/Start` {id, exec id} → {pid}.
///
/// Look-alikes: `Snapshots/Usage` {snapshotter, key} → {size, …}. So it tells nothing until the pid
/// is the one that `Tasks/Create` gave for this id.
const TASKS_START: Rule = Rule {
    method: Method::TasksStart,
    request: |request| {
        request.only(&[1, 2])
            && request.text(1).is_some()
            && (!request.has(2) || request.text(2).is_some())
    },
    by_request: |_| false,
    answer: |_, answer| Fit::possible(answer.only(&[1]) && answer.varint(1).is_some()),
    evidence: None,
};

/// `Tasks/Kill` {id, exec id, signal, all} → {}.
///
/// Look-alikes: `Tasks/ResizePty` {id, exec id, width, height} (a terminal has a height other than
/// 1), `Tasks/CloseIO` {id, exec id, 1} (signal 1 is not believed), CRI's `ExecSync` (its command
/// is never empty), `Content/Read` {digest, offset, size} (an offset, or no digest's form).
const TASKS_KILL: Rule = Rule {
    method: Method::TasksKill,
    request: |request| {
        request.only(&[1, 2, 3, 4])
            && request.text(1).is_some_and(|id| !is_digest(id))
            && !request.has(2)
            && request
                .varint(3)
                .is_some_and(|signal| SIGNALS.contains(&signal))
            && (!request.has(4) || request.varint(4) == Some(1))
    },
    by_request: |_| false,
    answer: |_, answer| Fit::telling(answer.is_empty()),
    evidence: Some("the request is an id and a signal, the answer empty"),
};

/// Signals without SIGHUP (signal(7)).
const SIGNALS: std::ops::RangeInclusive<u64> = 2..=64;

/// `Transfer` {source, destination, options} → {}, each with its type's name; no other request has
/// such names (containerd `api/types/transfer`).
const TRANSFER: Rule = Rule {
    method: Method::Transfer,
    request: |request| {
        let of_transfer = |any: Shape<'_>| {
            any.text(1)
                .is_some_and(|name| name.starts_with("containerd.types.transfer."))
        };
        request.only(&[1, 2, 3])
            && (1..=2).all(|side| request.message(side).is_some_and(of_transfer))
    },
    by_request: |_| true,
    answer: |_, answer| Fit::telling(answer.is_empty()),
    evidence: Some("the request is a source and a destination of a transfer, the answer empty"),
};

/// The messages in the first field of both.
fn pair<'a>(request: Shape<'a>, answer: Shape<'a>) -> Option<(Shape<'a>, Shape<'a>)> {
    Some((request.message(1)?, answer.message(1)?))
}

/// True for `Container` {id = 1, runtime = 4 {name}, spec = 5 {type's name, …}, …}.
fn is_container(container: Shape<'_>) -> bool {
    let first = |number| container.message(number).and_then(|part| part.text(1));
    let is_spec = |name: &str| name.contains("runtime-spec");
    container.text(1).is_some() && first(4).is_some() && first(5).is_some_and(is_spec)
}

/// True for `Image` {name = 1, labels = 2, target = 3, …}.
fn is_image(image: Shape<'_>) -> bool {
    image.text(1).is_some() && target(image).is_some()
}

/// The digest of an image's target, `Descriptor` {media type = 1, digest = 2, size = 3}.
fn target(image: Shape<'_>) -> Option<&str> {
    let target = image.message(3)?;
    let media = target.text(1).is_some_and(|media| media.contains('/'));
    target.text(2).filter(|digest| media && is_digest(digest))
}

fn same_image(one: Shape<'_>, other: Shape<'_>) -> bool {
    one.text(1) == other.text(1) && target(one) == target(other)
}

/// True if both fields are the same time.
fn is_new(record: Shape<'_>, created: u32, updated: u32) -> bool {
    record.message(created).is_some_and(is_time) && record.bytes(created) == record.bytes(updated)
}

/// True for `Info` {digest = 1, size = 2, created = 3, updated = 4, …}.
fn is_info(info: Shape<'_>) -> bool {
    info.text(1).is_some_and(is_digest)
        && info.varint(2).is_some()
        && (3..=4).all(|time| info.message(time).is_some_and(is_time))
}

/// True for `Timestamp` {seconds, nanoseconds}.
fn is_time(time: Shape<'_>) -> bool {
    time.only(&[1, 2]) && time.varint(1).is_some()
}

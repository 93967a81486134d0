//! `ImageService`.

use super::{has_id, is_flag, is_number, is_pod_metadata};
use crate::decode::inference::form::{is_image_id, is_image_name, is_image_ref};
use crate::decode::inference::method::Method;
use crate::decode::inference::rule::{Fit, Rule};
use crate::decode::inference::shape::Shape;

/// `PullImage` {image {name, …}, auth, pod's configuration} → {image ref}.
///
/// Look-alikes: `ImageStatus` and `RemoveImage` have the same request without the pod (their
/// answers are an image and nothing), `RunPodSandbox` has a message where the image's name is,
/// `ListPodSandbox` and `ListContainers` may have an id there (nothing is pulled by its id).
pub(super) const PULL_IMAGE: Rule = Rule {
    method: Method::PullImage,
    request: |request| {
        let pod = || request.message(3).and_then(|config| config.message(1));
        request.only(&[1, 2, 3])
            && request
                .message(1)
                .is_some_and(|image| is_image_spec(image) && !has_id(image, 1))
            && (!request.has(3) || pod().is_some_and(is_pod_metadata))
    },
    by_request: |request| request.has(3),
    answer: |_, answer| Fit::telling(answer.only(&[1]) && answer.text(1).is_some_and(is_image_ref)),
    evidence: Some("the request is an image's name, the answer its digest"),
};

/// `ImageStatus` {image {name, …}, verbose} → {image {id, tags, digests, size, …}, info}, or {} for
/// an image that is not there.
///
/// Look-alikes: `RemoveImage` where nothing is answered; containerd's `Images/Get` {name} has text
/// where the name's message is.
pub(super) const IMAGE_STATUS: Rule = Rule {
    method: Method::ImageStatus,
    request: |request| {
        request.only(&[1, 2])
            && request.message(1).is_some_and(is_image_spec)
            && is_flag(request, 2)
    },
    by_request: |_| false,
    answer: |_, answer| {
        if answer.is_empty() {
            return Fit::Possible;
        }
        let found = answer.count(1) == 1 && answer.message(1).is_some_and(is_image);
        Fit::telling(found && answer.only(&[1, 2]))
    },
    evidence: Some("the request is an image's name, the answer an image"),
};

/// `RemoveImage` {image {name, …}} → {}. Look-alike: `ImageStatus` of an image that is not there.
pub(super) const REMOVE_IMAGE: Rule = Rule {
    method: Method::RemoveImage,
    request: |request| request.only(&[1]) && request.message(1).is_some_and(is_image_spec),
    by_request: |_| false,
    answer: |_, answer| Fit::possible(answer.is_empty()),
    evidence: None,
};

/// `ListImages` {filter {image}} → {image…}.
///
/// Look-alikes: `StreamImages` has the same messages and reads the same; `ImageStatus` has a name
/// in its request; containerd's `Images/List` answers images that begin with a name and have no
/// number for their size.
pub(super) const LIST_IMAGES: Rule = Rule {
    method: Method::ListImages,
    request: |request| {
        request.only(&[1]) && (!request.has(1) || request.message(1).is_some_and(is_filter))
    },
    by_request: |_| false,
    answer: |_, answer| {
        if answer.is_empty() {
            return Fit::Possible;
        }
        let images = answer.items(1).unwrap_or_default();
        Fit::telling(answer.only(&[1]) && !images.is_empty() && images.into_iter().all(is_image))
    },
    evidence: Some("the answer is a list of images"),
};

/// `ImageFsInfo` {} → {file systems' usage…, …}.
///
/// Look-alikes: the other lists that are asked for by nothing; no other begins with {number,
/// {path}, …}.
pub(super) const IMAGE_FS_INFO: Rule = Rule {
    method: Method::ImageFsInfo,
    request: |request| request.is_empty(),
    by_request: |_| false,
    answer: |_, answer| {
        let usages = answer.items(1).unwrap_or_default();
        Fit::telling(answer.only(&[1, 2]) && !usages.is_empty() && usages.into_iter().all(is_usage))
    },
    evidence: Some("the answer is the usage of file systems"),
};

/// True for `ImageFilter` {image}.
fn is_filter(filter: Shape<'_>) -> bool {
    let fits = |image: Shape<'_>| image.is_empty() || is_image_spec(image);
    filter.only(&[1]) && (!filter.has(1) || filter.message(1).is_some_and(fits))
}

/// True for `ImageSpec` {image = 1, annotations = 2, user specified image = 18, handler = 19, ref =
/// 20}.
fn is_image_spec(shape: Shape<'_>) -> bool {
    shape.only(&[1, 2, 18, 19, 20]) && shape.text(1).is_some_and(is_image_name)
}

/// True for `Image` {id = 1, tags = 2, digests = 3, size = 4, …}. A sandbox and a container in a
/// list begin with an id too; what is second or third in them is a message.
fn is_image(shape: Shape<'_>) -> bool {
    let is_name = |number| !shape.has(number) || shape.text(number).is_some();
    shape.text(1).is_some_and(is_image_id) && is_name(2) && is_name(3) && is_number(shape, 4)
}

/// True for `FilesystemUsage` {timestamp = 1, {mountpoint} = 2, used bytes = 3, inodes = 4}.
fn is_usage(shape: Shape<'_>) -> bool {
    let mountpoint = shape.message(2).and_then(|id| id.text(1));
    is_number(shape, 1) && mountpoint.is_some_and(|path| path.starts_with('/'))
}

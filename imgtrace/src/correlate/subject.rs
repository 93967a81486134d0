//! What a request is about, completed by what was seen before, and remembered for what comes.

use super::World;
use super::containers::Container;
use super::pod;
use crate::model::{Api, Calling, EndpointId, Op, Outcome, Subject};

/// Operations whose image is the one that their container was made of.
const ON_CONTAINERS: [Op; 6] = [
    Op::Start,
    Op::Restart,
    Op::Stop,
    Op::Kill,
    Op::RemoveContainer,
    Op::Exec,
];

/// Operations whose request can call an image by its id.
const BY_IMAGE_ID: [Op; 5] = [Op::Create, Op::RemoveImage, Op::Tag, Op::Push, Op::Save];

/// Puts full ids and names in; returns the JSON names of the fields that are concluded.
pub(super) fn complete(
    subject: &mut Subject,
    op: Op,
    api: Api,
    endpoint: EndpointId,
    world: &World,
) -> Vec<String> {
    if subject.container.is_none()
        && let Some(exec) = &subject.exec
    {
        let container = world.containers.of_exec(endpoint, exec);
        subject.container = container.map(str::to_owned);
    }
    let containers = &world.containers;
    let resolve = |given: String| {
        let found = match api.calling() {
            Calling::ByName => containers.resolve(endpoint, &given),
            Calling::ByShortId => containers.resolve_id(endpoint, &given),
            Calling::ByWholeId => None,
        };
        found.unwrap_or(given)
    };
    subject.container = subject.container.take().map(resolve);
    subject.sandbox = subject.sandbox.take().map(resolve);
    complete_container(subject, op, endpoint, world);
    if BY_IMAGE_ID.contains(&op) {
        name_image(subject, endpoint, world)
    } else {
        Vec::new()
    }
}

/// Puts in the name of an image that was called by its id, and the id that a short one stands for.
fn name_image(subject: &mut Subject, endpoint: EndpointId, world: &World) -> Vec<String> {
    let mut inferred = Vec::new();
    let images = &world.images;
    let full = match (&subject.image, &subject.digest) {
        (Some(image), _) => images.by_id_like_name(endpoint, image),
        (None, Some(given)) => images.by_short_id(endpoint, given),
        (None, None) => None,
    };
    if let Some(id) = full.filter(|id| subject.digest.as_deref() != Some(id)) {
        subject.image = None;
        subject.digest = Some(id.to_owned());
        inferred.push("digest".to_owned());
    }
    if subject.image.is_none()
        && let Some(id) = &subject.digest
        && let Some(name) = images.name_of(endpoint, id)
    {
        subject.image = Some(name.to_owned());
        inferred.push("image".to_owned());
    }
    inferred
}

fn complete_container(subject: &mut Subject, op: Op, endpoint: EndpointId, world: &World) {
    let namespace = subject.namespace.clone();
    let find = |id: &String| {
        let namespace = namespace.as_deref();
        world.containers.get_in(endpoint, namespace, id)
    };
    let known = subject.container.as_ref().and_then(find);
    if subject.container.is_some() {
        let name = known.and_then(|known| known.name_on(endpoint));
        let name = || name.map(str::to_owned);
        subject.container_name = subject.container_name.take().or_else(name);
    }
    if ON_CONTAINERS.contains(&op) {
        let image = || known.and_then(|known| known.image.clone());
        subject.image = subject.image.take().or_else(image);
    }
    if subject.pod.is_none() {
        let sandbox = subject.sandbox.as_ref();
        let of_sandbox = || sandbox.and_then(find)?.pod.clone();
        let name = subject.container_name.as_deref();
        subject.pod = known
            .and_then(|known| world.containers.pod_of(known))
            .or_else(of_sandbox)
            .or_else(|| name.and_then(pod::from_container_name));
    }
}

/// Takes over what a request that worked tells about names.
pub(super) fn remember(op: Op, subject: &Subject, endpoint: EndpointId, world: &mut World) {
    let (image, digest) = (subject.image.as_deref(), subject.digest.as_deref());
    match op {
        Op::Create | Op::RunSandbox => {
            let seen = Container {
                name: subject.container_name.clone(),
                image: subject.image.clone(),
                asked: true,
                pod: subject.pod.clone(),
                namespace: subject.namespace.clone(),
                sandbox: subject.sandbox.clone().filter(|_| op == Op::Create),
                ..Container::default()
            };
            if let Some(id) = subject.container.as_ref().or(subject.sandbox.as_ref()) {
                world.learn_container(endpoint, id, seen);
            }
        }
        Op::RemoveContainer => {
            if let Some(id) = &subject.container {
                world.containers.forget_names(endpoint, id);
            }
        }
        Op::Pull => {
            if let (Some(name), Some(digest)) = (image, digest) {
                world.images.name_digest(endpoint, digest, name);
            }
        }
        Op::Import | Op::Load | Op::Build | Op::Commit => {
            if let Some(id) = digest {
                let all = subject.images.iter().map(String::as_str);
                for name in all.rev().chain(image) {
                    world.images.name_id(endpoint, id, name);
                }
            }
        }
        Op::Tag => {
            let named = || image.and_then(|name| world.images.id_of(endpoint, name));
            let id = digest.or_else(named).map(str::to_owned);
            if let (Some(id), Some(name)) = (id, &subject.target) {
                world.images.name_id(endpoint, &id, name);
            }
        }
        Op::RemoveImage => {
            for gone in image.into_iter().chain(digest) {
                world.images.forget(endpoint, gone);
            }
        }
        _ => {}
    }
}

/// True if a daemon said that it has no such container: then the name meant none that was seen.
///
/// dockerd: `No such container: web`; Podman: `no container with name or ID "web" found: no such
/// container`.
pub(super) fn is_no_such_container(outcome: Outcome, error: Option<&str>) -> bool {
    outcome == Outcome::Error
        && error.is_some_and(|text| text.to_ascii_lowercase().contains("no such container"))
}

#[cfg(test)]
mod tests;

//! What answers tell by the way: containers, sandboxes with their pods, images, the version.

use super::message::{
    Container, ContainerStatus, ContainerStatusResponse, Image, ImageStatusResponse,
    ListContainersResponse, ListImagesResponse, ListPodSandboxResponse, PodSandbox,
    PodSandboxStatusResponse, VersionResponse,
};
use super::{image, pod};
use crate::decode::api::named;
use crate::decode::api::rpc::Payload;
use crate::model::{Reference, image_id};
use crate::observation::Fact;

/// Names of one image that are told.
const MAX_NAMES: usize = 64;

/// `ListContainersResponse` and `StreamContainersResponse`, which have the same field.
pub(super) fn containers(payload: &mut Payload, facts: &mut Vec<Fact>) {
    let answer: ListContainersResponse = payload.read();
    facts.extend(answer.containers.into_iter().filter_map(container));
}

pub(super) fn container_status(payload: &mut Payload, facts: &mut Vec<Fact>) {
    let answer: ContainerStatusResponse = payload.read();
    facts.extend(answer.status.and_then(|status| described(status, None)));
}

/// `ListPodSandboxResponse` and `StreamPodSandboxesResponse`, which have the same field.
pub(super) fn sandboxes(payload: &mut Payload, facts: &mut Vec<Fact>) {
    let answer: ListPodSandboxResponse = payload.read();
    facts.extend(answer.items.into_iter().filter_map(sandbox));
}

/// The status of a sandbox may tell of its containers too.
pub(super) fn sandbox_status(payload: &mut Payload, facts: &mut Vec<Fact>) {
    let answer: PodSandboxStatusResponse = payload.read();
    let status = answer.status.unwrap_or_default();
    let id = named::full_id(&status.id);
    facts.extend(sandbox(status));
    let containers = answer.containers_statuses.into_iter();
    facts.extend(containers.filter_map(|container| described(container, id.as_deref())));
}

/// `ListImagesResponse` and `StreamImagesResponse`, which have the same field.
pub(super) fn images(payload: &mut Payload, facts: &mut Vec<Fact>) {
    let answer: ListImagesResponse = payload.read();
    facts.extend(
        answer
            .images
            .into_iter()
            .filter_map(|image| named_image(&image)),
    );
}

pub(super) fn image_status(payload: &mut Payload, facts: &mut Vec<Fact>) {
    let answer: ImageStatusResponse = payload.read();
    facts.extend(answer.image.and_then(|image| named_image(&image)));
}

/// cri-dockerd and dockershim call themselves `docker` and tell the version of the Docker behind
/// them (cri-dockerd `core/docker_service.go`), which is not theirs.
pub(super) fn version(payload: &mut Payload, facts: &mut Vec<Fact>) {
    let answer: VersionResponse = payload.read();
    if answer.runtime_name != "docker" {
        facts.extend(named::version(&answer.runtime_version));
    }
}

fn container(container: Container) -> Option<Fact> {
    Some(Fact::Container {
        id: named::full_id(&container.id)?,
        name: named::text(&container.metadata.unwrap_or_default().name),
        image: image::name(&container.image.unwrap_or_default()),
        pod: None,
        sandbox: named::full_id(&container.pod_sandbox_id),
    })
}

fn described(status: ContainerStatus, sandbox: Option<&str>) -> Option<Fact> {
    Some(Fact::Container {
        id: named::full_id(&status.id)?,
        name: named::text(&status.metadata.unwrap_or_default().name),
        image: image::name(&status.image.unwrap_or_default()),
        pod: None,
        sandbox: sandbox.map(str::to_owned),
    })
}

fn sandbox(sandbox: PodSandbox) -> Option<Fact> {
    Some(Fact::Sandbox {
        id: named::full_id(&sandbox.id)?,
        pod: pod(sandbox.metadata)?,
    })
}

fn named_image(image: &Image) -> Option<Fact> {
    let given = image.repo_tags.iter().chain(&image.repo_digests);
    let mut names = Vec::new();
    for name in given.filter_map(|name| Reference::parse(name)) {
        let name = name.to_string();
        if !names.contains(&name) && names.len() < MAX_NAMES {
            names.push(name);
        }
    }
    Some(Fact::Image {
        id: image_id(&image.id)?,
        names,
    })
}

//! The messages of the CRI, with the fields that operations need and no others: neither
//! `AuthConfig`, `envs`, `command`, `labels` and `annotations` nor what a command has printed is
//! declared here, so prost steps over them.
//!
//! Numbers are those of k8s.io/cri-api `pkg/apis/runtime/v1/api.proto` at v0.36.3; each message here
//! bears its upstream name, except where several have the same fields.

use prost::Message;

use crate::decode::api::rpc::{Nested, Partial};

/// `PodSandboxConfig` or `ContainerConfig` up to its metadata.
const METADATA: Nested = Nested::leaf(1);

#[derive(Clone, PartialEq, Message)]
pub(super) struct ImageSpec {
    #[prost(string, tag = "1")]
    pub(super) image: String,
    #[prost(string, tag = "18")]
    pub(super) user_specified_image: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct PodSandboxMetadata {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(string, tag = "2")]
    pub(super) uid: String,
    #[prost(string, tag = "3")]
    pub(super) namespace: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct PodSandboxConfig {
    #[prost(message, optional, tag = "1")]
    pub(super) metadata: Option<PodSandboxMetadata>,
}

/// Field 2, `auth`, is left out.
#[derive(Clone, PartialEq, Message)]
pub(super) struct PullImageRequest {
    #[prost(message, optional, tag = "1")]
    pub(super) image: Option<ImageSpec>,
    #[prost(message, optional, tag = "3")]
    pub(super) sandbox_config: Option<PodSandboxConfig>,
}

impl Partial for PullImageRequest {
    const NESTED: &'static [Nested] = &[Nested::leaf(1), Nested::of(3, &[METADATA])];
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct PullImageResponse {
    #[prost(string, tag = "1")]
    pub(super) image_ref: String,
}

impl Partial for PullImageResponse {}

#[derive(Clone, PartialEq, Message)]
pub(super) struct RemoveImageRequest {
    #[prost(message, optional, tag = "1")]
    pub(super) image: Option<ImageSpec>,
}

impl Partial for RemoveImageRequest {
    const NESTED: &'static [Nested] = &[Nested::leaf(1)];
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct RunPodSandboxRequest {
    #[prost(message, optional, tag = "1")]
    pub(super) config: Option<PodSandboxConfig>,
}

impl Partial for RunPodSandboxRequest {
    const NESTED: &'static [Nested] = &[Nested::of(1, &[METADATA])];
}

/// `RunPodSandboxResponse`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct SandboxIdResponse {
    #[prost(string, tag = "1")]
    pub(super) pod_sandbox_id: String,
}

impl Partial for SandboxIdResponse {}

/// `StopPodSandboxRequest` and `RemovePodSandboxRequest`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct SandboxIdRequest {
    #[prost(string, tag = "1")]
    pub(super) pod_sandbox_id: String,
}

impl Partial for SandboxIdRequest {}

/// `StartContainerRequest`, `StopContainerRequest`, `RemoveContainerRequest`, `ExecRequest` and
/// `ExecSyncRequest`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ContainerIdRequest {
    #[prost(string, tag = "1")]
    pub(super) container_id: String,
}

impl Partial for ContainerIdRequest {}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ContainerMetadata {
    #[prost(string, tag = "1")]
    pub(super) name: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ContainerConfig {
    #[prost(message, optional, tag = "1")]
    pub(super) metadata: Option<ContainerMetadata>,
    #[prost(message, optional, tag = "2")]
    pub(super) image: Option<ImageSpec>,
    #[prost(message, repeated, tag = "7")]
    pub(super) mounts: Vec<Mount>,
}

/// Of a volume that is an image `host_path` is empty.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Mount {
    #[prost(string, tag = "1")]
    pub(super) container_path: String,
    #[prost(string, tag = "2")]
    pub(super) host_path: String,
    #[prost(bool, tag = "3")]
    pub(super) readonly: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct CreateContainerRequest {
    #[prost(string, tag = "1")]
    pub(super) pod_sandbox_id: String,
    #[prost(message, optional, tag = "2")]
    pub(super) config: Option<ContainerConfig>,
    #[prost(message, optional, tag = "3")]
    pub(super) sandbox_config: Option<PodSandboxConfig>,
}

impl Partial for CreateContainerRequest {
    const NESTED: &'static [Nested] = &[
        Nested::of(2, &[METADATA, Nested::leaf(2), Nested::leaf(7)]),
        Nested::of(3, &[METADATA]),
    ];
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct CreateContainerResponse {
    #[prost(string, tag = "1")]
    pub(super) container_id: String,
}

impl Partial for CreateContainerResponse {}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Container {
    #[prost(string, tag = "1")]
    pub(super) id: String,
    #[prost(string, tag = "2")]
    pub(super) pod_sandbox_id: String,
    #[prost(message, optional, tag = "3")]
    pub(super) metadata: Option<ContainerMetadata>,
    #[prost(message, optional, tag = "4")]
    pub(super) image: Option<ImageSpec>,
}

/// Also `StreamContainersResponse`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ListContainersResponse {
    #[prost(message, repeated, tag = "1")]
    pub(super) containers: Vec<Container>,
}

impl Partial for ListContainersResponse {}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ContainerStatus {
    #[prost(string, tag = "1")]
    pub(super) id: String,
    #[prost(message, optional, tag = "2")]
    pub(super) metadata: Option<ContainerMetadata>,
    #[prost(message, optional, tag = "8")]
    pub(super) image: Option<ImageSpec>,
}

/// Field 2, `info`, has the environment in it.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ContainerStatusResponse {
    #[prost(message, optional, tag = "1")]
    pub(super) status: Option<ContainerStatus>,
}

impl Partial for ContainerStatusResponse {}

/// `PodSandbox` and `PodSandboxStatus`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct PodSandbox {
    #[prost(string, tag = "1")]
    pub(super) id: String,
    #[prost(message, optional, tag = "2")]
    pub(super) metadata: Option<PodSandboxMetadata>,
}

/// Also `StreamPodSandboxesResponse`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ListPodSandboxResponse {
    #[prost(message, repeated, tag = "1")]
    pub(super) items: Vec<PodSandbox>,
}

impl Partial for ListPodSandboxResponse {}

#[derive(Clone, PartialEq, Message)]
pub(super) struct PodSandboxStatusResponse {
    #[prost(message, optional, tag = "1")]
    pub(super) status: Option<PodSandbox>,
    #[prost(message, repeated, tag = "3")]
    pub(super) containers_statuses: Vec<ContainerStatus>,
}

impl Partial for PodSandboxStatusResponse {}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Image {
    #[prost(string, tag = "1")]
    pub(super) id: String,
    #[prost(string, repeated, tag = "2")]
    pub(super) repo_tags: Vec<String>,
    #[prost(string, repeated, tag = "3")]
    pub(super) repo_digests: Vec<String>,
}

/// Also `StreamImagesResponse`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ListImagesResponse {
    #[prost(message, repeated, tag = "1")]
    pub(super) images: Vec<Image>,
}

impl Partial for ListImagesResponse {}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ImageStatusResponse {
    #[prost(message, optional, tag = "1")]
    pub(super) image: Option<Image>,
}

impl Partial for ImageStatusResponse {}

#[derive(Clone, PartialEq, Message)]
pub(super) struct VersionResponse {
    #[prost(string, tag = "2")]
    pub(super) runtime_name: String,
    #[prost(string, tag = "3")]
    pub(super) runtime_version: String,
}

impl Partial for VersionResponse {}

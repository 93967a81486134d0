//! The messages of containerd's API, with the fields that operations need and no others: neither a
//! container's specification (its environment), labels' values, a resolver's headers nor an
//! `AuthResponse` is declared here, so prost steps over them.
//!
//! Numbers are those of github.com/containerd/containerd `api/services/*/v1/*.proto`,
//! `api/types/*.proto` and `api/types/transfer/*.proto` at api v1.11.1; each message here bears its
//! upstream name, except where several have the same fields.

use bytes::Bytes;
use prost::Message;

use crate::decode::api::rpc::{Nested, Partial};

/// `containerd.types.Descriptor`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Descriptor {
    #[prost(string, tag = "1")]
    pub(super) media_type: String,
    #[prost(string, tag = "2")]
    pub(super) digest: String,
}

/// `containerd.services.images.v1.Image`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Image {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(message, optional, tag = "3")]
    pub(super) target: Option<Descriptor>,
}

/// `CreateImageRequest`, `UpdateImageRequest` and `GetImageResponse`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ImageMessage {
    #[prost(message, optional, tag = "1")]
    pub(super) image: Option<Image>,
}

impl Partial for ImageMessage {
    const NESTED: &'static [Nested] = &[Nested::of(1, &[Nested::leaf(3)])];
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ListImagesResponse {
    #[prost(message, repeated, tag = "1")]
    pub(super) images: Vec<Image>,
}

impl Partial for ListImagesResponse {}

#[derive(Clone, PartialEq, Message)]
pub(super) struct DeleteImageRequest {
    #[prost(string, tag = "1")]
    pub(super) name: String,
}

impl Partial for DeleteImageRequest {}

/// An entry of a `map<string, string>` of labels, without its value.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Label {
    #[prost(string, tag = "1")]
    pub(super) key: String,
}

/// `containerd.services.content.v1.Info`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Info {
    #[prost(string, tag = "1")]
    pub(super) digest: String,
    #[prost(message, repeated, tag = "5")]
    pub(super) labels: Vec<Label>,
}

/// `InfoResponse`, `UpdateRequest` and `UpdateResponse`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct InfoMessage {
    #[prost(message, optional, tag = "1")]
    pub(super) info: Option<Info>,
}

impl Partial for InfoMessage {
    const NESTED: &'static [Nested] = &[Nested::leaf(1)];
}

/// `action`'s number for STAT, which writes nothing.
pub(super) const STAT: i32 = 0;

/// Field 6, `data`, is left out.
#[derive(Clone, PartialEq, Message)]
pub(super) struct WriteContentRequest {
    #[prost(string, tag = "2")]
    pub(super) reference: String,
    #[prost(string, tag = "4")]
    pub(super) expected: String,
    #[prost(message, repeated, tag = "7")]
    pub(super) labels: Vec<Label>,
}

impl Partial for WriteContentRequest {}

#[derive(Clone, PartialEq, Message)]
pub(super) struct WriteContentResponse {
    #[prost(int32, tag = "1")]
    pub(super) action: i32,
    #[prost(int64, tag = "4")]
    pub(super) offset: i64,
}

impl Partial for WriteContentResponse {}

/// `DeleteRequest` of leases, `DeleteContainerRequest`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct IdRequest {
    #[prost(string, tag = "1")]
    pub(super) id: String,
}

impl Partial for IdRequest {}

/// `containerd.services.containers.v1.Container`; field 5, `spec`, has the environment in it.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Container {
    #[prost(string, tag = "1")]
    pub(super) id: String,
    #[prost(string, tag = "3")]
    pub(super) image: String,
}

/// `CreateContainerRequest`, `GetContainerResponse` and `ListContainerMessage`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ContainerMessage {
    #[prost(message, optional, tag = "1")]
    pub(super) container: Option<Container>,
}

impl Partial for ContainerMessage {
    const NESTED: &'static [Nested] = &[Nested::leaf(1)];
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ListContainersResponse {
    #[prost(message, repeated, tag = "1")]
    pub(super) containers: Vec<Container>,
}

impl Partial for ListContainersResponse {}

/// Of tasks.
#[derive(Clone, PartialEq, Message)]
pub(super) struct CreateTaskRequest {
    #[prost(string, tag = "1")]
    pub(super) container_id: String,
}

impl Partial for CreateTaskRequest {}

/// Of tasks.
#[derive(Clone, PartialEq, Message)]
pub(super) struct StartRequest {
    #[prost(string, tag = "1")]
    pub(super) container_id: String,
    #[prost(string, tag = "2")]
    pub(super) exec_id: String,
}

impl Partial for StartRequest {}

/// Of tasks.
#[derive(Clone, PartialEq, Message)]
pub(super) struct KillRequest {
    #[prost(string, tag = "1")]
    pub(super) container_id: String,
    #[prost(string, tag = "2")]
    pub(super) exec_id: String,
}

impl Partial for KillRequest {}

/// Of `containerd.services.version.v1`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct VersionResponse {
    #[prost(string, tag = "1")]
    pub(super) version: String,
}

impl Partial for VersionResponse {}

/// `google.protobuf.Any`. What it holds is read where its type is one that is known, and may be a
/// secret (`AuthResponse`) or bulk (`Data`).
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(super) struct Any {
    #[prost(string, tag = "1")]
    pub(super) type_url: String,
    #[prost(bytes = "bytes", tag = "2")]
    pub(super) value: Bytes,
}

impl std::fmt::Debug for Any {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Any({} bytes)", self.value.len())
    }
}

impl Partial for Any {}

impl Any {
    /// The name of its type, without the part before a slash that some encoders put there.
    pub(super) fn type_name(&self) -> &str {
        let url = self.type_url.as_str();
        url.rsplit_once('/').map_or(url, |(_, name)| name)
    }
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TransferRequest {
    #[prost(message, optional, tag = "1")]
    pub(super) source: Option<Any>,
    #[prost(message, optional, tag = "2")]
    pub(super) destination: Option<Any>,
    #[prost(message, optional, tag = "3")]
    pub(super) options: Option<TransferOptions>,
}

impl Partial for TransferRequest {}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TransferOptions {
    #[prost(string, tag = "1")]
    pub(super) progress_stream: String,
}

/// `containerd.types.transfer.OCIRegistry`; field 2, `resolver`, may hold credentials in its headers.
#[derive(Clone, PartialEq, Message)]
pub(super) struct OciRegistry {
    #[prost(string, tag = "1")]
    pub(super) reference: String,
}

impl Partial for OciRegistry {}

/// `containerd.types.transfer.ImageStore`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ImageStore {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(message, repeated, tag = "3")]
    pub(super) platforms: Vec<Platform>,
    #[prost(message, repeated, tag = "6")]
    pub(super) extra_references: Vec<ImageReference>,
}

impl Partial for ImageStore {}

/// `containerd.types.transfer.ImageReference`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ImageReference {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(bool, tag = "2")]
    pub(super) is_prefix: bool,
}

/// `containerd.types.Platform`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Platform {
    #[prost(string, tag = "1")]
    pub(super) os: String,
    #[prost(string, tag = "2")]
    pub(super) architecture: String,
    #[prost(string, tag = "3")]
    pub(super) variant: String,
}

/// `containerd.services.streaming.v1.StreamInit`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct StreamInit {
    #[prost(string, tag = "1")]
    pub(super) id: String,
}

impl Partial for StreamInit {}

/// `containerd.types.transfer.Progress`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Progress {
    #[prost(string, tag = "1")]
    pub(super) event: String,
    #[prost(string, tag = "2")]
    pub(super) name: String,
    /// `progress`, in bytes.
    #[prost(int64, tag = "4")]
    pub(super) moved: i64,
    #[prost(int64, tag = "5")]
    pub(super) total: i64,
    #[prost(message, optional, tag = "6")]
    pub(super) desc: Option<Descriptor>,
}

impl Partial for Progress {}

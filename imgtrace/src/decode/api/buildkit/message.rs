//! The messages of BuildKit's API, with the fields that operations need and no others: neither
//! `FrontendAttrs` (build arguments), `Definition` and `FrontendInputs` nor `Cache` is declared
//! here, so prost steps over them.
//!
//! Numbers are those of github.com/moby/buildkit `api/services/control/control.proto` and
//! `api/types/worker.proto` at v0.33.0; each message here bears its upstream name.

use bytes::Bytes;
use prost::Message;

use crate::decode::api::rpc::Partial;

/// An entry of a `map<string, string>` of attributes. Values stay where they were sent and are
/// looked at only under a key that is known.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(super) struct Attr {
    #[prost(string, tag = "1")]
    pub(super) key: String,
    #[prost(bytes = "bytes", tag = "2")]
    pub(super) value: Bytes,
}

impl std::fmt::Debug for Attr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Attr({} bytes)", self.value.len())
    }
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct SolveRequest {
    /// `ExporterAttrsDeprecated`, of clients before `Exporters`.
    #[prost(message, repeated, tag = "4")]
    pub(super) exporter_attrs: Vec<Attr>,
    #[prost(bool, tag = "11")]
    pub(super) internal: bool,
    #[prost(message, repeated, tag = "13")]
    pub(super) exporters: Vec<Exporter>,
}

impl Partial for SolveRequest {}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Exporter {
    #[prost(message, repeated, tag = "2")]
    pub(super) attrs: Vec<Attr>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct SolveResponse {
    #[prost(message, repeated, tag = "1")]
    pub(super) exporter_response: Vec<Attr>,
}

impl Partial for SolveResponse {}

#[derive(Clone, PartialEq, Message)]
pub(super) struct UsageRecord {
    #[prost(int64, tag = "4")]
    pub(super) size: i64,
}

impl Partial for UsageRecord {}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ListWorkersResponse {
    #[prost(message, repeated, tag = "1")]
    pub(super) record: Vec<WorkerRecord>,
}

impl Partial for ListWorkersResponse {}

#[derive(Clone, PartialEq, Message)]
pub(super) struct WorkerRecord {
    #[prost(message, optional, tag = "5")]
    pub(super) version: Option<BuildkitVersion>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct BuildkitVersion {
    #[prost(string, tag = "2")]
    pub(super) version: String,
}

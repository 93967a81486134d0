//! The messages of the shims' API, with the fields that operations need and no others.
//!
//! Numbers are those of github.com/containerd/containerd `api/runtime/task/v3/shim.proto` at api
//! v1.11.1, which v2's equal; each message here bears its upstream name.

use prost::Message;

use crate::decode::api::rpc::Partial;

#[derive(Clone, PartialEq, Message)]
pub(super) struct CreateTaskRequest {
    #[prost(string, tag = "1")]
    pub(super) id: String,
    #[prost(string, tag = "2")]
    pub(super) bundle: String,
}

impl Partial for CreateTaskRequest {}

#[derive(Clone, PartialEq, Message)]
pub(super) struct StartRequest {
    #[prost(string, tag = "1")]
    pub(super) id: String,
    #[prost(string, tag = "2")]
    pub(super) exec_id: String,
}

impl Partial for StartRequest {}

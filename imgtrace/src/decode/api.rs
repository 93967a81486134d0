//! The APIs: what the messages of a protocol mean, as operations and facts.

mod buildkit;
mod containerd;
mod cri;
pub mod docker;
mod layers;
mod named;
pub mod rpc;
mod shim;

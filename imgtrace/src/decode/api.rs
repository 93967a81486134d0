//! The APIs: what the messages of a protocol mean, as operations and facts.

pub mod docker;
pub mod rpc;

//! The words of the domain, without logic: what an operation, a process, an endpoint is.
//!
//! Everything here is free of secrets and can be written into a recording.

mod crictl;
mod endpoint;
mod finding;
mod image;
mod inventory;
mod operation;
mod process;
mod reference;
mod report;
mod rootfs;
mod store;
mod subject;
mod summary;
mod time;
mod topology;

pub use crictl::{CriAddress, CrictlConfig};
pub use endpoint::{
    Api, Calling, Endpoint, EndpointId, EndpointState, Listener, Runtime, Server, SocketFile,
    canonical,
};
pub use finding::{Finding, Rule, Severity};
pub use image::{StoredImage, StoredLayer, Variant};
pub use inventory::{Listing, StoreUser};
pub use operation::{
    Basis, Caller, CallerContainer, Confidence, Correlation, Denial, EndpointRef, Hop, Op,
    Operation, OperationId, Outcome,
};
pub use process::{Ancestor, Cgroups, Process, ProcessKey, Source};
pub use reference::{ImageName, Reference, image_id, is_digest};
pub use report::{Loss, LossKind, Notice, Report};
pub use rootfs::{Cause, MountId, OciVerb, Role, Rootfs, RootfsIdentity};
pub use store::{Store, StoreId, StoreKind, StoreRef};
pub use subject::{Bind, DigestKind, MAX_BINDS, Pod, Subject};
pub use summary::{
    AnomalyCount, CallerCount, EndpointCount, FindingCount, LossCount, OperationCount, Summary,
};
pub use time::Stamp;
pub use topology::{
    Answer, AnswerValue, Client, Daemon, Holder, KnownStore, Leads, Question, Socket, StoreState,
    Topology,
};

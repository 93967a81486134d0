//! What an operation says of the root file system and the store behind it.

use serde::Serialize;

use crate::model::{Cause, Op, Operation, Rootfs, Store, StoreId, StoreKind, StoreRef};

/// The fields of a start; those of an operation that only has a root file system.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Start<'a> {
    /// Of `start` and `restart`: null where there is nothing to say.
    Whole {
        rootfs: Option<RootfsView<'a>>,
        cause: Option<Cause>,
        restarts: Option<u64>,
        count: u64,
    },
    /// Of others.
    Made { rootfs: RootfsView<'a> },
}

impl<'a> Start<'a> {
    pub(super) fn new(operation: &'a Operation) -> Option<Self> {
        let rootfs = operation.rootfs.as_ref().map(RootfsView::new);
        match operation.op {
            Op::Start | Op::Restart => Some(Self::Whole {
                rootfs,
                cause: operation.cause,
                restarts: operation.restarts,
                count: operation.count,
            }),
            _ => rootfs.map(|rootfs| Self::Made { rootfs }),
        }
    }
}

#[derive(Serialize)]
pub(super) struct RootfsView<'a> {
    path: &'a str,
    host_path: Option<&'a str>,
    driver: &'a str,
    chain_id: Option<&'a str>,
    layers: Option<u32>,
    bytes: Option<u64>,
}

impl<'a> RootfsView<'a> {
    fn new(rootfs: &'a Rootfs) -> Self {
        let identity = &rootfs.identity;
        Self {
            path: &rootfs.path,
            host_path: rootfs.host_path.as_deref(),
            driver: &identity.driver,
            chain_id: identity.chain_id.as_deref(),
            layers: identity.layers,
            bytes: identity.bytes,
        }
    }
}

#[derive(Serialize)]
pub(super) struct StoreView<'a> {
    id: StoreId,
    kind: StoreKind,
    root: &'a str,
    namespace: Option<&'a str>,
}

impl<'a> StoreView<'a> {
    pub(super) fn new(store: &'a StoreRef) -> Self {
        Self {
            id: store.id,
            kind: store.kind,
            root: &store.root,
            namespace: store.namespace.as_deref(),
        }
    }
}

/// The object `store`: what operations say of a store, and what tells it from others.
#[derive(Serialize)]
pub(super) struct FoundView<'a> {
    kind: &'static str,
    at: String,
    store: StoreView<'a>,
    driver: &'a str,
    device: u64,
    inode: u64,
}

impl<'a> FoundView<'a> {
    pub(super) fn new(at: String, id: StoreId, store: &'a Store) -> Self {
        Self {
            kind: "store",
            at,
            store: StoreView {
                id,
                kind: store.kind,
                root: &store.root,
                namespace: store.namespace.as_deref(),
            },
            driver: &store.driver,
            device: store.device,
            inode: store.inode,
        }
    }
}

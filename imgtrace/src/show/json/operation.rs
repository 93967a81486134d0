//! The objects `began` and `operation`.

use serde::Serialize;

use crate::model::{
    Ancestor, Api, Bind, Caller, CallerContainer, Confidence, Denial, DigestKind, EndpointId,
    EndpointRef, Hop, Op, Operation, OperationId, Outcome, Pod, Runtime,
};

use super::moment;
use super::start::{Start, StoreView};

/// An operation. Fields that say null are always there; those that are skipped belong to one op.
#[derive(Serialize)]
pub(super) struct View<'a> {
    kind: &'static str,
    id: OperationId,
    at: String,
    op: Op,
    image: Option<&'a str>,
    ended_at: Option<String>,
    digest: Option<&'a str>,
    digest_kind: Option<DigestKind>,
    platform: Option<&'a str>,
    images: Option<&'a [String]>,
    target: Option<&'a str>,
    container: Option<&'a str>,
    container_name: Option<&'a str>,
    sandbox: Option<&'a str>,
    pod: Option<PodView<'a>>,
    namespace: Option<&'a str>,
    bytes: Option<u64>,
    endpoint: EndpointView<'a>,
    store: Option<StoreView<'a>>,
    caller: Option<CallerView<'a>>,
    hops: Vec<HopView>,
    outcome: Option<Outcome>,
    error: Option<&'a str>,
    duration_ms: Option<f64>,
    confidence: Confidence,
    #[serde(skip_serializing_if = "Option::is_none")]
    what: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    all_tags: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    binds: Vec<BindView<'a>>,
    #[serde(flatten)]
    denial: Option<&'a Denial>,
    #[serde(flatten)]
    start: Option<Start<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_of: Option<OperationId>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    inferred_fields: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    evidence: &'a [String],
}

impl<'a> View<'a> {
    pub(super) fn new(kind: &'static str, operation: &'a Operation) -> Self {
        let subject = &operation.subject;
        Self {
            kind,
            id: operation.id,
            at: moment(operation.at),
            op: operation.op,
            image: subject.image.as_deref(),
            ended_at: operation.ended_at.map(moment),
            digest: subject.digest.as_deref(),
            digest_kind: subject.digest_kind,
            platform: subject.platform.as_deref(),
            images: Some(subject.images.as_slice()).filter(|images| !images.is_empty()),
            target: subject.target.as_deref(),
            container: subject.container.as_deref(),
            container_name: subject.container_name.as_deref(),
            sandbox: subject.sandbox.as_deref(),
            pod: subject.pod.as_ref().map(PodView::new),
            namespace: subject.namespace.as_deref(),
            bytes: subject.bytes,
            endpoint: EndpointView::new(&operation.endpoint),
            store: operation.store.as_ref().map(StoreView::new),
            caller: operation.caller.as_ref().map(CallerView::new),
            hops: operation.hops.iter().map(HopView::new).collect(),
            outcome: operation.outcome,
            error: operation.error.as_deref(),
            duration_ms: operation.millis(),
            confidence: operation.confidence,
            what: subject.what.as_deref(),
            all_tags: subject.all_tags,
            binds: subject.binds.iter().map(BindView::new).collect(),
            denial: operation.denial.as_ref(),
            start: Start::new(operation),
            retry_of: operation.retry_of,
            inferred_fields: &operation.inferred_fields,
            evidence: &operation.evidence,
        }
    }
}

#[derive(Serialize)]
pub(in crate::show) struct PodView<'a> {
    namespace: Option<&'a str>,
    name: Option<&'a str>,
    uid: Option<&'a str>,
}

impl<'a> PodView<'a> {
    pub(in crate::show) fn new(pod: &'a Pod) -> Self {
        let Pod {
            namespace,
            name,
            uid,
        } = pod;
        Self {
            namespace: namespace.as_deref(),
            name: name.as_deref(),
            uid: uid.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct BindView<'a> {
    source: &'a str,
    target: &'a str,
    read_only: bool,
}

impl<'a> BindView<'a> {
    fn new(bind: &'a Bind) -> Self {
        let Bind {
            source,
            target,
            read_only,
        } = bind;
        Self {
            source,
            target,
            read_only: *read_only,
        }
    }
}

#[derive(Serialize)]
struct EndpointView<'a> {
    id: Option<EndpointId>,
    runtime: Runtime,
    api: Option<Api>,
    path: Option<&'a str>,
}

impl<'a> EndpointView<'a> {
    fn new(endpoint: &'a EndpointRef) -> Self {
        let EndpointRef {
            id,
            runtime,
            api,
            path,
        } = endpoint;
        Self {
            id: *id,
            runtime: *runtime,
            api: *api,
            path: path.as_deref(),
        }
    }
}

#[derive(Serialize)]
pub(in crate::show) struct CallerView<'a> {
    pid: u32,
    comm: &'a str,
    exe: Option<&'a str>,
    args: Option<&'a [String]>,
    uid: u32,
    user: Option<&'a str>,
    ancestors: Vec<AncestorView<'a>>,
    unit: Option<&'a str>,
    container: Option<ContainerView<'a>>,
    pod: Option<PodView<'a>>,
}

impl<'a> CallerView<'a> {
    pub(in crate::show) fn new(caller: &'a Caller) -> Self {
        Self {
            pid: caller.key.pid,
            comm: &caller.comm,
            exe: caller.exe.as_deref(),
            args: caller.args.as_deref(),
            uid: caller.uid,
            user: caller.user.as_deref(),
            ancestors: caller.ancestors.iter().map(AncestorView::new).collect(),
            unit: caller.unit.as_deref(),
            container: caller.container.as_ref().map(ContainerView::new),
            pod: caller.pod.as_ref().map(PodView::new),
        }
    }
}

#[derive(Serialize)]
struct AncestorView<'a> {
    pid: u32,
    comm: &'a str,
}

impl<'a> AncestorView<'a> {
    fn new(ancestor: &'a Ancestor) -> Self {
        Self {
            pid: ancestor.key.pid,
            comm: &ancestor.comm,
        }
    }
}

#[derive(Serialize)]
pub(in crate::show) struct ContainerView<'a> {
    id: &'a str,
    name: Option<&'a str>,
    image: Option<&'a str>,
    runtime: Option<Runtime>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    outer: &'a [String],
}

impl<'a> ContainerView<'a> {
    pub(in crate::show) fn new(container: &'a CallerContainer) -> Self {
        Self {
            id: &container.id,
            name: container.name.as_deref(),
            image: container.image.as_deref(),
            runtime: container.runtime,
            outer: &container.outer,
        }
    }
}

#[derive(Serialize)]
struct HopView {
    endpoint: EndpointId,
    runtime: Runtime,
    api: Api,
    pid: u32,
    op: Op,
    outcome: Option<Outcome>,
    confidence: Confidence,
}

impl HopView {
    fn new(hop: &Hop) -> Self {
        let Hop {
            endpoint,
            runtime,
            api,
            pid,
            op,
            outcome,
            confidence,
        } = hop.clone();
        Self {
            endpoint,
            runtime,
            api,
            pid,
            op,
            outcome,
            confidence,
        }
    }
}

//! The operation that a start makes for which no request was seen, and what any start takes from
//! the root file system that was mounted for it.

use super::cause::{Case, builds};
use super::culprit;
use super::life::{Life, Mount, Run};
use crate::correlate::World;
use crate::correlate::caller::{Attribution, mention};
use crate::correlate::cgroup::is_container_id;
use crate::correlate::chain::confidence;
use crate::model::{
    Cause, Confidence, EndpointRef, Op, Operation, OperationId, Outcome, Role, RootfsIdentity,
    Runtime, StoreKind, Subject,
};

/// containerd's namespace of dockerd's containers (moby `daemon/config`).
const DOCKERS_NAMESPACE: &str = "moby";

/// A start, with what was seen of its container.
pub(super) struct Seen<'a> {
    pub(super) id: &'a str,
    pub(super) namespace: Option<&'a str>,
    pub(super) life: &'a Life,
    pub(super) run: &'a Run,
    pub(super) mount: Option<&'a Mount>,
    pub(super) in_pod_before: u64,
}

impl Seen<'_> {
    /// The operation, without a number; none if it makes none, or nothing can be said of it.
    pub(super) fn operation(&self, world: &World) -> Option<Operation> {
        let identity = self.mount.map(|mount| &mount.rootfs.identity);
        let runtime = self.runtime(world)?;
        let culprit = culprit::of(self.run, runtime, world);
        let process = culprit.and_then(|key| world.process(&key));
        let is_a_step = process.is_some_and(builds);
        let role = identity.map(|identity| identity.role);
        // Of a step of a build, and of what runs in a working container, the command line alone tells.
        let silent = match role {
            Some(Role::Sandbox | Role::Build) => true,
            Some(Role::Working) => process.is_none_or(|it| it.args.is_none()),
            Some(Role::Container) | None => false,
        };
        if silent || is_a_step {
            return None;
        }
        let known = Case {
            runtime,
            identity,
            life: self.life,
            number: self.run.number,
            at: self.run.at,
            culprit,
            in_pod_before: self.in_pod_before,
            by_client: false,
            unmarked: false,
        };
        let (cause, why) = known.cause(world);
        let attribution = culprit.map(|key| Attribution::seen(world, key));
        let attribution = attribution.unwrap_or_default();
        let mut evidence = self.evidence(world);
        evidence.extend(attribution.evidence);
        evidence.extend(why);
        let first = self.run.first;
        let mut operation = Operation {
            id: OperationId(0),
            at: self.run.began,
            ended_at: Some(first.map_or(self.run.at, |(at, _)| at)),
            op: Op::Start,
            subject: Subject {
                container: Some(self.id.to_owned()),
                namespace: self.namespace.map(str::to_owned),
                ..Subject::default()
            },
            endpoint: EndpointRef {
                id: None,
                runtime,
                api: None,
                path: None,
            },
            caller: attribution.caller,
            hops: Vec::new(),
            // An OCI runtime is called to start only what it could make ready, and not every first
            // program is seen: `buildah run` and rootless containers may have no control group.
            outcome: Some(Outcome::Ok),
            error: None,
            confidence: Confidence::Inferred,
            inferred_fields: Vec::new(),
            evidence,
            store: None,
            rootfs: None,
            cause: Some(cause),
            restarts: Some(self.run.number.saturating_sub(1)),
            count: 1,
            denial: None,
            unasked: cause != Cause::CommandLine,
            retry_of: None,
        };
        if let Some(mount) = self.mount {
            dress(&mut operation, mount, world);
        }
        Some(operation)
    }

    /// The runtime, by the layout of the root file system; else by containerd's namespace or by who
    /// called, which may say no more than that it is none that can be named.
    fn runtime(&self, world: &World) -> Option<Runtime> {
        if let Some(mount) = self.mount {
            return Some(mount.rootfs.identity.runtime);
        }
        // Without its layout nothing tells a sandbox or a step of a build from a container.
        if !is_container_id(self.id) {
            return None;
        }
        let called_by = |runtime| culprit::of(self.run, runtime, world).is_some();
        match self.namespace {
            Some(DOCKERS_NAMESPACE) => Some(Runtime::Docker),
            Some("k8s.io" | "buildkit") => None,
            Some(_) => Some(Runtime::Containerd),
            None => called_by(Runtime::Podman).then_some(Runtime::Podman),
        }
    }

    /// What says that there was a start.
    fn evidence(&self, world: &World) -> Vec<String> {
        let mut evidence = Vec::new();
        match self.mount {
            Some(mount) => {
                let path = &mount.rootfs.path;
                let by = mount
                    .mounter
                    .map(|key| format!(" by {}", mention(world, key)));
                let by = by.unwrap_or_default();
                let is_working = mount.rootfs.identity.role == Role::Working;
                let before = if self.run.mount.is_some() || is_working {
                    ""
                } else {
                    " for a start before"
                };
                evidence.push(format!(
                    "its root file system was mounted at {path}{by}{before}"
                ));
                evidence.extend(mount.rootfs.identity.evidence.iter().cloned());
            }
            None => evidence.push("its root file system was not seen mounted".to_owned()),
        }
        if let Some(call) = self.run.call {
            let runtime = mention(world, call);
            evidence.push(format!("{runtime} was called to start it"));
        }
        match self.run.first {
            Some((_, first)) => {
                let first = mention(world, first);
                evidence.push(format!(
                    "{first} executed the first program in its control group"
                ));
            }
            None => evidence.push("its first program was not seen".to_owned()),
        }
        evidence.push("no client's request was seen".to_owned());
        evidence
    }
}

/// Puts in what the root file system tells. Where a request said otherwise, what was mounted is
/// what ran.
pub(super) fn dress(operation: &mut Operation, mount: &Mount, world: &World) {
    let rootfs = &mount.rootfs;
    let identity = &rootfs.identity;
    let store = rootfs.store.and_then(|id| world.inventory.reference(id));
    if store.is_some() {
        operation.store = store;
        see(operation, "store");
    }
    operation.rootfs = Some(rootfs.clone());
    dress_image(operation, identity, world);
    let subject = &mut operation.subject;
    let take = |slot: &mut Option<String>, known: &Option<String>| {
        if slot.is_none() {
            slot.clone_from(known);
        }
    };
    take(&mut subject.container_name, &identity.container_name);
    take(&mut subject.sandbox, &identity.sandbox);
    if subject.pod.as_ref().is_none_or(|pod| pod.name.is_none()) && identity.pod.is_some() {
        subject.pod.clone_from(&identity.pod);
    }
    if operation.endpoint.api.is_none() {
        take(&mut subject.namespace, &identity.namespace);
        // Buildah calls what runs in its container by another id.
        if identity.role == Role::Working && identity.container.is_some() {
            subject.container.clone_from(&identity.container);
        }
    }
    if let Some(times) = identity.restarts {
        let times = u64::from(times);
        operation.restarts = operation.restarts.map(|seen| seen.max(times));
    }
}

/// Notes that what was a conclusion has been seen.
fn see(operation: &mut Operation, field: &str) {
    let inferred = &mut operation.inferred_fields;
    let before = inferred.len();
    inferred.retain(|known| known != field);
    if inferred.len() < before {
        operation.confidence = confidence(inferred);
    }
}

fn dress_image(operation: &mut Operation, identity: &RootfsIdentity, world: &World) {
    let subject = &mut operation.subject;
    let id = subject.container.as_deref();
    let known = id.and_then(|id| world.containers.anywhere(id));
    // The name by which its creation asked is as good as any other of the same content.
    let is_asked = known.is_some_and(|known| known.asked && known.image == subject.image);
    match (&subject.image, &identity.image) {
        (None, Some(image)) => subject.image = Some(image.clone()),
        (Some(thought), Some(image)) if thought != image && !is_asked => {
            subject.image = Some(image.clone());
        }
        _ => {}
    }
    let Some(digest) = &identity.digest else {
        return;
    };
    subject.digest = Some(digest.clone());
    subject.digest_kind = identity.digest_kind;
    let is_classic = operation
        .store
        .as_ref()
        .is_some_and(|store| store.kind == StoreKind::Docker);
    let now = operation.endpoint.id.zip(subject.image.as_deref());
    let now = now.and_then(|(endpoint, image)| world.images.id_of(endpoint, image));
    if let Some(now) = now.filter(|now| is_classic && now != digest) {
        let said =
            format!("its image's name stands for {now} by now; the container was made of {digest}");
        operation.evidence.push(said);
    }
}

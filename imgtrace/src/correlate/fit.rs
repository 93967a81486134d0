//! Whether one request was made for another: what speaks for it, and what against it.
//!
//! Two requests are looked at by themselves here; which of several is the right one is decided by
//! `owner`.

use super::World;
use super::cgroup::is_container_id;
use super::chain::Inner;
use super::request::Request;
use crate::model::{Api, Calling, Op};

/// What speaks for it, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// Only that the daemon that asks was asked for something that may need it.
    Possible,
    /// The same image at the same time.
    Image,
    /// The same trace id, which several requests of one client may bear.
    Trace,
    /// The same container's id, though the way between the two was not seen.
    Far,
    /// The same container, exec or pod's container, and the daemon that was asked is the one that
    /// asks.
    Exact,
}

impl Fit {
    /// True if it rests on something that the requests themselves say.
    pub(super) fn is_certain(self) -> bool {
        self >= Self::Trace
    }
}

/// How well `inner` fits as a request that was made for `outer`, which is (part of) an operation of
/// kind `cause`; none if it was not.
pub(super) fn fit(outer: &Request, cause: Op, inner: &Request, world: &World) -> Option<Fit> {
    if !may_need(cause, inner.op) || !at_the_same_time(outer, inner) {
        return None;
    }
    if outer.endpoint.id == inner.endpoint.id || are_in_two_namespaces(outer, inner) {
        return None;
    }
    if outer.op == Op::RunSandbox && inner.keys.sandbox.is_some() {
        // It starts the sandbox alone, not what is in it.
        return None;
    }
    if outer.leads_to(inner) {
        let to_itself = outer.client == outer.server;
        if to_itself && outer.at.mono > inner.at.mono {
            return None;
        }
        return compare(outer, inner, world);
    }
    // A daemon in between was not seen, or not this request of it.
    let far = shares_global_id(outer, inner) && outer.at.mono <= inner.at.mono;
    (far && same_exec(outer, inner) != Some(false)).then_some(Fit::Far)
}

/// True if they overlap: what is asked of another daemon is asked while the client waits.
///
/// The inner one may begin first: a shim's Create comes before the Tasks/Start that it is part of.
fn at_the_same_time(outer: &Request, inner: &Request) -> bool {
    !outer.ended_before(inner.at) && !inner.ended_before(outer.at)
}

/// True if both tell containerd's namespace, and not the same: what is in one is none of another's.
fn are_in_two_namespaces(outer: &Request, inner: &Request) -> bool {
    let namespaces = outer
        .keys
        .namespace
        .as_ref()
        .zip(inner.keys.namespace.as_ref());
    namespaces.is_some_and(|(one, other)| one != other)
}

fn shares_global_id(outer: &Request, inner: &Request) -> bool {
    let ids = &outer.keys.ids;
    ids.iter()
        .any(|id| is_container_id(id) && inner.keys.ids.contains(id))
}

/// Whether both are about one exec; none if one of them does not tell.
fn same_exec(outer: &Request, inner: &Request) -> Option<bool> {
    let (one, other) = outer.keys.exec.as_ref().zip(inner.keys.exec.as_ref())?;
    Some(one == other)
}

fn compare(outer: &Request, inner: &Request, world: &World) -> Option<Fit> {
    if let Some(same) = same_exec(outer, inner) {
        return same.then_some(Fit::Exact);
    }
    if !outer.keys.ids.is_empty() && !inner.keys.ids.is_empty() {
        let same = outer.keys.share_id(&inner.keys) || is_in_sandbox(outer, inner);
        return same.then_some(Fit::Exact);
    }
    if let Some(same) = is_pods_container(outer, inner) {
        return same.then_some(Fit::Exact);
    }
    if let Some(same) = begins_as_called(outer, inner) {
        return same.then_some(Fit::Exact);
    }
    if is_named_otherwise(outer, inner, world) {
        return None;
    }
    let some_images = !outer.keys.images.is_empty() && !inner.keys.images.is_empty();
    let same_image = outer.keys.share_image(&inner.keys);
    if some_images && !same_image && outer.op == inner.op {
        return None;
    }
    if inner.op == Op::RemoveImage && replaces_image(outer.op) && !same_image {
        return None;
    }
    let trace = &outer.correlation.trace;
    if trace.is_some() && *trace == inner.correlation.trace {
        return Some(Fit::Trace);
    }
    if same_image {
        return Some(Fit::Image);
    }
    if outer.keys.unresolved.is_some() && !inner.keys.ids.is_empty() && !by_a_client(inner, world) {
        return None;
    }
    let is_step = || inner.correlation.by_client || may_be_a_step(inner, world);
    (outer.op != Op::Build || is_step()).then_some(Fit::Possible)
}

/// False for what a daemon that marks what its clients cause does on its own.
fn by_a_client(inner: &Request, world: &World) -> bool {
    let marks = |client| world.connections.marks_clients(client);
    inner.correlation.by_client || !inner.client.is_some_and(marks)
}

/// True if a chain that calls its container by a name that stands for no id that is known has taken
/// in another container already, or the same request of that one.
pub(super) fn has_its_container(by: &Request, hops: &[Inner], inner: &Request) -> bool {
    let names_one = by.keys.unresolved.is_some() && !inner.keys.ids.is_empty();
    let taken = hops.iter().map(|hop| &hop.request);
    let taken = taken.filter(|hop| hop.endpoint.id == inner.endpoint.id);
    let mut taken = taken.filter(|hop| !hop.keys.ids.is_empty());
    names_one && taken.any(|hop| hop.op == inner.op || !hop.keys.share_id(&inner.keys))
}

/// Whether an unmarked request may be a build's. A build takes long, and what a restart policy does
/// meanwhile is none of its steps: a daemon that marks what its clients cause tells them apart,
/// and before dockerd 28.1 the name tells that a client has given to the container.
fn may_be_a_step(inner: &Request, world: &World) -> bool {
    let ids = &mut inner.keys.ids.iter();
    let is_named = ids
        .filter_map(|id| world.containers.anywhere(id))
        .any(|container| container.names().next().is_some());
    !is_named && by_a_client(inner, world)
}

/// True if an operation removes at most the name that it gives to another image.
const fn replaces_image(op: Op) -> bool {
    matches!(
        op,
        Op::Pull | Op::Import | Op::Load | Op::Tag | Op::Commit | Op::Build
    )
}

/// True if a sandbox is stopped or removed with what is in it.
fn is_in_sandbox(outer: &Request, inner: &Request) -> bool {
    let whole = matches!(outer.op, Op::StopSandbox | Op::RemoveSandbox);
    let sandbox = inner.keys.sandbox.as_ref();
    whole && sandbox.is_some_and(|sandbox| outer.keys.ids.contains(sandbox))
}

/// Whether a container that cri-dockerd named is the one that the CRI request is about; none if
/// one of them does not tell.
fn is_pods_container(outer: &Request, inner: &Request) -> Option<bool> {
    let named = inner.keys.kubernetes.as_ref()?;
    let pod = outer.keys.pod.as_ref()?;
    if outer.api != Api::Cri {
        return None;
    }
    let same = match outer.op {
        Op::RunSandbox => named.is_sandbox(),
        Op::Create => outer.keys.name.as_deref() == Some(named.container.as_str()),
        Op::StopSandbox | Op::RemoveSandbox => true,
        _ => return None,
    };
    Some(same && named.is_of(pod))
}

/// Whether the id of a container, or of its sandbox, begins as a request of the CRI calls it; none
/// if one of them does not tell.
fn begins_as_called(outer: &Request, inner: &Request) -> Option<bool> {
    let given = outer.keys.unresolved.as_ref()?;
    if outer.api.calling() != Calling::ByShortId || inner.keys.ids.is_empty() {
        return None;
    }
    let whole = matches!(outer.op, Op::StopSandbox | Op::RemoveSandbox);
    let sandbox = inner.keys.sandbox.iter().filter(|_| whole);
    let mut ids = inner.keys.ids.iter().chain(sandbox);
    Some(ids.any(|id| id.starts_with(given.as_str())))
}

/// True if a name that was asked for is not what the container is called.
fn is_named_otherwise(outer: &Request, inner: &Request, world: &World) -> bool {
    let (Some(endpoint), Some(given)) = (outer.endpoint.id, &outer.keys.unresolved) else {
        return false;
    };
    let given = given.strip_prefix('/').unwrap_or(given);
    inner.keys.ids.iter().any(|id| {
        let known = world.containers.get(endpoint, id);
        let name = known.and_then(|known| known.name_on(endpoint));
        name.is_some_and(|name| name != given) && !id.starts_with(given)
    })
}

/// True if an operation of kind `cause` may make its daemon ask another one for `inner`.
pub(super) const fn may_need(cause: Op, inner: Op) -> bool {
    match inner {
        Op::Pull => matches!(cause, Op::Pull | Op::Build | Op::RunSandbox),
        Op::Import | Op::Load | Op::AddImage | Op::Tag => matches!(
            cause,
            Op::Import | Op::Load | Op::AddImage | Op::Tag | Op::Pull | Op::Build | Op::Commit
        ),
        Op::RemoveImage => matches!(
            cause,
            Op::RemoveImage
                | Op::Prune
                | Op::Tag
                | Op::Pull
                | Op::Import
                | Op::Load
                | Op::Build
                | Op::Commit
        ),
        Op::Create => matches!(
            cause,
            Op::Create | Op::Start | Op::Restart | Op::RunSandbox | Op::Build
        ),
        Op::Start => matches!(cause, Op::Start | Op::Restart | Op::RunSandbox | Op::Build),
        Op::Stop | Op::Kill => matches!(
            cause,
            Op::Stop
                | Op::Kill
                | Op::Restart
                | Op::Start
                | Op::RemoveContainer
                | Op::RunSandbox
                | Op::StopSandbox
                | Op::RemoveSandbox
                | Op::Prune
                | Op::Build
        ),
        Op::RemoveContainer => matches!(
            cause,
            Op::RemoveContainer
                | Op::Stop
                | Op::Kill
                | Op::Restart
                | Op::Start
                | Op::Create
                | Op::RunSandbox
                | Op::StopSandbox
                | Op::RemoveSandbox
                | Op::Prune
                | Op::Build
        ),
        Op::Restart => matches!(cause, Op::Restart),
        Op::Exec => matches!(cause, Op::Exec),
        Op::Save => matches!(cause, Op::Save),
        Op::Push => matches!(cause, Op::Push),
        Op::Build => matches!(cause, Op::Build),
        Op::Commit => matches!(cause, Op::Commit),
        Op::Prune => matches!(cause, Op::Prune),
        Op::RunSandbox => matches!(cause, Op::RunSandbox),
        Op::StopSandbox => matches!(cause, Op::StopSandbox),
        Op::RemoveSandbox => matches!(cause, Op::RemoveSandbox),
        Op::ConnectDenied => false,
    }
}

/// True if the outer request has not said yet which container it makes.
pub(super) fn may_tell_id(outer: &Request) -> bool {
    let makes = matches!(outer.op, Op::RunSandbox | Op::Create);
    makes && outer.end.is_none() && outer.keys.ids.is_empty()
}

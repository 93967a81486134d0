//! What daemons ask of other daemons: for their clients, for themselves, or as bookkeeping.

use super::World;
use super::caller::mention;
use super::request::Request;
use crate::model::{Api, Op, ProcessKey, Runtime};

/// The namespace in which containerd's CRI keeps its containers (containerd
/// `internal/cri/constants`, `K8sContainerdNamespace`).
pub(super) const CRI_NAMESPACE: &str = "k8s.io";

/// True if a request may be on behalf of a client of the process that made it.
pub(super) fn is_for_others(request: &Request, world: &World) -> bool {
    if request.api == Api::Shim {
        return true;
    }
    let (Some(client), Some(endpoint)) = (request.client, request.endpoint.id) else {
        return false;
    };
    // k3s and k0s are kubelet, too: what it asks of the CRI in its own process is its own wish.
    let asks_itself = request.server == Some(client);
    let is_kubelets = request.api == Api::Cri && asks_itself;
    let is_daemons = || runs_daemon(client, world) && !asks_itself;
    !is_kubelets && (world.serves_beside(client, endpoint) || is_daemons())
}

/// Programs that ask other daemons for their clients; their own endpoint may be found later than
/// what they ask as they start.
const DAEMONS: [&str; 2] = ["dockerd", "cri-dockerd"];

fn runs_daemon(client: ProcessKey, world: &World) -> bool {
    let process = world.process(&client);
    process.is_some_and(|process| DAEMONS.contains(&process.program()))
}

/// True for what dockerd asks of containerd.
pub(super) fn is_of_dockerd(request: &Request, world: &World) -> bool {
    let is_dockerd = |client| world.is_dockerd(client);
    request.api == Api::Containerd && request.client.is_some_and(is_dockerd)
}

/// True for what dockerd keeps in containerd for containers of its own: it makes no operation, with
/// one exception, see [`is_silent`].
fn is_bookkeeping(request: &Request, world: &World) -> bool {
    let on_containers = matches!(
        request.op,
        Op::Create | Op::RemoveContainer | Op::Start | Op::Kill | Op::Exec
    );
    on_containers && is_of_dockerd(request, world)
}

/// True for bookkeeping that makes no operation where no client's request is in sight: all but the
/// start of a container, which a restart policy or a recovery may have caused, unless it is a step
/// of one of several builds.
pub(super) fn is_silent(request: &Request, world: &World, is_a_step: impl Fn() -> bool) -> bool {
    is_bookkeeping(request, world) && (request.op != Op::Start || is_a_step())
}

/// True if the begin of a request is not worth a line before its end is known: its client is almost
/// certain to be seen before.
pub(super) fn is_brief(request: &Request, world: &World) -> bool {
    request.api == Api::Shim || is_bookkeeping(request, world)
}

/// True if a request on a container may have been caused by one of the CRI that is understood only
/// later: on a connection that was there before imgtrace, a start, a stop and a removal look alike.
pub(super) fn may_be_of_joined_cri(request: &Request, world: &World) -> bool {
    let on_containers = matches!(
        request.op,
        Op::Start | Op::Stop | Op::Kill | Op::RemoveContainer
    );
    let namespace = request.keys.namespace.as_deref();
    let of_cri = namespace.is_none_or(|namespace| namespace == CRI_NAMESPACE);
    on_containers
        && of_cri
        && request
            .client
            .is_some_and(|server| world.serves_joined_cri(server))
}

/// True if a daemon's endpoint may speak the CRI.
pub(super) const fn may_speak_cri(runtime: Runtime) -> bool {
    matches!(
        runtime,
        Runtime::Containerd
            | Runtime::CriO
            | Runtime::CriDockerd
            | Runtime::Dockershim
            | Runtime::Cri
    )
}

/// Why a daemon's request stands as an operation of its own, where so many others may have caused
/// it.
pub(super) fn reason(request: &Request, possible: usize, world: &World) -> String {
    let who = request
        .client
        .map_or_else(|| "a daemon".to_owned(), |client| mention(world, client));
    if possible > 0 {
        return format!("{who} asked for one of {possible} that cannot be told apart");
    }
    if request.correlation.by_client {
        return format!("a client of {who} caused it, and its request was not seen");
    }
    if request.api == Api::Shim {
        return format!("no client's start was seen: {who} told the shim to start it");
    }
    format!("no client's request was seen: {who}'s own")
}

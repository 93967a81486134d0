//! Where the images of a socket lie: in the stores of the daemon behind it, or behind the socket
//! that this daemon itself asks.

use crate::correlate::caller::mention;
use crate::correlate::{Leads as Step, World};
use crate::model::{EndpointId, Leads, ProcessKey, Runtime};

/// The most sockets that a way may go through.
const MAX_STEPS: usize = 4;

/// Daemons that keep images themselves; whatever else serves a socket passes on what it is asked.
const KEEPERS: [&str; 6] = [
    "dockerd",
    "containerd",
    "podman",
    "crio",
    "buildkitd",
    "k3s",
];

/// Where the images of a socket lie.
pub(super) fn of(endpoint: EndpointId, world: &World) -> Leads {
    let mut leads = Leads::default();
    let mut at = endpoint;
    for _ in 0..=MAX_STEPS {
        if kept_at(at, world, &mut leads) {
            return leads;
        }
        let Some(next) = passed_on(at, world) else {
            break;
        };
        if next.endpoint == endpoint || leads.through.contains(&next.endpoint) {
            break;
        }
        leads.confidence = leads.confidence.least_sure(next.confidence);
        leads.evidence.push(next.evidence);
        leads.through.push(next.endpoint);
        at = next.endpoint;
    }
    leads
}

/// Adds the stores that the daemon behind a socket keeps, and how that is known; false if there are
/// none that are known.
fn kept_at(endpoint: EndpointId, world: &World, leads: &mut Leads) -> bool {
    let Some(server) = world.server(endpoint) else {
        return false;
    };
    for (id, held) in world.inventory().used_by(server) {
        leads.stores.push(id);
        let users = held.users.iter().filter(|user| user.process == server);
        for user in users {
            let sentence = format!("{}: {}", mention(world, server), user.evidence);
            if !leads.evidence.contains(&sentence) {
                leads.evidence.push(sentence);
            }
        }
    }
    if leads.stores.is_empty()
        && !is_adapter(endpoint, world)
        && let Some(keeps) = world.keeps(endpoint, None)
    {
        leads.stores.push(keeps.store);
        leads.confidence = leads.confidence.least_sure(keeps.confidence);
        leads.evidence.extend(keeps.evidence);
    }
    !leads.stores.is_empty()
}

/// The socket that a daemon asks which keeps no images itself: Docker's, else the only one.
fn passed_on(endpoint: EndpointId, world: &World) -> Option<Step> {
    let server = world.server(endpoint)?;
    if !is_adapter(endpoint, world) && !is_proxy(server, world) {
        return None;
    }
    let mut asked = world.leads_to(endpoint);
    let is_docker = |id: EndpointId| {
        let endpoint = world.endpoint(id);
        endpoint.is_some_and(|it| it.runtime == Runtime::Docker)
    };
    if let Some(docker) = asked.iter().position(|to| is_docker(to.endpoint)) {
        return Some(asked.swap_remove(docker));
    }
    let only = asked.len() == 1;
    asked.pop().filter(|_| only)
}

fn is_adapter(endpoint: EndpointId, world: &World) -> bool {
    let runtime = world.endpoint(endpoint).map(|it| it.runtime);
    matches!(runtime, Some(Runtime::CriDockerd | Runtime::Dockershim))
}

fn is_proxy(server: ProcessKey, world: &World) -> bool {
    let process = world.process(&server);
    process.is_some_and(|process| {
        let program = process.program();
        !KEEPERS.iter().any(|name| program.starts_with(name))
    })
}

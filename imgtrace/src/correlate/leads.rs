//! Where an endpoint leads to: the daemons that its own daemon asks, and the store that images end
//! up in.
//!
//! What is not seen (a connection, a daemon that is known to use a store) follows from command
//! lines and default paths, and says so.

use super::World;
use super::caller::mention;
use super::daemon::CRI_NAMESPACE;
use super::inventory::Held;
use crate::model::{
    Api, Confidence, Endpoint, EndpointId, EndpointState, Process, ProcessKey, Runtime, StoreId,
    StoreKind, canonical,
};

/// Where cri-dockerd and dockershim look for Docker if nothing else is said (cri-dockerd
/// `cmd/cri/options/options.go`).
const DOCKER_SOCKET: &str = "/run/docker.sock";

/// The option by which cri-dockerd is told where Docker is; kubelet had the same for dockershim.
const DOCKER_ENDPOINT: &str = "--docker-endpoint";

/// Where Podman keeps what root asks for (containers-storage.conf(5), `graphroot`).
const PODMAN_ROOT: &str = "/var/lib/containers/storage";

/// An endpoint that the daemon behind another one asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leads {
    pub(crate) endpoint: EndpointId,
    /// Observed if a connection was seen.
    pub(crate) confidence: Confidence,
    /// How that is known, a sentence.
    pub(crate) evidence: String,
}

/// The store that an endpoint leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Keeps {
    pub(crate) store: StoreId,
    /// Observed if its daemon was found to use the store, and the daemons on the way to be
    /// connected.
    pub(crate) confidence: Confidence,
    /// How that is known, a sentence for each step.
    pub(crate) evidence: Vec<String>,
}

impl Keeps {
    /// True if it was not seen as such.
    pub(crate) fn is_inferred(&self) -> bool {
        self.confidence != Confidence::Observed
    }
}

/// The containerd namespace that a request of an API is for, where it does not say so itself.
pub(crate) const fn namespace_of(api: Api) -> Option<&'static str> {
    match api {
        Api::Cri => Some(CRI_NAMESPACE),
        Api::Docker | Api::Libpod | Api::Containerd | Api::BuildKit | Api::Shim => None,
    }
}

impl World {
    /// The endpoints of other daemons that the daemon behind an endpoint asks.
    pub(crate) fn leads_to(&self, id: EndpointId) -> Vec<Leads> {
        let Some(server) = self.server(id) else {
            return Vec::new();
        };
        let mut leads: Vec<_> = self
            .connections
            .endpoints_of(server)
            .into_iter()
            .filter(|to| self.server(*to) != Some(server))
            .filter(|to| {
                self.endpoint(*to)
                    .is_some_and(|it| it.runtime != Runtime::Shim)
            })
            .map(|to| Leads {
                endpoint: to,
                confidence: Confidence::Observed,
                evidence: format!("{} is connected to {to}", mention(self, server)),
            })
            .collect();
        let is_docker = |to: &Leads| self.runtime(to.endpoint) == Some(Runtime::Docker);
        if self.is_before_docker(id) && !leads.iter().any(is_docker) {
            leads.extend(self.docker_of(server));
        }
        leads
    }

    /// The store that an endpoint's daemon keeps its images in; of containerd's the one of that
    /// namespace. None where that is not known.
    pub(crate) fn store_of(&self, id: EndpointId, namespace: Option<&str>) -> Option<StoreId> {
        self.keeps(id, namespace).map(|keeps| keeps.store)
    }

    /// The same, and how it is known.
    pub(crate) fn keeps(&self, id: EndpointId, namespace: Option<&str>) -> Option<Keeps> {
        if !self.is_before_docker(id) {
            return self.keeps_itself(id, namespace);
        }
        let leads = self.leads_to(id);
        let mut dockers = leads
            .into_iter()
            .filter(|to| self.runtime(to.endpoint) == Some(Runtime::Docker));
        let (Some(docker), None) = (dockers.next(), dockers.next()) else {
            return None;
        };
        let mut keeps = self.keeps_itself(docker.endpoint, None)?;
        keeps.confidence = keeps.confidence.least_sure(docker.confidence);
        keeps.evidence.insert(0, docker.evidence);
        Some(keeps)
    }

    /// The only store that a daemon keeps images in.
    pub(crate) fn keeps_of(&self, server: ProcessKey) -> Option<Keeps> {
        self.used(server, None)
    }

    /// The living daemons of a kind.
    pub(crate) fn daemons_of(&self, runtime: Runtime) -> Vec<ProcessKey> {
        let all = self.endpoints.daemons();
        let live = all.filter(|it| it.runtime == runtime && it.state == EndpointState::Watched);
        let mut servers: Vec<_> = live
            .filter_map(|it| it.server.as_ref().map(|server| server.process))
            .collect();
        servers.sort_unstable();
        servers.dedup();
        servers
    }

    /// The endpoints that lead to a store, each once.
    pub(crate) fn endpoints_of(&self, store: StoreId) -> Vec<EndpointId> {
        let namespace = self.inventory.get(store);
        let namespace = namespace.and_then(|held| held.store.namespace.as_deref());
        let leads_here = |id: &EndpointId| self.store_of(*id, namespace) == Some(store);
        self.endpoints
            .daemons()
            .map(|it| it.id)
            .filter(leads_here)
            .collect()
    }

    fn runtime(&self, id: EndpointId) -> Option<Runtime> {
        self.endpoint(id).map(|endpoint| endpoint.runtime)
    }

    /// True if the daemon behind an endpoint keeps no images and has Docker keep them.
    fn is_before_docker(&self, id: EndpointId) -> bool {
        matches!(
            self.runtime(id),
            Some(Runtime::CriDockerd | Runtime::Dockershim)
        )
    }

    fn keeps_itself(&self, id: EndpointId, namespace: Option<&str>) -> Option<Keeps> {
        let endpoint = self.endpoint(id)?;
        // A namespace is containerd's; dockerd has its own, whatever was asked for.
        let namespace = namespace.filter(|_| endpoint.runtime == Runtime::Containerd);
        let server = endpoint.server.as_ref().map(|it| it.process);
        let used = server.and_then(|server| self.used(server, namespace));
        used.or_else(|| self.podmans(endpoint))
    }

    /// The only store that a daemon is known to use, of that namespace.
    fn used(&self, server: ProcessKey, namespace: Option<&str>) -> Option<Keeps> {
        let is_it = |held: &Held| match (&held.store.namespace, namespace) {
            (Some(of), Some(namespace)) => of == namespace,
            _ => true,
        };
        let mut found = self
            .inventory
            .used_by(server)
            .filter(|(_, held)| is_it(held));
        let (store, held) = found.next()?;
        if found.next().is_some() {
            return None;
        }
        let mut users = held.users.iter();
        let user = users.find(|user| user.process == server)?;
        Some(Keeps {
            store,
            confidence: Confidence::Observed,
            evidence: vec![format!("{}: {}", mention(self, server), user.evidence)],
        })
    }

    /// Podman's service ends when it is idle, so that nobody may be known to use its store: root's
    /// lies in the default place.
    fn podmans(&self, endpoint: &Endpoint) -> Option<Keeps> {
        let is_roots = canonical(&endpoint.path) == "/run/podman/podman.sock";
        if endpoint.runtime != Runtime::Podman || !is_roots {
            return None;
        }
        let is_it = |(_, held): &(StoreId, &Held)| {
            held.store.kind == StoreKind::ContainersStorage && held.store.root == PODMAN_ROOT
        };
        let mut stores = self.inventory.stores().filter(is_it);
        let (Some((store, _)), None) = (stores.next(), stores.next()) else {
            return None;
        };
        Some(Keeps {
            store,
            confidence: Confidence::Inferred,
            evidence: vec![format!(
                "{PODMAN_ROOT} is where Podman keeps what root asks for"
            )],
        })
    }

    /// The Docker endpoint that a daemon in front of Docker was told to use, or would use by
    /// default, in its own mount namespace.
    fn docker_of(&self, server: ProcessKey) -> Option<Leads> {
        let process = self.process(&server)?;
        let told = told_endpoint(process);
        let path = told.unwrap_or(DOCKER_SOCKET);
        let is_it = |endpoint: &&Endpoint| {
            let server = endpoint.server.as_ref();
            let there = server.and_then(|server| self.process(&server.process));
            endpoint.runtime == Runtime::Docker
                && canonical(&endpoint.path) == canonical(path)
                && there.is_some_and(|there| there.mount_ns == process.mount_ns)
        };
        let mut found = self.endpoints.daemons().filter(is_it);
        let (Some(docker), None) = (found.next(), found.next()) else {
            return None;
        };
        let who = mention(self, server);
        Some(Leads {
            endpoint: docker.id,
            confidence: Confidence::Inferred,
            evidence: match told {
                Some(path) => format!("the command line of {who} says {DOCKER_ENDPOINT} {path}"),
                None => format!(
                    "{who} was told no {DOCKER_ENDPOINT}, and {DOCKER_SOCKET} is its default"
                ),
            },
        })
    }
}

/// The path of Docker's socket on a command line, without `unix://`.
fn told_endpoint(process: &Process) -> Option<&str> {
    let mut args = process.args.as_deref().unwrap_or_default().iter();
    let value = loop {
        let arg = args.next()?;
        let Some(rest) = arg.strip_prefix(DOCKER_ENDPOINT) else {
            continue;
        };
        match rest.strip_prefix('=') {
            Some(value) => break value,
            None if rest.is_empty() => break args.next()?,
            None => {}
        }
    };
    Some(value.strip_prefix("unix://").unwrap_or(value))
}

#[cfg(test)]
mod tests;

//! What is known of the machine at one point of the run: who is who, what is called what.

use super::caller::Attribution;
use super::cgroup::{Nested, Place};
use super::connections::{Connection, Connections};
use super::containers::{Container, Containers};
use super::daemon;
use super::endpoints::Endpoints;
use super::images::Images;
use super::inventory::Inventory;
use super::pod::{self, Pods};
use super::processes::Processes;
use crate::model::{
    Caller, Endpoint, EndpointId, Process, ProcessKey, Report, Rootfs, Runtime, Stamp,
};
use crate::observation::{ConnectionId, Fact, Observation};

/// Tables of names and identities, each with its bound.
#[derive(Debug)]
pub(crate) struct World {
    pub(super) endpoints: Endpoints,
    pub(super) connections: Connections,
    pub(super) containers: Containers,
    pub(super) images: Images,
    pub(super) pods: Pods,
    pub(super) inventory: Inventory,
    processes: Processes,
}

impl World {
    pub(super) const fn new() -> Self {
        Self {
            endpoints: Endpoints::new(),
            connections: Connections::new(),
            containers: Containers::new(),
            images: Images::new(),
            pods: Pods::new(),
            inventory: Inventory::new(),
            processes: Processes::new(),
        }
    }

    /// A process that was described.
    pub(crate) fn process(&self, key: &ProcessKey) -> Option<&Process> {
        self.processes.get(key).map(|described| &described.process)
    }

    /// ns that a process has lived at a moment; none where the two clocks cannot be compared yet.
    pub(super) fn age(&self, process: ProcessKey, at: Stamp) -> Option<u64> {
        self.processes.age(process, at)
    }

    /// True if what a process runs was read from `/proc`, some time after it did something.
    pub(super) fn is_described_late(&self, key: &ProcessKey) -> bool {
        self.processes
            .get(key)
            .is_some_and(|described| described.late)
    }

    /// An endpoint that was found.
    pub(crate) fn endpoint(&self, id: EndpointId) -> Option<&Endpoint> {
        self.endpoints.get(id)
    }

    /// The endpoints of all daemons, by number; those of shims are none of them.
    pub(crate) fn daemons(&self) -> impl Iterator<Item = &Endpoint> {
        self.endpoints.daemons()
    }

    /// Where a connection leads, and who asks on it, as far as that is known.
    pub(crate) fn client(&self, id: ConnectionId) -> Option<(EndpointId, Option<Caller>)> {
        let connection = self.connections.get(id)?;
        let asked = Attribution::of(self, connection);
        Some((connection.endpoint, asked.caller))
    }

    /// A process as a caller.
    pub(crate) fn caller(&self, key: ProcessKey) -> Option<Caller> {
        Attribution::seen(self, key).caller
    }

    /// The daemon behind an endpoint.
    pub(crate) fn server(&self, id: EndpointId) -> Option<ProcessKey> {
        let server = self.endpoint(id)?.server.as_ref()?;
        Some(server.process)
    }

    /// True if a process serves another endpoint than this one: what it asks may be on behalf of
    /// its own clients.
    pub(crate) fn serves_beside(&self, process: ProcessKey, asked: EndpointId) -> bool {
        let mut served = self.endpoints.served_by(process);
        served.any(|endpoint| endpoint.id != asked)
    }

    /// True if a process serves an endpoint.
    pub(super) fn is_server(&self, process: ProcessKey) -> bool {
        self.endpoints.served_by(process).next().is_some()
    }

    /// True if a connection to a process is open that was there before imgtrace and on which somebody
    /// may speak the CRI with it.
    pub(super) fn serves_joined_cri(&self, process: ProcessKey) -> bool {
        let served = self.endpoints.served_by(process);
        let served: Vec<_> = served
            .filter(|endpoint| daemon::may_speak_cri(endpoint.runtime))
            .map(|endpoint| endpoint.id)
            .collect();
        let mut joined = self.connections.joined();
        joined.any(|connection| {
            let is_dockerds = |client| self.is_dockerd(client);
            served.contains(&connection.endpoint) && !connection.client.is_some_and(is_dockerds)
        })
    }

    /// True if a connection to such a daemon is open that was there before imgtrace.
    pub(super) fn has_joined_cri(&self, runtime: Runtime) -> bool {
        let mut joined = self.connections.joined();
        daemon::may_speak_cri(runtime)
            && joined.any(|connection| {
                let endpoint = self.endpoint(connection.endpoint);
                let is_dockerds = |client| self.is_dockerd(client);
                endpoint.is_some_and(|endpoint| endpoint.runtime == runtime)
                    && !connection.client.is_some_and(is_dockerds)
            })
    }

    /// True if a process is a Docker daemon: it serves such an endpoint, or runs the program.
    pub(super) fn is_dockerd(&self, process: ProcessKey) -> bool {
        let mut served = self.endpoints.served_by(process);
        served.any(|endpoint| endpoint.runtime == Runtime::Docker)
            || self
                .process(&process)
                .is_some_and(|it| it.program() == "dockerd")
    }

    /// What lies in which store.
    pub(crate) const fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    /// What is known of a container by its id alone, wherever it was seen.
    pub(crate) fn container(&self, id: &str) -> Option<&Container> {
        self.containers.anywhere(id)
    }

    /// The containers around the daemon behind an endpoint, outermost first; none if it is not
    /// known where that daemon lives.
    pub(crate) fn around_server(&self, id: EndpointId) -> Option<Vec<Nested>> {
        let server = self.endpoint(id)?.server.as_ref()?;
        let process = self.process(&server.process)?;
        Some(Place::of(&process.cgroups)?.containers)
    }

    pub(super) fn observe(&mut self, at: Stamp, what: &Observation, out: &mut Vec<Report>) {
        match what {
            Observation::Endpoint(endpoint) => self.endpoint_found(at, endpoint, out),
            Observation::Process(process) => self.processes.describe(at, process.clone()),
            Observation::Connected {
                connection,
                endpoint,
                client,
                joined,
            } => self.connected(*connection, *endpoint, *client, *joined),
            Observation::Speaker {
                connection,
                process,
            } => self.spoken(*connection, *process),
            Observation::Disconnected { connection } => {
                let gone = self.connections.close(*connection);
                self.release(gone);
            }
            Observation::Learned { connection, fact } => self.learned(at, *connection, fact, out),
            Observation::Store { id, store, .. } => {
                let is_news = self.inventory.observe(what);
                out.extend(is_news.then(|| Report::Store(at, *id, store.clone())));
            }
            Observation::StoreListed { .. }
            | Observation::ImageAppeared { .. }
            | Observation::ImageVanished { .. } => {
                self.inventory.observe(what);
            }
            Observation::Mounted {
                rootfs, mounter, ..
            } => self.mounted(rootfs, *mounter),
            _ => {}
        }
    }

    fn endpoint_found(&mut self, at: Stamp, endpoint: &Endpoint, out: &mut Vec<Report>) {
        let id = endpoint.id;
        let changed = self.endpoints.update(endpoint.clone());
        if let Some(server) = changed.held {
            self.processes.hold(server);
        }
        for server in changed.released {
            self.processes.release(server);
        }
        let now = self.endpoints.get(id).filter(|_| changed.shown);
        out.extend(now.map(|endpoint| Report::Endpoint(at, endpoint.clone())));
    }

    fn connected(
        &mut self,
        id: ConnectionId,
        endpoint: EndpointId,
        client: Option<ProcessKey>,
        joined: bool,
    ) {
        let connection = Connection {
            endpoint,
            client,
            speaker: None,
            joined,
            marks_clients: false,
        };
        connection
            .processes()
            .for_each(|key| self.processes.hold(key));
        let replaced = self.connections.open(id, connection);
        self.release(replaced);
    }

    fn spoken(&mut self, id: ConnectionId, process: ProcessKey) {
        if let Some(spoken) = self.connections.speak(id, process) {
            spoken
                .held
                .into_iter()
                .for_each(|key| self.processes.hold(key));
            spoken
                .released
                .into_iter()
                .for_each(|key| self.processes.release(key));
        }
    }

    fn release(&mut self, connections: impl IntoIterator<Item = Connection>) {
        for connection in connections {
            for key in connection.processes() {
                self.processes.release(key);
            }
        }
    }

    fn learned(&mut self, at: Stamp, id: ConnectionId, fact: &Fact, out: &mut Vec<Report>) {
        let Some(endpoint) = self.connections.get(id).map(|it| it.endpoint) else {
            return;
        };
        match fact {
            Fact::Container {
                id,
                name,
                image,
                pod,
                sandbox,
            } => {
                let seen = Container {
                    name: name.clone(),
                    image: image.clone(),
                    pod: pod.clone(),
                    sandbox: sandbox.clone(),
                    ..Container::default()
                };
                self.learn_container(endpoint, id, seen);
            }
            Fact::Sandbox { id, pod } => {
                let seen = Container {
                    pod: Some(pod.clone()),
                    ..Container::default()
                };
                self.learn_container(endpoint, id, seen);
            }
            Fact::Image { id, names } => self.images.learn(endpoint, id, names),
            Fact::Exec { id, container } => self.containers.learn_exec(endpoint, id, container),
            // What a client speaks is `verdict`'s matter.
            Fact::ApiVersion { .. } => {}
            Fact::Version { version } => {
                let news = self.endpoints.learn_version(endpoint, version);
                out.extend(news.map(|endpoint| Report::Endpoint(at, endpoint.clone())));
            }
        }
    }

    /// Takes over what a root file system tells of its container, also of one that was there before
    /// imgtrace: callers live in it.
    fn mounted(&mut self, rootfs: &Rootfs, mounter: Option<ProcessKey>) {
        let identity = &rootfs.identity;
        let Some(id) = identity.container.as_deref() else {
            return;
        };
        let seen = Container {
            name: identity.container_name.clone(),
            image: identity.image.clone(),
            pod: identity.pod.clone(),
            namespace: identity.namespace.clone(),
            sandbox: identity.sandbox.clone(),
            runtime: Some(identity.runtime),
            store: rootfs.store,
            ..Container::default()
        };
        let endpoints = self.endpoints_of_daemon(rootfs, mounter);
        if endpoints.is_empty() {
            if let Some(pod) = &seen.pod {
                self.pods.learn(pod);
            }
            self.containers.learn_unplaced(id, seen);
            return;
        }
        for endpoint in endpoints {
            self.learn_container(endpoint, id, seen.clone());
        }
    }

    /// The endpoints of the daemon whose root file system it is: of the mounter or a process above
    /// it; else of the only one of its kind in the same mount namespace.
    fn endpoints_of_daemon(&self, rootfs: &Rootfs, mounter: Option<ProcessKey>) -> Vec<EndpointId> {
        let runtime = rootfs.identity.runtime;
        let of = |server: ProcessKey| -> Vec<EndpointId> {
            let served = self.endpoints.served_by(server);
            let its = served.filter(|endpoint| endpoint.runtime == runtime);
            its.map(|endpoint| endpoint.id).collect()
        };
        let process = mounter.and_then(|key| self.process(&key));
        let above = process.into_iter().flat_map(|it| &it.ancestors);
        let near = mounter.into_iter().chain(above.map(|above| above.key));
        if let Some(served) = near.map(of).find(|served| !served.is_empty()) {
            return served;
        }
        let servers = self.endpoints.servers_of(runtime);
        let here = |server: &ProcessKey| {
            let process = self.process(server);
            process.is_some_and(|it| it.mount_ns == rootfs.mount_ns)
        };
        let mut here = servers.into_iter().filter(here);
        match (here.next(), here.next()) {
            (Some(only), None) => of(only),
            _ => Vec::new(),
        }
    }

    /// Takes over what was seen of a container, and the pod that its name may tell.
    pub(super) fn learn_container(&mut self, endpoint: EndpointId, id: &str, mut seen: Container) {
        if seen.pod.is_none() {
            seen.pod = seen.name.as_deref().and_then(pod::from_container_name);
        }
        if let Some(pod) = &seen.pod {
            self.pods.learn(pod);
        }
        self.containers.learn(endpoint, id, seen);
    }
}

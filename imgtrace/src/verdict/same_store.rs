//! Same store: two ways lead to one store. Both lists show an image that is there once.
//!
//! That a cri-dockerd passes on to Docker is said as soon as both are known to lead to one store.
//! Other pairs (Podman beside CRI-O, `ctr -n k8s.io` beside the CRI) are said once somebody has used
//! both: that they could be used is nothing to tell.

use std::collections::BTreeMap;

use super::situations::Situations;
use super::{Now, Seen, Verdict, words};
use crate::correlate::World;
use crate::model::{
    Api, EndpointId, Finding, Operation, OperationId, ProcessKey, Rule, Runtime, Severity, StoreId,
    StoreRef,
};
use crate::observation::Observation;

/// Ways that are remembered as used; what comes on top is not compared.
const MAX_WAYS: usize = 256;

/// A way to a store: a socket, and the API that is spoken there where two of them lead to the same.
type Way = (EndpointId, Option<Api>);

/// Who was seen to use a way.
#[derive(Debug)]
struct User {
    name: String,
    operation: Option<OperationId>,
}

/// The rule.
#[derive(Debug)]
pub(super) struct SameStore {
    is_inventoried: bool,
    /// By the store that they lead to.
    used: BTreeMap<(StoreId, Way), User>,
    /// Clients of sockets that lead to one store, where it was not known yet to which.
    connected: BTreeMap<EndpointId, String>,
    said: Situations<(StoreId, Way, Way), ()>,
}

impl SameStore {
    pub(super) const fn new() -> Self {
        Self {
            is_inventoried: false,
            used: BTreeMap::new(),
            connected: BTreeMap::new(),
            said: Situations::new(),
        }
    }

    /// Notes a way that somebody uses, and says with which others it leads to one store.
    fn uses(
        &mut self,
        store: StoreId,
        way: Way,
        user: User,
        now: &Now<'_>,
        out: &mut Vec<Finding>,
    ) {
        if self.used.contains_key(&(store, way)) || self.used.len() >= MAX_WAYS {
            return;
        }
        let first = (store, (EndpointId(0), None));
        let others = self
            .used
            .range(first..)
            .take_while(|((of, _), _)| *of == store);
        for ((_, other), before) in others {
            if !is_other((*other, before), (way, &user), now.world) {
                continue;
            }
            let mut ways = [*other, way];
            ways.sort_unstable();
            let pair = Pair {
                store,
                ways,
                users: vec![(*other, before), (way, &user)],
            };
            let [one, two] = ways;
            self.said
                .stands((store, one, two), (), out, || pair.finding(now));
        }
        self.used.insert((store, way), user);
    }

    /// Takes over who is connected to sockets whose store has become known.
    fn place_connected(&mut self, now: &Now<'_>, out: &mut Vec<Finding>) {
        for (endpoint, name) in std::mem::take(&mut self.connected) {
            match now.world.store_of(endpoint, None) {
                Some(store) => {
                    let user = User {
                        name,
                        operation: None,
                    };
                    self.uses(store, (endpoint, None), user, now, out);
                }
                None => {
                    self.connected.insert(endpoint, name);
                }
            }
        }
    }

    /// A client has connected to a socket of a daemon that has one store.
    fn connected(
        &mut self,
        to: EndpointId,
        client: ProcessKey,
        now: &Now<'_>,
        out: &mut Vec<Finding>,
    ) {
        let is_client = !now.world.serves_beside(client, to) && !is_user(client, to, now.world);
        let keeps_one = matches!(
            runtime(to, now.world),
            Some(Runtime::Podman | Runtime::CriO | Runtime::Docker | Runtime::Cri)
        );
        let is_known =
            self.connected.contains_key(&to) || self.used.keys().any(|(_, way)| *way == (to, None));
        if !is_client || !keeps_one || is_known || self.connected.len() >= MAX_WAYS {
            return;
        }
        let program = now.world.process(&client).map(|it| it.program().to_owned());
        let name = program.unwrap_or_else(|| format!("pid {}", client.pid));
        self.connected.insert(to, name);
        self.place_connected(now, out);
    }

    /// Says where what cri-dockerd is asked for lies. Most machines have none: the stores of all
    /// sockets are looked up only where there is one.
    fn say_adapters(&mut self, now: &Now<'_>, out: &mut Vec<Finding>) {
        let of = |wanted: fn(Runtime) -> bool| {
            let its = now.world.daemons().filter(move |it| wanted(it.runtime));
            its.map(|it| it.id)
        };
        let adapters: Vec<_> = of(is_adapter).collect();
        if adapters.is_empty() {
            return;
        }
        let stored = |id| Some((id, now.world.store_of(id, None)?));
        let dockers: Vec<_> = of(|it| it == Runtime::Docker).filter_map(stored).collect();
        for (adapter, store) in adapters.into_iter().filter_map(stored) {
            for (docker, _) in dockers.iter().filter(|(_, its)| *its == store) {
                let mut ways = [(adapter, None), (*docker, None)];
                ways.sort_unstable();
                let pair = Pair {
                    store,
                    ways,
                    users: Vec::new(),
                };
                let [one, other] = ways;
                self.said
                    .stands((store, one, other), (), out, || pair.finding(now));
            }
        }
    }
}

impl Verdict for SameStore {
    fn operation(&mut self, seen: &Seen<'_>, out: &mut Vec<Finding>) {
        let operation = seen.operation;
        let Some(store) = operation.store.as_ref().map(|store| store.id) else {
            return;
        };
        let Some((endpoint, api, name)) = asked(operation, seen.now.world) else {
            return;
        };
        let is_containerds = runtime(endpoint, seen.now.world) == Some(Runtime::Containerd);
        let user = User {
            name,
            operation: Some(operation.id),
        };
        let way = (endpoint, Some(api).filter(|_| is_containerds));
        self.uses(store, way, user, seen.now, out);
    }

    fn observed(&mut self, what: &Observation, now: &Now<'_>, out: &mut Vec<Finding>) {
        match what {
            Observation::Connected {
                endpoint,
                client: Some(client),
                ..
            } => {
                self.connected(*endpoint, *client, now, out);
                let leads_on = runtime(*endpoint, now.world) == Some(Runtime::Docker)
                    && now.world.serves_beside(*client, *endpoint);
                if leads_on && self.is_inventoried {
                    self.say_adapters(now, out);
                }
            }
            Observation::Inventoried => {
                self.is_inventoried = true;
                self.place_connected(now, out);
                self.say_adapters(now, out);
            }
            Observation::Store { .. } if self.is_inventoried => {
                self.place_connected(now, out);
                self.say_adapters(now, out);
            }
            Observation::Endpoint(endpoint)
                if self.is_inventoried
                    && (is_adapter(endpoint.runtime) || endpoint.runtime == Runtime::Docker) =>
            {
                self.say_adapters(now, out);
            }
            _ => {}
        }
    }
}

/// Where an operation was asked, in what, and by whom; none where a daemon asked, for others or for
/// itself.
fn asked(operation: &Operation, world: &World) -> Option<(EndpointId, Api, String)> {
    let endpoint = operation.endpoint.id?;
    let caller = operation.caller.as_ref()?;
    let is_daemons = operation.unasked
        || world.serves_beside(caller.key, endpoint)
        || is_user(caller.key, endpoint, world);
    (!is_daemons).then(|| {
        let api = operation.endpoint.api?;
        Some((endpoint, api, caller.name().to_owned()))
    })?
}

/// True if a process keeps images itself, or is the very daemon behind an endpoint.
fn is_user(process: ProcessKey, endpoint: EndpointId, world: &World) -> bool {
    world.server(endpoint) == Some(process) || world.inventory().used_by(process).next().is_some()
}

/// True if two ways that are used are so different that somebody may take them for two stores: of
/// two daemons, or in two APIs by two programs.
fn is_other(one: (Way, &User), other: (Way, &User), world: &World) -> bool {
    let ((to, api), user) = one;
    let ((other_to, other_api), other_user) = other;
    if to == other_to {
        return api != other_api && user.name != other_user.name;
    }
    let (server, other_server) = (world.server(to), world.server(other_to));
    server.is_none() || server != other_server
}

fn runtime(id: EndpointId, world: &World) -> Option<Runtime> {
    world.endpoint(id).map(|endpoint| endpoint.runtime)
}

/// True for a daemon that keeps no images and has Docker keep them.
const fn is_adapter(runtime: Runtime) -> bool {
    matches!(runtime, Runtime::CriDockerd | Runtime::Dockershim)
}

/// Two ways to one store.
struct Pair<'a> {
    store: StoreId,
    ways: [Way; 2],
    users: Vec<(Way, &'a User)>,
}

impl Pair<'_> {
    fn finding(&self, now: &Now<'_>) -> Finding {
        let world = now.world;
        let store = world.inventory().reference(self.store);
        let place = store.as_ref().map(StoreRef::label).unwrap_or_default();
        let ways = self.ways.map(|way| name(way, world));
        let summary = format!(
            "{} lead to one store, {place}: both lists show what is there once, and what is removed in \
             one is gone in both",
            words::list(&ways),
        );
        let namespace = store.as_ref().and_then(|store| store.namespace.as_deref());
        let mut evidence: Vec<String> = Vec::new();
        for (endpoint, _) in self.ways {
            let keeps = world.keeps(endpoint, namespace);
            let sentences = keeps.map(|keeps| keeps.evidence).unwrap_or_default();
            let new = sentences.into_iter().filter(|it| !evidence.contains(it));
            let new: Vec<_> = new.collect();
            evidence.extend(new);
        }
        let used = self.users.iter();
        evidence
            .extend(used.map(|(way, user)| format!("{} uses {}", user.name, name(*way, world))));
        let operations = self.users.iter();
        Finding {
            evidence,
            operations: operations.filter_map(|(_, user)| user.operation).collect(),
            stores: store.into_iter().collect(),
            ..Finding::new(now.at, Rule::SameStore, Severity::Info, summary)
        }
    }
}

/// `/run/docker.sock (docker)`, `the CRI on /run/containerd/containerd.sock`.
fn name((endpoint, api): Way, world: &World) -> String {
    let known = world.endpoint(endpoint);
    let path = known.map_or_else(|| endpoint.to_string(), |it| it.path.clone());
    match (api, known) {
        (Some(Api::Cri), _) => format!("the CRI on {path}"),
        (Some(Api::Containerd), _) => format!("containerd's own API on {path}"),
        (_, Some(known)) => format!("{path} ({})", known.runtime.as_str()),
        (_, None) => path,
    }
}

#[cfg(test)]
mod tests;

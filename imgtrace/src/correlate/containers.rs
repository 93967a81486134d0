//! The containers that were seen on the sockets: which id a name stood for, and what it runs.
//!
//! A name belongs to one endpoint and to whom it was given last. An id of 64 hex digits is the
//! same everywhere; other ids (containerd lets its clients choose) belong to their endpoint and its
//! namespace.

use super::bounded::Bounded;
use super::cgroup::is_container_id;
use crate::model::{EndpointId, Pod, Runtime, StoreId};

/// Containers kept; what falls out is only names.
const MAX_CONTAINERS: usize = 8_192;

/// Names kept.
const MAX_NAMES: usize = 8_192;

/// Execs kept: each is needed from its creation to its start.
const MAX_EXECS: usize = 1_024;

/// Endpoints noted for one container; several sockets can lead to one daemon.
const MAX_SEEN_ON: usize = 4;

/// Longest name, id or reference that is kept.
const MAX_TEXT: usize = 1_024;

/// Fewest hex digits that are taken for a short id.
const MIN_SHORT_ID: usize = 4;

/// What is known of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Container {
    /// The name that was learnt last.
    pub(crate) name: Option<String>,
    pub(crate) image: Option<String>,
    /// True if the image is what its creation asked for. Later answers may call it by any other
    /// name of the same content (containerd's CRI: by the first of them).
    pub(crate) asked: bool,
    pub(crate) pod: Option<Pod>,
    /// containerd's namespace that it is in; none where that was not told.
    pub(crate) namespace: Option<String>,
    /// The id of the sandbox that it is in.
    pub(crate) sandbox: Option<String>,
    /// The runtime that its root file system's layout tells.
    pub(crate) runtime: Option<Runtime>,
    /// The store that its root file system lies in.
    pub(crate) store: Option<StoreId>,
    /// Where it was seen, first first.
    pub(crate) seen_on: Vec<EndpointId>,
    /// What it is called where: kubelet's `web` is cri-dockerd's `k8s_web_…`.
    pub(crate) named_on: Vec<(EndpointId, String)>,
}

impl Container {
    /// What it is called on an endpoint, else elsewhere.
    pub(crate) fn name_on(&self, endpoint: EndpointId) -> Option<&str> {
        let named = self.named_on.iter().find(|(on, _)| *on == endpoint);
        named
            .map(|(_, name)| name)
            .or(self.name.as_ref())
            .map(String::as_str)
    }

    /// All that it is called.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.named_on.iter().map(|(_, name)| name.as_str())
    }

    /// Takes over all but names and places; what is not said stays.
    fn update(&mut self, seen: Self) {
        if seen.asked || !self.asked {
            self.asked |= seen.asked && seen.image.is_some();
            self.image = seen.image.or(self.image.take());
        }
        self.namespace = seen.namespace.or(self.namespace.take());
        self.pod = seen.pod.or(self.pod.take());
        self.sandbox = seen.sandbox.or(self.sandbox.take());
        self.runtime = seen.runtime.or(self.runtime);
        self.store = seen.store.or(self.store);
    }

    /// Takes over what is not known of it.
    fn complete(&mut self, seen: Self) {
        self.name = self.name.take().or(seen.name);
        self.image = self.image.take().or(seen.image);
        self.namespace = self.namespace.take().or(seen.namespace);
        self.pod = self.pod.take().or(seen.pod);
        self.sandbox = self.sandbox.take().or(seen.sandbox);
        self.runtime = self.runtime.or(seen.runtime);
        self.store = self.store.or(seen.store);
    }

    /// Gives it a name on an endpoint; returns the one that it had there.
    fn rename(&mut self, endpoint: EndpointId, name: &str) -> Option<String> {
        self.name = Some(name.to_owned());
        let known = self.named_on.iter_mut().find(|(on, _)| *on == endpoint);
        if let Some((_, known)) = known {
            return Some(std::mem::replace(known, name.to_owned())).filter(|old| old != name);
        }
        if self.named_on.len() < MAX_SEEN_ON {
            self.named_on.push((endpoint, name.to_owned()));
        }
        None
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    id: String,
    /// None for ids that are the same everywhere; otherwise the endpoint and its namespace.
    scope: Option<(EndpointId, Option<String>)>,
}

impl Key {
    fn new(endpoint: EndpointId, namespace: Option<&str>, id: &str) -> Self {
        let scope = || (endpoint, namespace.map(str::to_owned));
        Self {
            scope: (!is_container_id(id)).then(scope),
            id: id.to_owned(),
        }
    }
}

/// All containers, their names, and the execs in them.
#[derive(Debug)]
pub(crate) struct Containers {
    known: Bounded<Key, Container>,
    names: Bounded<(EndpointId, String), String>,
    execs: Bounded<(EndpointId, String), String>,
}

impl Containers {
    pub(crate) const fn new() -> Self {
        Self {
            known: Bounded::new(MAX_CONTAINERS),
            names: Bounded::new(MAX_NAMES),
            execs: Bounded::new(MAX_EXECS),
        }
    }

    /// Takes over what an answer said; what it does not say stays.
    pub(crate) fn learn(&mut self, endpoint: EndpointId, id: &str, seen: Container) {
        if is_too_long(id, &seen) {
            return;
        }
        let key = Key::new(endpoint, seen.namespace.as_deref(), id);
        let mut known = self.known.remove(&key).unwrap_or_default();
        if let Some(name) = &seen.name {
            if let Some(old) = known.rename(endpoint, name) {
                self.forget_name(endpoint, &old, id);
            }
            self.names.insert((endpoint, name.clone()), id.to_owned());
        }
        known.update(seen);
        if !known.seen_on.contains(&endpoint) && known.seen_on.len() < MAX_SEEN_ON {
            known.seen_on.push(endpoint);
        }
        self.known.insert(key, known);
    }

    /// Takes over what was seen of a container whose daemon's endpoint is not known, if its id is the
    /// same everywhere. Anybody can mount what looks like its root file system, in a user namespace of
    /// their own: what a daemon has said of it stays.
    pub(crate) fn learn_unplaced(&mut self, id: &str, seen: Container) {
        if !is_container_id(id) || is_too_long(id, &seen) {
            return;
        }
        let key = Key {
            scope: None,
            id: id.to_owned(),
        };
        let mut known = self.known.remove(&key).unwrap_or_default();
        if known.seen_on.is_empty() {
            known.name = seen.name.clone().or(known.name);
            known.update(seen);
        } else {
            known.complete(seen);
        }
        self.known.insert(key, known);
    }

    /// Forgets that `id` has a name: it was removed. What ran in it is still known.
    pub(crate) fn forget_names(&mut self, endpoint: EndpointId, id: &str) {
        let known = self.get(endpoint, id);
        let name = known.and_then(|known| known.name_on(endpoint));
        if let Some(name) = name.map(str::to_owned) {
            self.forget_name(endpoint, &name, id);
        }
    }

    fn forget_name(&mut self, endpoint: EndpointId, name: &str, id: &str) {
        let key = (endpoint, name.to_owned());
        if self.names.get(&key).is_some_and(|named| named == id) {
            self.names.remove(&key);
        }
    }

    /// Forgets that the endpoint knows a container by this name: it said that there is none.
    pub(crate) fn unknown(&mut self, endpoint: EndpointId, given: &str) {
        let name = given.strip_prefix('/').unwrap_or(given);
        self.names.remove(&(endpoint, name.to_owned()));
    }

    /// The full id of what a request calls `given`: full id, else name, else short id, as dockerd
    /// looks it up (moby `daemon/container.go`, `GetContainer`).
    pub(crate) fn resolve(&self, endpoint: EndpointId, given: &str) -> Option<String> {
        if is_container_id(given) || self.get(endpoint, given).is_some() {
            return Some(given.to_owned());
        }
        let name = given.strip_prefix('/').unwrap_or(given);
        let named = self.names.get(&(endpoint, name.to_owned()));
        named
            .map(String::as_str)
            .or_else(|| self.by_short_id(endpoint, given))
            .map(str::to_owned)
    }

    /// The full id of what a request calls `given` where it can call nothing by a name.
    pub(crate) fn resolve_id(&self, endpoint: EndpointId, given: &str) -> Option<String> {
        let is_whole = is_container_id(given) || self.get(endpoint, given).is_some();
        let whole = is_whole.then_some(given);
        whole
            .or_else(|| self.by_short_id(endpoint, given))
            .map(str::to_owned)
    }

    /// The one container of the endpoint whose id begins so.
    fn by_short_id(&self, endpoint: EndpointId, short: &str) -> Option<&str> {
        if short.len() < MIN_SHORT_ID || !short.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let first = Key {
            scope: None,
            id: short.to_owned(),
        };
        let mut found = self
            .known
            .from(&first)
            .take_while(|(key, _)| key.id.starts_with(short))
            .filter(|(key, it)| key.scope.is_none() && it.seen_on.contains(&endpoint))
            .map(|(key, _)| key.id.as_str());
        let only = found.next()?;
        found.next().is_none().then_some(only)
    }

    /// What is known of the container with this full id.
    pub(crate) fn get(&self, endpoint: EndpointId, id: &str) -> Option<&Container> {
        self.get_in(endpoint, None, id)
    }

    /// What is known of the container with this full id in a namespace, else of the one of which
    /// the namespace was not told. Without a namespace it is the only one that has the id.
    pub(crate) fn get_in(
        &self,
        endpoint: EndpointId,
        namespace: Option<&str>,
        id: &str,
    ) -> Option<&Container> {
        let get = |namespace| self.known.get(&Key::new(endpoint, namespace, id));
        let known = get(namespace).or_else(|| get(None));
        known.or_else(|| match namespace {
            None => self.only(endpoint, id),
            Some(_) => None,
        })
    }

    /// The one container of the endpoint with this id, in whatever namespace.
    fn only(&self, endpoint: EndpointId, id: &str) -> Option<&Container> {
        let first = Key::new(endpoint, None, id);
        let is_here = |key: &Key| key.scope.as_ref().is_some_and(|scope| scope.0 == endpoint);
        let alike = self.known.from(&first);
        let alike = alike.take_while(|(key, _)| key.id == id && is_here(key));
        let mut found = alike.map(|(_, container)| container);
        let only = found.next()?;
        found.next().is_none().then_some(only)
    }

    /// What is known of a container by its id alone, wherever it was seen.
    pub(crate) fn anywhere(&self, id: &str) -> Option<&Container> {
        self.known.get(&Key {
            scope: None,
            id: id.to_owned(),
        })
    }

    /// The pod of a container: its own, else its sandbox'.
    pub(crate) fn pod_of(&self, container: &Container) -> Option<Pod> {
        let sandbox = || self.anywhere(container.sandbox.as_ref()?)?.pod.clone();
        container.pod.clone().or_else(sandbox)
    }

    /// Notes the container that an exec is for, as its request named it.
    pub(crate) fn learn_exec(&mut self, endpoint: EndpointId, exec: &str, container: &str) {
        if exec.len().max(container.len()) > MAX_TEXT {
            return;
        }
        let id = self.resolve(endpoint, container);
        let id = id.unwrap_or_else(|| container.to_owned());
        self.execs.insert((endpoint, exec.to_owned()), id);
    }

    /// The container that an exec is for.
    pub(crate) fn of_exec(&self, endpoint: EndpointId, exec: &str) -> Option<&str> {
        let key = (endpoint, exec.to_owned());
        self.execs.get(&key).map(String::as_str)
    }
}

/// True if any text of it is longer than what is kept.
fn is_too_long(id: &str, seen: &Container) -> bool {
    let texts = [&seen.name, &seen.image, &seen.sandbox, &seen.namespace];
    let texts = texts.into_iter().flatten().map(String::as_str);
    texts.chain([id]).any(|text| text.len() > MAX_TEXT)
}

#[cfg(test)]
mod tests;

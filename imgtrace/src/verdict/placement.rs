//! Where a caller in a container stands to the daemon that it drives.
//!
//! Both are placed by the names of their control groups. Nothing is claimed where one of the two
//! is not known.

use super::words;
use crate::correlate::{Nested, World, mention};
use crate::model::{
    Caller, CallerContainer, EndpointId, Operation, ProcessKey, Runtime, StoreId, StoreRef,
};

/// A caller inside a container, and the daemon.
#[derive(Debug)]
pub(super) struct Placement<'a> {
    pub(super) endpoint: EndpointId,
    /// Its path.
    pub(super) path: &'a str,
    pub(super) caller: &'a Caller,
    /// The caller's innermost container.
    pub(super) container: &'a CallerContainer,
    server: ProcessKey,
    /// How the daemon is called in evidence: `pid 812 (dockerd)`.
    server_mention: String,
    /// The containers around the daemon, outermost first.
    around_server: Vec<Nested>,
    /// True if the caller is a runtime's daemon itself.
    by_daemon: bool,
    /// The daemon, by the name that its endpoint has.
    runtime: Runtime,
    /// The store that the caller's container was made from, where that was seen.
    own_store: Option<StoreId>,
    /// The store that the operation is about.
    store: Option<StoreId>,
}

impl<'a> Placement<'a> {
    /// The placement of an operation's caller; none unless it is known to be in a container, and
    /// where the daemon is.
    pub(super) fn of(operation: &'a Operation, world: &World) -> Option<Self> {
        let caller = operation.caller.as_ref()?;
        let endpoint = operation.endpoint.id?;
        let server = world.endpoint(endpoint)?.server.as_ref()?.process;
        let container = caller.container.as_ref()?;
        let mounted = operation.rootfs.as_ref().and_then(|rootfs| rootfs.store);
        let told = operation.store.as_ref().map(|store| store.id);
        Some(Self {
            endpoint,
            path: operation.endpoint.path.as_deref()?,
            caller,
            container,
            server,
            server_mention: mention(world, server),
            around_server: world.around_server(endpoint)?,
            by_daemon: world.serves_beside(caller.key, endpoint),
            runtime: operation.endpoint.runtime,
            own_store: world.container(&container.id).and_then(|it| it.store),
            store: mounted.or(told),
        })
    }

    /// True if the daemon runs inside the caller's container, or in one that is inside it.
    pub(super) fn is_inside(&self) -> bool {
        let container = &self.container.id;
        self.around_server
            .iter()
            .any(|nested| nested.id == *container)
    }

    /// `pod ci/runner-0 (containerd)`.
    pub(super) fn who(&self) -> String {
        let container = || format!("container {}", self.container.label());
        let place = self.caller.place().unwrap_or_else(container);
        match self.container.runtime {
            Some(runtime) => format!("{place} ({})", runtime.as_str()),
            None => place,
        }
    }

    /// Where what the daemon starts will run, as seen from the caller.
    pub(super) fn started_where(&self) -> String {
        let around = self.around_server.iter().map(|nested| &nested.id);
        match self.around_server.last() {
            _ if around.eq(self.container.outer.iter()) => "beside it".to_owned(),
            Some(nested) => format!("in container {}", short(&nested.id)),
            None => "on the host".to_owned(),
        }
    }

    /// The store that the caller's own container was made from, and the one that what it asks for
    /// is in; none if one of them is not known.
    pub(super) fn stores(&self) -> Option<(StoreId, StoreId)> {
        self.own_store.zip(self.store)
    }

    /// The stores that are known of it, as findings name them: the own one of the caller's container,
    /// then that of what it asks for, if that is another.
    pub(super) fn known_stores(&self, world: &World) -> Vec<StoreRef> {
        let mut ids: Vec<_> = self.own_store.into_iter().chain(self.store).collect();
        ids.dedup();
        let known = ids.into_iter();
        known
            .filter_map(|id| world.inventory().reference(id))
            .collect()
    }

    /// What the caller's container was made of, a sentence; none where its image is not known.
    pub(super) fn made_of(&self, world: &World) -> Option<String> {
        let image = self.container.image.as_ref()?;
        let store = self
            .own_store
            .and_then(|id| world.inventory().reference(id));
        let store = store.map(|store| format!(" in {}", words::store(&store)));
        let label = self.container.label();
        Some(format!(
            "container {label} was made of {image}{}",
            store.unwrap_or_default()
        ))
    }

    /// True if the caller's own container and what it asks for lie in two stores. Where the stores
    /// were not seen, it is concluded from the two runtimes: whether they have one in common.
    pub(super) fn is_other_store(&self) -> bool {
        if let Some((own, other)) = self.stores() {
            return own != other;
        }
        let own = self.container.runtime.and_then(store_of);
        own.zip(store_of(self.runtime))
            .is_some_and(|(own, other)| own != other)
    }

    /// How it is known where the two are, a sentence each.
    pub(super) fn evidence(&self) -> Vec<String> {
        let caller = format!(
            "pid {} ({}) is in {} by its control group",
            self.caller.key.pid,
            self.caller.comm,
            chain(self.container.outer.iter().chain([&self.container.id]))
        );
        let around = self.around_server.iter().map(|nested| &nested.id);
        let server = format!(
            "{} serves {} and is in {} by its control group",
            self.server_mention,
            self.endpoint,
            chain(around)
        );
        vec![caller, server]
    }

    /// True if the caller is the daemon itself, or another one on whose behalf it works: what a
    /// dockerd asks of its containerd drives nothing that is not driven already.
    pub(super) fn is_daemons(&self) -> bool {
        self.by_daemon || self.caller.key == self.server
    }
}

/// `container 9f3c… inside container 77aa…`, from ids that stand outermost first.
fn chain<'a>(ids: impl DoubleEndedIterator<Item = &'a String>) -> String {
    let names: Vec<_> = ids.rev().map(|id| format!("container {id}")).collect();
    if names.is_empty() {
        "no container".to_owned()
    } else {
        names.join(" inside ")
    }
}

/// Digits of an id in a sentence.
const SHORT_ID: usize = 12;

/// The beginning of an id.
pub(super) fn short(id: &str) -> &str {
    id.get(..SHORT_ID).unwrap_or(id)
}

/// Runtimes that keep their images in one store get the same word.
const fn store_of(runtime: Runtime) -> Option<&'static str> {
    match runtime {
        Runtime::Docker | Runtime::CriDockerd | Runtime::Dockershim => Some("docker"),
        Runtime::Podman | Runtime::Buildah | Runtime::CriO => Some("containers-storage"),
        Runtime::Containerd => Some("containerd"),
        Runtime::BuildKit | Runtime::Shim | Runtime::Cri => None,
    }
}

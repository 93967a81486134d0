//! A store as findings about duplicates speak of it: what it is called, where its daemon lives, and
//! the command that removes an image there.

use crate::correlate::{Held, Inventory, Place as Group, World, namespace_of, shares_blobs};
use crate::model::{Api, ProcessKey, Runtime, Store, StoreId, StoreKind, StoreRef};
use crate::verdict::placement::short;
use crate::verdict::words;

/// Where the docker CLI looks without being told (`DefaultDockerHost` of github.com/moby/moby/client).
const DEFAULT_DOCKER: [&str; 2] = ["/run/docker.sock", "/var/run/docker.sock"];

/// A store, and where it is.
#[derive(Clone, Debug)]
pub(in crate::verdict) struct Place {
    pub(in crate::verdict) store: StoreRef,
    /// `docker:/var/lib/docker`, with the container that its daemon lives in.
    pub(in crate::verdict) label: String,
    /// The container that its daemon lives in.
    container: Option<String>,
    command: Command,
    /// False if no daemon keeps images there any more.
    pub(in crate::verdict) is_living: bool,
}

/// Who removes images there.
#[derive(Clone, Debug)]
enum Command {
    /// With the socket, where it is none that the CLI takes by itself.
    Docker(Option<String>),
    Crictl(Option<String>),
    Ctr {
        socket: Option<String>,
        namespace: String,
    },
    Podman,
    Buildctl,
}

impl Place {
    pub(in crate::verdict) fn of(world: &World, id: StoreId) -> Option<Self> {
        let store = world.inventory().reference(id)?;
        let held = world.inventory().get(id)?;
        let container = container(world, held);
        let mut label = words::store(&store);
        if let Some(container) = &container {
            label = format!("{label} in container {container}");
        }
        Some(Self {
            label,
            container,
            command: command(world, id, held),
            is_living: is_living(held),
            store,
        })
    }

    pub(in crate::verdict) const fn id(&self) -> StoreId {
        self.store.id
    }

    /// The command that removes an image from this store.
    pub(in crate::verdict) fn removal(&self, image: &str) -> String {
        let image = words::shell(image);
        let command = match &self.command {
            Command::Docker(None) => format!("docker image rm {image}"),
            Command::Docker(Some(socket)) => {
                format!(
                    "docker --host unix://{} image rm {image}",
                    words::shell(socket)
                )
            }
            Command::Podman => format!("podman image rm {image}"),
            Command::Buildctl => "buildctl prune".to_owned(),
            Command::Crictl(None) => format!("crictl rmi {image}"),
            Command::Crictl(Some(socket)) => {
                format!(
                    "crictl --runtime-endpoint unix://{} rmi {image}",
                    words::shell(socket)
                )
            }
            Command::Ctr { socket, namespace } => {
                let address = socket
                    .as_ref()
                    .map(|it| format!(" --address {}", words::shell(it)));
                let address = address.unwrap_or_default();
                format!("ctr{address} --namespace {namespace} images rm {image}")
            }
        };
        match &self.container {
            Some(container) => format!("`{command}` in container {container}"),
            None => format!("`{command}`"),
        }
    }
}

/// True if somebody keeps images in a store. Podman has no daemon, and its store needs none.
pub(in crate::verdict) fn is_living(held: &Held) -> bool {
    !held.users.is_empty() || held.store.kind == StoreKind::ContainersStorage
}

/// The innermost container that the daemons of a store live in.
fn container(world: &World, held: &Held) -> Option<String> {
    let mut users = held.users.iter();
    users.find_map(|user| inside(world, user.process))
}

/// The name of the innermost container that a process lives in.
pub(super) fn inside(world: &World, process: ProcessKey) -> Option<String> {
    let group = Group::of(&world.process(&process)?.cgroups)?;
    let id = &group.containers.last()?.id;
    let name = world.container(id).and_then(|known| known.name.clone());
    Some(name.unwrap_or_else(|| short(id).to_owned()))
}

fn command(world: &World, id: StoreId, held: &Held) -> Command {
    let runs = |program: &str| {
        let mut users = held.users.iter();
        users.any(|user| {
            let process = world.process(&user.process);
            process.is_some_and(|process| process.program() == program)
        })
    };
    let socket = |runtime: Runtime| {
        let led = world.endpoints_of(id).into_iter();
        let mut led = led.filter_map(|id| world.endpoint(id));
        // The sockets for ttrpc and for debugging lead to the same daemon, and speak no gRPC of its API.
        let is_side = |path: &str| path.ends_with("ttrpc") || path.ends_with("debug.sock");
        let endpoint = led.find(|it| it.runtime == runtime && !is_side(&it.path));
        endpoint.map(|endpoint| endpoint.path.clone())
    };
    let namespace = held.store.namespace.as_deref();
    match held.store.kind {
        StoreKind::Docker => Command::Docker(elsewhere(world, id)),
        StoreKind::BuildKit => Command::Buildctl,
        StoreKind::ContainersStorage if runs("crio") => Command::Crictl(socket(Runtime::CriO)),
        StoreKind::ContainersStorage => Command::Podman,
        StoreKind::Containerd if runs("dockerd") => Command::Docker(elsewhere(world, id)),
        StoreKind::Containerd if namespace == namespace_of(Api::Cri) => {
            Command::Crictl(socket(Runtime::Containerd))
        }
        StoreKind::Containerd => Command::Ctr {
            socket: socket(Runtime::Containerd),
            namespace: namespace.unwrap_or("default").to_owned(),
        },
    }
}

/// The socket of the dockerd that keeps a store, unless it is the one that the CLI takes by itself:
/// there the same command would remove from another store.
fn elsewhere(world: &World, id: StoreId) -> Option<String> {
    let endpoints = world.endpoints_of(id).into_iter();
    let endpoints = endpoints.filter_map(|id| world.endpoint(id));
    let mut paths: Vec<_> = endpoints
        .filter(|endpoint| endpoint.runtime == Runtime::Docker && endpoint.path.starts_with('/'))
        .map(|endpoint| endpoint.path.as_str())
        .collect();
    if paths.iter().any(|path| DEFAULT_DOCKER.contains(path)) {
        return None;
    }
    paths.sort_unstable();
    paths.first().map(|path| (*path).to_owned())
}

/// True for two namespaces of one containerd.
pub(in crate::verdict) fn is_half(inventory: &Inventory, one: StoreId, other: StoreId) -> bool {
    of_both(inventory, one, other, shares_blobs)
}

/// True for two drivers of one namespace: an image is removed from both at once.
pub(super) fn is_one_namespace(inventory: &Inventory, one: StoreId, other: StoreId) -> bool {
    of_both(inventory, one, other, |one, other| {
        shares_blobs(one, other) && one.namespace == other.namespace
    })
}

fn of_both(
    inventory: &Inventory,
    one: StoreId,
    other: StoreId,
    is_so: impl Fn(&Store, &Store) -> bool,
) -> bool {
    let stores = inventory.get(one).zip(inventory.get(other));
    stores.is_some_and(|(one, other)| is_so(&one.store, &other.store))
}

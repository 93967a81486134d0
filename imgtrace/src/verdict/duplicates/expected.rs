//! What a pull that begins is expected to bring: what another store has of it.

use super::place::{Place, inside, is_half, is_living, is_one_namespace};
use crate::correlate::{Held, World};
use crate::model::{
    EndpointId, Op, Operation, OperationId, Runtime, StoreId, StoredImage, Subject,
};

/// A pull that has begun, of what another store has.
pub(in crate::verdict) struct Begins<'a> {
    pub(in crate::verdict) operation: OperationId,
    pub(in crate::verdict) name: &'a str,
    /// True if it asks for a digest that the store has; else that has an image of that name.
    pub(in crate::verdict) is_digest: bool,
    pub(in crate::verdict) first: &'a Place,
    /// What it is pulled into: a store, or a daemon whose store is not known yet.
    pub(in crate::verdict) into: &'a str,
    /// The store that it is pulled into.
    pub(in crate::verdict) second: Option<&'a Place>,
    /// What the first store has, and its bytes there.
    pub(in crate::verdict) image: &'a StoredImage,
    pub(in crate::verdict) size: Option<u64>,
}

/// Where a pull goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Into {
    Store(StoreId),
    /// A daemon whose store is not known: a new one lists nothing before its first image.
    Daemon(EndpointId),
}

/// What a pull asks for, as another store has it.
pub(super) struct Found<'a> {
    pub(super) name: &'a str,
    pub(super) into: Into,
    pub(super) store: StoreId,
    pub(super) image: &'a StoredImage,
    pub(super) is_digest: bool,
}

/// What another store has of what a pull asks for; none if its own store has it.
pub(super) fn expected<'a>(operation: &'a Operation, world: &'a World) -> Option<Found<'a>> {
    if operation.op != Op::Pull {
        return None;
    }
    let inventory = world.inventory();
    let subject = &operation.subject;
    let name = subject.image.as_deref()?;
    let into = into(operation, world)?;
    let is_another = |id: StoreId, held: &Held| match into {
        Into::Store(own) => id != own && !is_one_namespace(inventory, id, own),
        Into::Daemon(endpoint) => is_of_others(held, endpoint, world),
    };
    if let Into::Store(own) = into
        && inventory.find(own, name).is_some()
    {
        return None;
    }
    let is_half = |id: StoreId| match into {
        Into::Store(own) => is_half(inventory, id, own),
        Into::Daemon(_) => false,
    };
    let others = inventory
        .stores()
        .filter(|(id, held)| is_another(*id, held));
    let found = others.filter_map(|(id, held)| {
        let image = inventory.find(id, name)?;
        is_of_platform(image, subject).then_some((id, held, image))
    });
    let (store, _, image) =
        found.min_by_key(|(id, held, _)| (!is_living(held), is_half(*id), *id))?;
    Some(Found {
        name,
        into,
        store,
        image,
        is_digest: name.contains('@'),
    })
}

/// Where a pull goes: a store; else the daemon, if it keeps images itself.
fn into(operation: &Operation, world: &World) -> Option<Into> {
    if let Some(store) = &operation.store {
        return Some(Into::Store(store.id));
    }
    let endpoint = operation.endpoint.id?;
    let keeps = matches!(
        operation.endpoint.runtime,
        Runtime::Docker | Runtime::Containerd | Runtime::CriO
    );
    world.server(endpoint).filter(|_| keeps)?;
    Some(Into::Daemon(endpoint))
}

/// True if a store is known to be used by others than the daemon behind an endpoint.
fn is_of_others(held: &Held, endpoint: EndpointId, world: &World) -> bool {
    let server = world.server(endpoint);
    !held.users.is_empty() && held.users.iter().all(|user| Some(user.process) != server)
}

/// `docker at /run/docker.sock`, with the container that the daemon lives in.
pub(super) fn daemon(operation: &Operation, world: &World) -> String {
    let endpoint = &operation.endpoint;
    let runtime = endpoint.runtime.as_str();
    let server = endpoint.id.and_then(|id| world.server(id));
    match (
        server.and_then(|server| inside(world, server)),
        &endpoint.path,
    ) {
        (Some(container), _) => format!("{runtime} in container {container}"),
        (None, Some(path)) => format!("{runtime} at {path}"),
        (None, None) => runtime.to_owned(),
    }
}

/// False if a platform was asked for that the image is known not to have.
fn is_of_platform(image: &StoredImage, subject: &Subject) -> bool {
    let Some(asked) = &subject.platform else {
        return true;
    };
    let mut known = image.variants.iter().filter_map(|it| it.platform.as_ref());
    image.variants.iter().all(|it| it.platform.is_none()) || known.any(|its| its == asked)
}

/// True for what can bring an image into a store.
pub(super) const fn is_bringing(op: Op) -> bool {
    matches!(
        op,
        Op::Pull | Op::Load | Op::Import | Op::Build | Op::Commit | Op::AddImage
    )
}

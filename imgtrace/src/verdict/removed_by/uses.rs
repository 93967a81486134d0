//! Who used an image or a container last.

use crate::correlate::{Bounded, World};
use crate::model::{EndpointId, Op, Operation, OperationId, Stamp, StoreId};
use crate::verdict::who::Named;

/// Names and ids of images whose last use is remembered.
const MAX_IMAGES: usize = 8_192;

/// Containers whose last use is remembered.
const MAX_CONTAINERS: usize = 8_192;

/// Digits of a container's id that is the same everywhere.
const WHOLE_ID: usize = 64;

/// One use.
#[derive(Clone, Debug)]
pub(super) struct Use {
    pub(super) by: Named,
    pub(super) endpoint: Option<EndpointId>,
    /// The socket that it was asked at.
    pub(super) path: Option<String>,
    pub(super) op: Op,
    pub(super) operation: OperationId,
    pub(super) at: Stamp,
}

/// The last uses of this run.
#[derive(Debug)]
pub(super) struct Uses {
    images: Bounded<(StoreId, String), Use>,
    containers: Bounded<String, Use>,
}

impl Use {
    /// None where it is not known who asked.
    pub(super) fn of(operation: &Operation, at: Stamp) -> Option<Self> {
        Some(Self {
            by: Named::of(operation.caller.as_ref()?),
            endpoint: operation.endpoint.id,
            path: operation.endpoint.path.clone(),
            op: operation.op,
            operation: operation.id,
            at,
        })
    }

    /// What was done with an image.
    pub(super) const fn of_image(&self) -> &'static str {
        match self.op {
            Op::Pull => "pulled it",
            Op::Load => "loaded it",
            Op::Import => "imported it",
            Op::Build => "built it",
            Op::Commit => "made it of a container",
            Op::Tag => "named it",
            Op::Push | Op::Save => "sent it on",
            Op::Create => "created a container of it",
            Op::Start | Op::Restart => "started a container of it",
            _ => "used it",
        }
    }

    /// What was done with a container.
    pub(super) const fn of_container(&self) -> &'static str {
        match self.op {
            Op::Create => "created it",
            Op::Start | Op::Restart => "started it",
            Op::Exec => "ran something in it",
            _ => "used it",
        }
    }
}

impl Uses {
    pub(super) const fn new() -> Self {
        Self {
            images: Bounded::new(MAX_IMAGES),
            containers: Bounded::new(MAX_CONTAINERS),
        }
    }

    /// Notes the use that an operation is, if it is one.
    pub(super) fn note(&mut self, operation: &Operation, at: Stamp, world: &World) {
        let Some(used) = Use::of(operation, at) else {
            return;
        };
        if let Some(store) = &operation.store {
            for key in keys(operation, world) {
                self.images.insert((store.id, key), used.clone());
            }
        }
        let is_of_container = matches!(
            operation.op,
            Op::Create | Op::Start | Op::Restart | Op::Exec
        );
        if let Some(id) = container(operation).filter(|_| is_of_container) {
            self.containers.insert(id, used);
        }
    }

    /// The last use of what is called so in a store, which is forgotten: it is gone.
    pub(super) fn take_image(&mut self, store: StoreId, keys: &[String]) -> Option<Use> {
        self.take(store, keys, |_| true)
    }

    /// The same, of what was used up to this moment; what was used later stays.
    pub(super) fn take_image_of(
        &mut self,
        store: StoreId,
        keys: &[String],
        until: Stamp,
    ) -> Option<Use> {
        self.take(store, keys, |used| used.at <= until)
    }

    fn take(
        &mut self,
        store: StoreId,
        keys: &[String],
        is_meant: impl Fn(&Use) -> bool,
    ) -> Option<Use> {
        let taken = keys.iter().filter_map(|key| {
            let key = (store, key.clone());
            self.images.get(&key).filter(|used| is_meant(used))?;
            self.images.remove(&key)
        });
        taken.max_by_key(|used| used.at)
    }

    /// The last use of a container, which is forgotten.
    pub(super) fn take_container(&mut self, operation: &Operation) -> Option<Use> {
        self.containers.remove(&container(operation)?)
    }
}

/// What an operation calls its images, and what their store does.
pub(super) fn keys(operation: &Operation, world: &World) -> Vec<String> {
    let subject = &operation.subject;
    let given = subject.image.iter().chain(&subject.images);
    let given = given.chain(&subject.target).chain(&subject.digest);
    let mut keys: Vec<_> = given.cloned().collect();
    if let Some(store) = &operation.store {
        let inventory = world.inventory();
        let found = keys.iter().filter_map(|key| inventory.find(store.id, key));
        let ids: Vec<_> = found.map(|image| image.id.clone()).collect();
        keys.extend(ids);
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// A container's id; one that its client chose is the endpoint's own.
fn container(operation: &Operation) -> Option<String> {
    let id = operation.subject.container.as_ref()?;
    if id.len() == WHOLE_ID {
        return Some(id.clone());
    }
    Some(format!("{}/{id}", operation.endpoint.id?))
}

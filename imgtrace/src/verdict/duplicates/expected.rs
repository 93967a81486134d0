//! What a pull that begins is expected to bring: what another store has of it.

use super::place::{Place, is_half, is_living, is_one_namespace};
use crate::correlate::World;
use crate::model::{Op, Operation, OperationId, StoreId, StoredImage, Subject};

/// A pull that has begun, of what another store has.
pub(in crate::verdict) struct Begins<'a> {
    pub(in crate::verdict) operation: OperationId,
    pub(in crate::verdict) name: &'a str,
    /// True if it asks for a digest that the store has; else that has an image of that name.
    pub(in crate::verdict) is_digest: bool,
    pub(in crate::verdict) first: &'a Place,
    pub(in crate::verdict) second: &'a Place,
    /// What the first store has, and its bytes there.
    pub(in crate::verdict) image: &'a StoredImage,
    pub(in crate::verdict) size: Option<u64>,
}

/// What a pull asks for, as another store has it.
pub(super) struct Found<'a> {
    pub(super) name: &'a str,
    pub(super) store: StoreId,
    pub(super) image: &'a StoredImage,
    pub(super) is_digest: bool,
}

/// The store that a pull is for, and what another store has of what it asks for; none if its own
/// store has it.
pub(super) fn expected<'a>(
    operation: &'a Operation,
    world: &'a World,
) -> Option<(StoreId, Found<'a>)> {
    if operation.op != Op::Pull {
        return None;
    }
    let second = operation.store.as_ref()?.id;
    let inventory = world.inventory();
    let subject = &operation.subject;
    let name = subject.image.as_deref()?;
    if inventory.find(second, name).is_some() {
        return None;
    }
    let is_digest = name.contains('@');
    let others = inventory
        .stores()
        .filter(|(id, _)| *id != second && !is_one_namespace(inventory, *id, second));
    let found = others.filter_map(|(id, held)| {
        let image = inventory.find(id, name)?;
        is_of_platform(image, subject).then_some((id, held, image))
    });
    let (store, _, image) = found
        .min_by_key(|(id, held, _)| (!is_living(held), is_half(inventory, *id, second), *id))?;
    let found = Found {
        name,
        store,
        image,
        is_digest,
    };
    Some((second, found))
}

/// False if a platform was asked for that the image is known not to have.
fn is_of_platform(image: &StoredImage, subject: &Subject) -> bool {
    let Some(asked) = &subject.platform else {
        return true;
    };
    let mut known = image.variants.iter().filter_map(|it| it.platform.as_ref());
    image.variants.iter().all(|it| it.platform.is_none()) || known.any(|its| its == asked)
}

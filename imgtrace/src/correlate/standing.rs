//! Whether a store is in use, or what it is that nobody uses.

use super::World;
use super::inventory::Held;
use crate::model::{EndpointState, Listing, Runtime, StoreId, StoreKind};

/// What a store is for the daemons of the machine, once all of them are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// A living daemon keeps images there, or what is deleted together with it is in use.
    Used,
    /// Its books have not been read, or nothing of them could be.
    Unread,
    /// There is neither an image nor a container in it, or its folder is gone.
    Empty,
    /// It needs no daemon: Podman's, Buildah's and CRI-O's, of which nobody can tell from the
    /// processes whether they are needed.
    AtRest,
    /// A daemon of its kind lives, or a socket waits for one, and it is not known which store is its
    /// own: it may be this one.
    Doubtful,
    /// No living daemon uses it.
    Leftover,
}

impl World {
    /// What a store is, as far as it is known by now; only [`Standing::Used`] means anything before
    /// all stores have been listed.
    pub(crate) fn standing(&self, id: StoreId) -> Standing {
        let Some(held) = self.inventory.get(id) else {
            return Standing::Unread;
        };
        let together = self.inventory.deleted_with(id);
        let is_used = |id: &StoreId| self.inventory.get(*id).is_some_and(Held::is_used);
        match &held.listing {
            _ if together.iter().any(is_used) => Standing::Used,
            None => Standing::Unread,
            Some(listing) if listing.is_empty() || listing.is_of_gone() => Standing::Empty,
            Some(listing) if is_bare(listing) => Standing::Unread,
            Some(_) if held.store.kind == StoreKind::ContainersStorage => Standing::AtRest,
            Some(_) if self.may_be_used(held.store.kind) => Standing::Doubtful,
            Some(_) => Standing::Leftover,
        }
    }

    /// True if a daemon of a kind that keeps images in such stores is there, or a socket that waits
    /// for one, and in which store it keeps them is not known.
    fn may_be_used(&self, kind: StoreKind) -> bool {
        let runtime = match kind {
            StoreKind::Docker => Runtime::Docker,
            StoreKind::Containerd => Runtime::Containerd,
            StoreKind::BuildKit => Runtime::BuildKit,
            StoreKind::ContainersStorage => return true,
        };
        let mut daemons = self.endpoints.daemons();
        daemons.any(|endpoint| {
            let server = endpoint.server.as_ref().map(|it| it.process);
            let used = server.and_then(|server| self.inventory.used_by(server).next());
            endpoint.runtime == runtime
                && endpoint.state == EndpointState::Watched
                && used.is_none()
        })
    }
}

/// True if nothing of it could be read.
fn is_bare(listing: &Listing) -> bool {
    listing.images == 0 && listing.containers.unwrap_or(0) == 0 && !listing.problems.is_empty()
}

//! Which images have containers: the root file systems that are mounted now.
//!
//! A container that is stopped has none mounted and is not counted.

use crate::correlate::Bounded;
use crate::model::{MountId, Role, Rootfs, StoreId, StoredImage};

/// Mounted root file systems that are remembered.
const MAX_MOUNTS: usize = 16_384;

/// The root file systems that are mounted, by what they were made from.
#[derive(Debug)]
pub(super) struct Uses {
    mounted: Bounded<MountId, Use>,
}

#[derive(Debug)]
struct Use {
    store: StoreId,
    name: Option<String>,
    digest: Option<String>,
    chain_id: Option<String>,
}

impl Uses {
    pub(super) const fn new() -> Self {
        Self {
            mounted: Bounded::new(MAX_MOUNTS),
        }
    }

    pub(super) fn mounted(&mut self, rootfs: &Rootfs) {
        let is_container = matches!(rootfs.identity.role, Role::Container | Role::Sandbox);
        let Some(store) = rootfs.store.filter(|_| is_container) else {
            return;
        };
        let identity = &rootfs.identity;
        let used = Use {
            store,
            name: identity.image.clone(),
            digest: identity.digest.clone(),
            chain_id: identity.chain_id.clone(),
        };
        self.mounted.insert(rootfs.mount, used);
    }

    pub(super) fn unmounted(&mut self, mount: MountId) {
        self.mounted.remove(&mount);
    }

    /// How many containers of a store are made of one of these images.
    pub(super) fn of(&self, store: StoreId, images: &[&StoredImage]) -> usize {
        let here = self.mounted.iter().map(|(_, used)| used);
        here.filter(|used| used.store == store && images.iter().any(|image| used.is_of(image)))
            .count()
    }
}

impl Use {
    fn is_of(&self, image: &StoredImage) -> bool {
        let chains = || image.variants.iter().filter_map(|it| it.chain_id());
        let configs = || image.variants.iter().filter_map(|it| it.config.as_ref());
        let is_digest = |own: &String| {
            *own == image.id || image.digest.as_ref() == Some(own) || configs().any(|it| it == own)
        };
        let is_named = || {
            self.name
                .as_ref()
                .is_some_and(|name| image.names.contains(name))
        };
        match (&self.chain_id, &self.digest) {
            (Some(own), _) => chains().any(|chain| chain == own),
            (None, Some(own)) => is_digest(own),
            (None, None) => is_named(),
        }
    }
}

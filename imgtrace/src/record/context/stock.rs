//! What lies in the stores: in the next file it was there before.

use std::collections::BTreeMap;

use crate::model::{StoreId, StoredImage};
use crate::observation::{Observation, Observed};

/// Images that are remembered, over all stores.
const IMAGES_MAX: usize = 16_384;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Stock {
    images: BTreeMap<(StoreId, String), Observed>,
    listed: BTreeMap<StoreId, Observed>,
    /// That all stores were listed once.
    inventoried: Option<Observed>,
}

impl Stock {
    /// Takes note of an observation; gives how many there was no room for.
    pub(super) fn observe(&mut self, observed: &Observed) -> u64 {
        match &observed.what {
            Observation::ImageAppeared {
                store,
                image,
                renamed,
                ..
            } => return self.appeared(observed, *store, image, *renamed),
            Observation::ImageVanished { store, image, .. } => {
                self.images.remove(&(*store, image.id.clone()));
            }
            Observation::StoreListed { store, .. } => {
                self.listed.insert(*store, observed.clone());
            }
            Observation::Inventoried => self.inventoried = Some(observed.clone()),
            _ => {}
        }
        0
    }

    /// What holds now: images before the listings of their stores.
    pub(super) fn alive(&self) -> impl Iterator<Item = &Observed> {
        let listed = self.images.values().chain(self.listed.values());
        listed.chain(&self.inventoried)
    }

    fn appeared(
        &mut self,
        observed: &Observed,
        store: StoreId,
        image: &StoredImage,
        renamed: bool,
    ) -> u64 {
        let key = (store, image.id.clone());
        let mut image = image.clone();
        let known = self.images.get(&key);
        if known.is_none() && self.images.len() >= IMAGES_MAX {
            return 1;
        }
        if let Some(Observation::ImageAppeared { image: known, .. }) =
            known.filter(|_| renamed).map(|known| &known.what)
        {
            let kept = known.names.iter();
            let kept = kept.filter(|name| !image.names.contains(name)).cloned();
            let kept: Vec<_> = kept.collect();
            image.names.extend(kept);
        }
        let what = Observation::ImageAppeared {
            store,
            image,
            renamed: false,
            already: true,
            writer: None,
        };
        let at = observed.at;
        self.images.insert(key, Observed { at, what });
        0
    }
}

#[cfg(test)]
mod tests;

//! Which store folders exist?

use super::{Facts, Said, count, list};
use crate::model::{AnswerValue, KnownStore, StoreState};

impl Facts<'_> {
    pub(super) fn store_folders(&self) -> Said {
        if self.stores.is_empty() && !self.inventoried {
            return Said::unknown("the stores of this machine were not read");
        }
        let ids = self.stores.iter().map(|known| known.id).collect();
        let number = u64::try_from(self.stores.len()).unwrap_or(u64::MAX);
        let text = match number {
            0 => "none: no runtime keeps images here".to_owned(),
            _ => format!(
                "{}: {}",
                count(number, "store"),
                list(self.stores.iter().map(|known| self.outline(known)))
            ),
        };
        let used = self.stores.iter().flat_map(|known| {
            let users = known.users.iter();
            users.map(|user| {
                let daemon = self.daemon(user.process);
                format!("{} is used by {daemon}: {}", known.id, user.evidence)
            })
        });
        Said::new(AnswerValue::Stores(ids), text).with(used)
    }

    /// `s1 docker:/var/lib/docker (12 images, leftover)`.
    fn outline(&self, known: &KnownStore) -> String {
        let images = known.listing.as_ref().map(|it| count(it.images, "image"));
        let state = match known.state {
            StoreState::Living => None,
            StoreState::Resting => Some("no daemon uses it, and Podman and Buildah need none"),
            StoreState::Empty => Some("no living daemon uses it, and nothing is in it"),
            StoreState::Leftover => Some("no living daemon uses it"),
            StoreState::Gone => Some("removed"),
            StoreState::Unknown => Some("it is not known who uses it"),
        };
        let words: Vec<String> = images.into_iter().chain(state.map(str::to_owned)).collect();
        let name = self.store(known.id);
        if words.is_empty() {
            name
        } else {
            format!("{name} ({})", words.join(", "))
        }
    }
}

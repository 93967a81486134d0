//! The stores of one root, and what was told of each.

use std::time::{Duration, Instant};

use super::News;
use crate::capture::monotonic;
use crate::model::{Listing, Store, StoreKind, StoreUser, StoredImage};
use crate::store::shelf::{Change, Shelf};
use crate::store::{Contents, Edition, FileVersion, Folder, inventory};

/// Stores of one root: a containerd has some namespaces, a dockerd a driver or two.
const STORES_MAX: usize = 64;

/// Images of one store that are told; what comes on top is counted.
const IMAGES_MAX: usize = 16_384;

/// After a reading, the next comes no earlier than this many times what it has taken.
const PAUSE: u32 = 3;

/// After a change a file's times may stay what they are for some milliseconds though it is written
/// again; so it is looked at this many times more.
const ECHOES: u8 = 2;

/// How often a root is looked at for other stores than those it had, if none of them has changed.
const STORES_EVERY: Duration = Duration::from_secs(5);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Shelves {
    all: Vec<Known>,
    stood: Option<Instant>,
}

/// One store.
#[derive(Debug)]
pub(super) struct Known {
    store: Store,
    users: Option<Vec<StoreUser>>,
    shelf: Shelf,
    /// The state in which it was read last; none before that.
    edition: Option<Edition>,
    pulse: Option<FileVersion>,
    /// How often the edition is still looked at though the pulse stays.
    echoes: u8,
    listing: Option<Listing>,
    /// What is to be told of its books once all that has come has a name.
    unsaid: Option<Listing>,
    read: Option<(Instant, Duration)>,
    has_moved: bool,
}

impl Shelves {
    /// Looks whether they have changed; true if there may be others than before.
    pub(super) fn poll(&mut self, folder: &Folder) -> bool {
        let mut have_moved = false;
        for known in &mut self.all {
            have_moved |= known.poll(folder);
        }
        have_moved
            || self.all.is_empty()
            || self
                .stood
                .is_none_or(|stood| stood.elapsed() >= STORES_EVERY)
    }

    /// Takes over which stores there are now; says what is gone with those that are not.
    pub(super) fn stand(&mut self, stores: Vec<Store>, path: &str) -> Vec<News> {
        self.stood = Some(Instant::now());
        let is = |store: &Store, known: &Known| {
            (&store.driver, &store.namespace, store.kind)
                == (
                    &known.store.driver,
                    &known.store.namespace,
                    known.store.kind,
                )
        };
        let (still, gone): (Vec<_>, Vec<_>) = std::mem::take(&mut self.all)
            .into_iter()
            .partition(|known| stores.iter().any(|store| is(store, known)));
        self.all = still;
        for store in stores.into_iter().take(STORES_MAX) {
            if !self.all.iter().any(|known| is(&store, known)) {
                self.all.push(Known::new(store));
            }
        }
        gone.into_iter()
            .flat_map(|known| {
                let what = known.part(path);
                known.vanish(&what)
            })
            .collect()
    }

    /// Each of them.
    pub(super) fn each(&mut self) -> impl Iterator<Item = &mut Known> {
        self.all.iter_mut()
    }

    /// Says that all is gone, as the root is.
    pub(super) fn vanish(&mut self, path: &str) -> Vec<News> {
        let gone = std::mem::take(&mut self.all).into_iter();
        gone.flat_map(|known| known.vanish(path)).collect()
    }
}

impl Known {
    fn new(store: Store) -> Self {
        Self {
            store,
            users: None,
            shelf: Shelf::default(),
            edition: None,
            pulse: None,
            echoes: 0,
            listing: None,
            unsaid: None,
            read: None,
            has_moved: true,
        }
    }

    pub(super) const fn store(&self) -> &Store {
        &self.store
    }

    /// Notes who uses it; gives them back if that is news.
    pub(super) fn used_by(&mut self, users: Vec<StoreUser>) -> Option<Vec<StoreUser>> {
        if self.users.as_ref() == Some(&users) {
            return None;
        }
        self.users = Some(users.clone());
        Some(users)
    }

    /// Looks whether its index has changed; true if it has.
    fn poll(&mut self, folder: &Folder) -> bool {
        if !self.is_read() {
            return false;
        }
        let pulse = inventory::pulse(folder, &self.store);
        if pulse.is_some() && pulse == self.pulse {
            if self.echoes == 0 {
                return false;
            }
            self.echoes -= 1;
        } else {
            self.echoes = ECHOES;
        }
        self.pulse = pulse;
        let edition = inventory::edition(folder, &self.store);
        let has_moved = edition != self.edition;
        self.edition = edition;
        self.has_moved |= has_moved;
        has_moved
    }

    /// Whether its books are read here.
    const fn is_read(&self) -> bool {
        matches!(self.store.kind, StoreKind::Docker | StoreKind::Containerd)
    }

    /// Reads it if it may have changed. Of what was there first, the images that came after `began`
    /// (seconds since 1970) came during the run.
    pub(super) fn look(&mut self, folder: &Folder, began: u64) -> Option<News> {
        let rests = self
            .read
            .is_some_and(|(at, cost)| at.elapsed() < cost * PAUSE);
        if !self.is_read() {
            return None;
        }
        if rests || !self.has_moved {
            return self.ripen(Vec::new());
        }
        let began_reading = Instant::now();
        if self.read.is_none() {
            // Before the reading: what changes meanwhile is read again.
            self.poll(folder);
        }
        self.has_moved = false;
        let contents = bounded(inventory::contents(folder, &self.store));
        self.read = Some((Instant::now(), began_reading.elapsed()));
        let listing = contents.listing();
        if self.listing.is_none() {
            return Some(self.first(contents.images, listing, began));
        }
        let told = self.shelf.update(contents.images, None, monotonic());
        if self.listing.as_ref() != Some(&listing) {
            self.unsaid = Some(listing);
        }
        self.ripen(told.into_iter().map(|told| told.change).collect())
    }

    fn first(&mut self, images: Vec<StoredImage>, listing: Listing, began: u64) -> News {
        self.listing = Some(listing.clone());
        self.shelf = Shelf::holding(images.clone());
        let came = |image: &StoredImage| image.stored.is_some_and(|stored| stored > began);
        let (since, already) = images.into_iter().partition(came);
        News::Listed {
            store: self.store.clone(),
            already,
            since,
            listing,
        }
    }

    /// Adds what has rested long enough to be told.
    fn ripen(&mut self, mut changes: Vec<Change>) -> Option<News> {
        let ripe = self.shelf.ripe(monotonic(), |_| false);
        changes.extend(ripe.into_iter().map(|told| told.change));
        let is_settled = self.shelf.due().is_none();
        if changes.is_empty() && !(is_settled && self.unsaid.is_some()) {
            return None;
        }
        let listing = self.unsaid.take().or_else(|| self.listing.clone());
        let listing = listing.unwrap_or_default();
        self.listing = Some(listing.clone());
        Some(News::Changed {
            store: self.store.clone(),
            changes,
            listing,
        })
    }

    /// What of the root at `path` it is, which can go while the root stays.
    fn part(&self, path: &str) -> String {
        match &self.store.namespace {
            Some(namespace) => format!("namespace {namespace} of {path}"),
            None => format!("{} of {path}", self.store.driver),
        }
    }

    /// What is to be told when `what` is gone; nothing if nothing was told of it.
    fn vanish(mut self, what: &str) -> Vec<News> {
        let mut told = Vec::new();
        if self.users.is_some_and(|users| !users.is_empty()) {
            told.push(News::Store(self.store.clone(), Vec::new()));
        }
        if self.listing.is_some() {
            let gone = self.shelf.update(Vec::new(), None, monotonic());
            let listing = Listing::of_gone(what);
            told.push(News::Changed {
                store: self.store,
                changes: gone.into_iter().map(|told| told.change).collect(),
                listing,
            });
        }
        told
    }
}

/// As many images as are told.
fn bounded(mut contents: Contents) -> Contents {
    let more = contents.images.len().saturating_sub(IMAGES_MAX);
    if more > 0 {
        contents.images.truncate(IMAGES_MAX);
        let left = format!("{more} more images were left out");
        contents.problems.push(left);
    }
    contents
}

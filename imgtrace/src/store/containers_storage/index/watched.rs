//! One store whose index of images is watched.

use std::collections::HashMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::Event;
use super::guide::{has_ended, process};
use super::notify::{Notify, Writers};
use crate::model::{Listing, Store};
use crate::store::anchor::Anchor;
use crate::store::containers_storage::books::Books;
use crate::store::containers_storage::inventory::{self, index_of};
use crate::store::shelf::{Shelf, Told};
use crate::store::{Contents, Folder, View};

/// Processes whose end is waited for, for one store; of those beyond it time alone tells.
const WRITERS_MOST: usize = 64;

/// True if there is a store at a root.
pub(super) fn is_at(root: &str, view: &View) -> bool {
    let root = view.folder(root);
    root.is_some_and(|root| index_of(&root).is_some())
}

/// A watched store.
#[derive(Debug)]
pub(super) struct Watched {
    store: Store,
    /// Device and inode of the folder that is watched.
    folder: (u64, u64),
    anchor: Anchor,
    notify: Notify,
    books: Books,
    shelf: Shelf,
    writers: HashMap<u32, OwnedFd>,
    /// What the books say in all since they have changed.
    listing: Option<Listing>,
}

impl Watched {
    /// Watches the store at `root`, and says what it holds already; none if there is no index yet.
    /// If it was not there a moment ago, all that it holds was brought by the process `newly_by`.
    pub(super) fn open(
        root: &Folder,
        view: &View,
        pid: u32,
        newly_by: Option<u32>,
    ) -> std::io::Result<Option<(Self, Contents)>> {
        let Some((folder, driver)) = index_of(root) else {
            return Ok(None);
        };
        let (Some(store), Ok(watched)) = (inventory::store(view, root), folder.identity()) else {
            return Ok(None);
        };
        let mut watched = Self {
            anchor: Anchor::of(pid, &root.path, (store.device, store.inode)),
            store,
            folder: watched,
            // Before the first reading, so that nothing comes between.
            notify: Notify::new(&folder)?,
            books: Books::of(driver),
            shelf: Shelf::default(),
            writers: HashMap::new(),
            listing: None,
        };
        let mut contents = inventory::contents(&mut watched.books, root);
        if newly_by.is_some() {
            let images = std::mem::take(&mut contents.images);
            watched.update(images, newly_by, super::monotonic());
        } else {
            watched.shelf = Shelf::holding(contents.images.clone());
        }
        Ok(Some((watched, contents)))
    }

    /// Which store it is.
    pub(super) const fn store(&self) -> &Store {
        &self.store
    }

    /// Takes what the books say in all, if they have changed.
    pub(super) fn take_listing(&mut self) -> Option<(Store, Listing)> {
        let listing = self.listing.take()?;
        Some((self.store.clone(), listing))
    }

    /// True if its root is this folder.
    pub(super) fn is(&self, identity: (u64, u64)) -> bool {
        (self.store.device, self.store.inode) == identity
    }

    /// True if what is watched is still the index of the store at `root`, and no other was made in
    /// its place.
    pub(super) fn is_current(&self, root: &Folder) -> bool {
        let now = index_of(root).and_then(|(folder, _)| folder.identity().ok());
        now == Some(self.folder)
    }

    /// Appends what has changed by now; false if the store is gone.
    pub(super) fn collect(&mut self, now: u64, events: &mut Vec<Event>) -> bool {
        let seen = self.notify.read();
        let mut told = Vec::new();
        if let Some(writers) = seen.writers {
            let writer = match writers {
                Writers::One(pid) => Some(pid),
                Writers::Unknown => None,
            };
            let root = self.anchor.folder(&self.store.root);
            let root = root.filter(|root| root.identity().is_ok_and(|it| self.is(it)));
            let Some(root) = root else {
                return false;
            };
            // A book that cannot be read says nothing of what is gone.
            if let Some(contents) = inventory::read(&mut self.books, &root) {
                self.listing = Some(contents.listing());
                told = self.update(contents.images, writer, now);
            }
        }
        let writers = &self.writers;
        let is_over = |pid| writers.get(&pid).is_none_or(|it| has_ended(it.as_fd()));
        told.extend(self.shelf.ripe(now, is_over));
        let waiting: Vec<u32> = self.shelf.writers().collect();
        self.writers.retain(|pid, _| waiting.contains(pid));
        events.extend(told.into_iter().map(|told| Event {
            at: told.at,
            store: self.store.clone(),
            writer: told.writer,
            change: told.change,
        }));
        !seen.gone
    }

    /// When something is to be told, if nothing happens before.
    pub(super) fn due(&self) -> Option<u64> {
        self.shelf.due()
    }

    /// Descriptors that can be read when something is to be told before that.
    pub(super) fn writers(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.writers.values().map(AsFd::as_fd)
    }

    fn update(
        &mut self,
        images: Vec<crate::model::StoredImage>,
        writer: Option<u32>,
        now: u64,
    ) -> Vec<Told> {
        if let Some(pid) = writer
            && self.writers.len() < WRITERS_MOST
            && !self.writers.contains_key(&pid)
            && let Some(process) = process(pid)
        {
            self.writers.insert(pid, process);
        }
        self.shelf.update(images, writer, now)
    }
}

impl AsFd for Watched {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.notify.as_fd()
    }
}

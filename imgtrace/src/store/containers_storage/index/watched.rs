//! One store whose index of images is watched.

use std::collections::HashMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::anchor::Anchor;
use super::guide::{has_ended, process};
use super::notify::{Notify, Writers};
use super::shelf::{Shelf, Told};
use super::{Event, View};
use crate::model::{Store, StoreKind, StoredImage};
use crate::store::Folder;
use crate::store::containers_storage::books::Books;

/// The graph drivers, as their folders are called (containers/storage `drivers/driver_linux.go`).
/// Where the kernel lets no user mount an overlay, a user's store is `vfs`.
const DRIVERS: [&str; 4] = ["overlay", "vfs", "btrfs", "zfs"];

/// What the driver notes once it has found out whether the kernel mounts for it
/// (containers/storage `drivers/overlay/overlay.go`, `mountProgramFlagFile`): `true` if it needs
/// fuse-overlayfs.
const HAS_MOUNT_PROGRAM: &str = ".has-mount-program";

/// Processes whose end is waited for, for one store; of those beyond it time alone tells.
const WRITERS_MOST: usize = 64;

/// True if there is a store at a root.
pub(super) fn is_at(root: &str, view: &View) -> bool {
    let root = view.folder(root);
    root.is_some_and(|root| index_of(&root).is_some())
}

/// The folder whose entries tell of a new index, and whose driver's it is.
fn index_of(root: &Folder) -> Option<(Folder, &'static str)> {
    let mut drivers = DRIVERS.iter();
    drivers.find_map(|driver| {
        let folder = root.folder(&Books::of(driver).images_folder());
        Some((folder.ok()?, *driver))
    })
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
}

impl Watched {
    /// Watches the store at `root`; none if there is no index yet. If it was not there a moment
    /// ago, all that it holds was brought by the process `newly_by`.
    pub(super) fn open(
        root: &Folder,
        view: &View,
        pid: u32,
        newly_by: Option<u32>,
    ) -> std::io::Result<Option<Self>> {
        let Some((folder, driver)) = index_of(root) else {
            return Ok(None);
        };
        let (Ok((device, inode)), Ok(watched)) = (root.identity(), folder.identity()) else {
            return Ok(None);
        };
        let store = Store {
            kind: StoreKind::ContainersStorage,
            root: root.path.clone(),
            device,
            inode,
            driver: mounts_with(driver, view, root).to_owned(),
            namespace: None,
        };
        let mut watched = Self {
            anchor: Anchor::of(pid, &root.path, (device, inode)),
            store,
            folder: watched,
            // Before the first reading, so that nothing comes between.
            notify: Notify::new(&folder)?,
            books: Books::of(driver),
            shelf: Shelf::default(),
            writers: HashMap::new(),
        };
        let images = watched.books.stored(root).unwrap_or_default();
        if newly_by.is_some() {
            watched.update(images, newly_by, super::monotonic());
        } else {
            watched.shelf = Shelf::holding(images);
        }
        Ok(Some(watched))
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
            if let Some(images) = self.books.stored(&root) {
                told = self.update(images, writer, now);
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

    fn update(&mut self, images: Vec<StoredImage>, writer: Option<u32>, now: u64) -> Vec<Told> {
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

/// The word for what mounts in a store: its driver, or fuse-overlayfs for overlay's. The driver's
/// folder may be mounted on itself, so it is looked up from outside.
fn mounts_with(driver: &'static str, view: &View, root: &Folder) -> &'static str {
    let folder = view.folder(&format!("{}/{driver}", root.path));
    let noted = folder.and_then(|folder| folder.read(HAS_MOUNT_PROGRAM, 16).ok());
    if noted.as_deref() == Some(b"true") {
        "fuse-overlayfs"
    } else {
        driver
    }
}

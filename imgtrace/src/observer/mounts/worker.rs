//! The thread that reads what the stores say of mounts, as soon as they are heard of: the container
//! may be gone in a tenth of a second.

use std::{collections::HashSet, sync::mpsc::Receiver};

use tokio::sync::mpsc::Sender;

use super::abroad::on_machine;
use super::{
    copies::{Attached, Copies},
    listener::Heard,
    viewers::Viewers,
    watcher::{Doer, Mounted, News},
};
use crate::{
    capture::mounts::{Event, Mount},
    model::{MountId, Store, StoreKind},
    observer::inventory,
    store::{Layouts, containers_storage::index::Guide},
};

/// What the thread has.
pub(super) struct Worker {
    heard: Receiver<Heard>,
    news: Sender<News>,
    pointers: Pointers,
    pub(super) viewers: Viewers,
    copies: Copies,
    layouts: Layouts,
    /// File systems that were told.
    count: u64,
}

/// What points other threads to the stores that mounts reveal.
pub(super) struct Pointers {
    /// The one that waits for images.
    indexes: Option<Guide>,
    /// The one that lists the others.
    inventory: inventory::Orders,
    /// Device and inode of the roots that it was pointed to.
    shown: HashSet<(u64, u64)>,
}

/// Roots that are remembered as shown; beyond them all are shown again.
const SHOWN_MAX: usize = 1_024;

impl Pointers {
    pub(super) fn new(indexes: Option<Guide>, inventory: inventory::Orders) -> Self {
        Self {
            indexes,
            inventory,
            shown: HashSet::new(),
        }
    }

    /// A mount has revealed a store, whose root `viewer` sees where it says.
    fn point_to(&mut self, viewer: u32, store: &Store) {
        if store.kind == StoreKind::ContainersStorage {
            // Each time: it may have been made anew.
            if let Some(indexes) = &self.indexes {
                indexes.store(viewer, &store.root);
            }
            return;
        }
        if self.shown.len() >= SHOWN_MAX {
            self.shown.clear();
        }
        if self.shown.insert((store.device, store.inode)) {
            self.inventory.seen(viewer, &store.root);
        }
    }
}

/// Nobody listens any more.
struct Closed;

impl Worker {
    pub(super) fn new(heard: Receiver<Heard>, news: Sender<News>, pointers: Pointers) -> Self {
        Self {
            heard,
            news,
            pointers,
            viewers: Viewers::new(),
            copies: Copies::default(),
            layouts: Layouts::default(),
            count: 0,
        }
    }

    /// Works until nothing is heard any more.
    pub(super) fn run(mut self) {
        while let Ok(heard) = self.heard.recv() {
            if self.tell(heard).is_err() {
                return;
            }
        }
    }

    fn tell(&mut self, heard: Heard) -> Result<(), Closed> {
        match heard {
            Heard::Viewer { namespace, pid } => {
                self.viewers.insert(namespace, pid);
                Ok(())
            }
            Heard::Events(events) => events
                .into_iter()
                .try_for_each(|(event, by)| self.happened(event, by)),
            Heard::Failed(why) => self.send(News::Failed(why)),
        }
    }

    fn happened(&mut self, event: Event, by: Option<Doer>) -> Result<(), Closed> {
        match event {
            Event::Attached(mount) => self.attached(&mount, by),
            Event::Detached { at, id, namespace } => match self.copies.detach(namespace, id) {
                Some(mount) => self.send(News::Unmounted { at, mount }),
                None => Ok(()),
            },
            Event::Gone { at, mounts } | Event::Lost { at, mounts } => {
                self.send(News::Lost { at, mounts })
            }
        }
    }

    fn attached(&mut self, mount: &Mount, by: Option<Doer>) -> Result<(), Closed> {
        match self.copies.attach(mount) {
            Attached::Told => Ok(()),
            Attached::Full => self.send(News::Lost {
                at: mount.at,
                mounts: 1,
            }),
            Attached::Unknown { replaced } => {
                if let Some(replaced) = replaced {
                    let at = mount.at;
                    self.send(News::Unmounted {
                        at,
                        mount: replaced,
                    })?;
                }
                self.identify(mount, by)
            }
        }
    }

    fn identify(&mut self, mount: &Mount, by: Option<Doer>) -> Result<(), Closed> {
        let Some((viewer, view)) = self.viewers.of(mount) else {
            tracing::debug!(
                target = mount.target,
                "nobody is left to look at a mount with"
            );
            return Ok(());
        };
        let Some(mut identified) = self.layouts.identify(mount, &view) else {
            return Ok(());
        };
        if let Some(store) = &identified.store {
            self.pointers.point_to(viewer, store);
        }
        let host_path = on_machine(viewer, mount, identified.store.as_mut());
        self.count += 1;
        let number = MountId(self.count);
        self.copies.tell(mount, number);
        self.send(News::Mounted(Box::new(Mounted {
            at: mount.at,
            mount: number,
            by,
            path: mount.target.clone(),
            host_path,
            mount_ns: mount.namespace,
            identified,
            already: mount.already,
        })))
    }

    fn send(&self, news: News) -> Result<(), Closed> {
        self.news.blocking_send(news).map_err(|_| Closed)
    }
}

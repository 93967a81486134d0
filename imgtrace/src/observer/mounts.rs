//! Root file systems: a thread that waits for mounts, and what of them is observed.
//!
//! The thread hands over what it has found through a channel with a bound. If that is full it
//! waits, and what is mounted meanwhile waits in the kernel's queue, which counts what it drops.

mod copies;
mod viewers;
mod watcher;
mod worker;

use super::Observer;
use crate::{
    capture::mounts::Way,
    host::{process, runtimes},
    model::{LossKind, ProcessKey, Rootfs, Stamp, Store, StoreId},
    observation::{Observation, Observed},
    store::Identified,
};
use watcher::{Mounted, News, Watcher};

/// The root file systems of this run.
#[derive(Default)]
pub(super) struct RootFileSystems {
    watcher: Option<Watcher>,
    /// The one way in which mounts are to be seen.
    wanted: Option<Way>,
    /// What the thread has told and is not observed yet, oldest first.
    waiting: Vec<News>,
    stores: Vec<Store>,
}

/// Stores that are numbered: each is a runtime's or a namespace's of one, of which a node has a
/// handful. Of those beyond no more is told than the root file system.
const STORES_MAX: usize = 1_024;

impl RootFileSystems {
    /// The number of a store, and whether it is new.
    fn number(&mut self, store: &Store) -> Option<(StoreId, bool)> {
        let is = |known: &&Store| {
            (known.device, known.inode, &known.driver, &known.namespace)
                == (store.device, store.inode, &store.driver, &store.namespace)
        };
        let known = self.stores.iter().position(|known| is(&known));
        let place = known.unwrap_or(self.stores.len());
        let number = StoreId(u32::try_from(place).ok()?.checked_add(1)?);
        if known.is_none() {
            if self.stores.len() >= STORES_MAX {
                return None;
            }
            self.stores.push(store.clone());
        }
        Some((number, known.is_none()))
    }
}

impl Observer {
    /// The same, which sees mounts in this way or not at all.
    #[must_use]
    pub fn seeing_mounts_by(mut self, way: Way) -> Self {
        self.mounts.wanted = Some(way);
        self
    }

    /// Begins to watch mounts, if this kernel allows it: those of imgtrace's own namespace, and of
    /// the namespaces of these processes and of the endpoints' servers.
    pub(super) fn watch_mounts(&mut self, runtimes: impl Iterator<Item = u32>, at: Stamp) {
        let servers = self
            .endpoints
            .all()
            .filter_map(|endpoint| endpoint.server.as_ref());
        let servers = servers.map(|server| server.process.pid);
        let pids: Vec<u32> = runtimes.chain(servers).collect();
        match Watcher::begin(self.mounts.wanted, &pids) {
            Ok(watcher) => self.mounts.watcher = Some(watcher),
            Err(error) => self.mounts_unseen(&error.to_string(), at),
        }
    }

    fn mounts_unseen(&mut self, why: &str, at: Stamp) {
        let what = Observation::Notice {
            about: "mounts-unseen".to_owned(),
            text: format!(
                "{why}: starts are seen all the same, but not from which layers, in which store"
            ),
            endpoint: None,
        };
        self.out.push(Observed { at, what });
    }

    /// Watches the mount namespace of a runtime's process.
    pub(super) fn watch_namespace_of(&self, pid: u32) {
        let Some(watcher) = &self.mounts.watcher else {
            return;
        };
        let namespace = process::mount_namespace(pid);
        if namespace != 0 && watcher.is_foreign(namespace) {
            watcher.watch(pid);
        }
    }

    /// Watches the mount namespace in which a process has executed a program, if that program is
    /// one that mounts root file systems.
    pub(super) fn executed_in_namespace(&self, process: ProcessKey) {
        let Some(watcher) = &self.mounts.watcher else {
            return;
        };
        let Some(known) = self.processes.get(process) else {
            return;
        };
        // Without root they execute themselves as `/proc/self/exe`, and keep their name.
        let name = known.args.iter().flatten().next();
        let mounts = runtimes::mounts_root_file_systems(known.program())
            || name.is_some_and(|name| runtimes::mounts_root_file_systems(name));
        if mounts && watcher.is_foreign(known.mount_ns) {
            watcher.watch(process.pid);
        }
    }

    /// Waits until something was mounted or unmounted.
    pub async fn stirred(&mut self) {
        let RootFileSystems {
            watcher, waiting, ..
        } = &mut self.mounts;
        let Some(thread) = watcher else {
            return std::future::pending().await;
        };
        if !thread.hear(waiting).await {
            *watcher = None;
        }
    }

    /// Whether something was mounted that is not observed yet.
    pub fn is_stirred(&self) -> bool {
        !self.mounts.waiting.is_empty()
    }

    /// Observes what was mounted and unmounted until `until` (ns of `CLOCK_MONOTONIC`): all that
    /// was executed by then has been taken in.
    pub fn mounted_until(&mut self, until: u64) {
        let late = |news: &News| news.at().is_none_or(|at| at <= until);
        let count = self
            .mounts
            .waiting
            .iter()
            .take_while(|news| late(news))
            .count();
        for news in self.mounts.waiting.drain(..count).collect::<Vec<_>>() {
            self.tell(news);
        }
    }

    /// Ends the watch, and takes in what was mounted by now.
    pub async fn stop_mounts(&mut self) {
        if let Some(watcher) = self.mounts.watcher.take() {
            watcher.end(&mut self.mounts.waiting).await;
        }
    }

    fn tell(&mut self, news: News) {
        match news {
            News::Mounted(mounted) => self.mounted(*mounted),
            News::Unmounted { at, mount } => {
                let at = self.clock.stamp(at);
                let what = Observation::Unmounted { mount };
                self.out.push(Observed { at, what });
                self.running.unmounted(mount);
            }
            News::Lost { at, mounts } => {
                let at = self.clock.stamp(at);
                self.lost(LossKind::Mount, None, mounts, 0, at);
            }
            News::Failed(why) => {
                let at = self.clock.now();
                self.mounts_unseen(&why, at);
            }
        }
    }

    fn mounted(&mut self, mounted: Mounted) {
        let at = self.clock.stamp(mounted.at);
        let Identified { identity, store } = mounted.identified;
        let store = store.and_then(|store| self.store(store, at));
        let by = mounted.by.and_then(|(pid, key)| self.mounter(pid, key));
        if let Some(mounter) = by {
            self.processes.say(mounter, at, &mut self.out);
        }
        if let Some(container) = &identity.container {
            self.running.mounted(mounted.mount, container);
        }
        let rootfs = Rootfs {
            mount: mounted.mount,
            path: mounted.path,
            host_path: None,
            mount_ns: mounted.mount_ns,
            store,
            identity,
        };
        let what = Observation::Mounted {
            rootfs,
            mounter: by,
            already: mounted.already,
        };
        self.out.push(Observed { at, what });
    }

    /// The number of a store, which is observed if it is new.
    pub(super) fn store(&mut self, store: Store, at: Stamp) -> Option<StoreId> {
        let (id, is_new) = self.mounts.number(&store)?;
        if is_new {
            let what = Observation::Store { id, store };
            self.out.push(Observed { at, what });
        }
        Some(id)
    }

    /// The process that mounted something: the one that was asked while it lived, else the one
    /// that last executed a program under this number, if that program does such things.
    fn mounter(&mut self, pid: u32, key: Option<ProcessKey>) -> Option<ProcessKey> {
        if let Some(key) = key {
            self.processes.complete(key);
            return self.processes.get(key).map(|_| key);
        }
        let latest = self.processes.latest(pid)?;
        let known = self.processes.get(latest)?;
        runtimes::mounts_root_file_systems(known.program()).then_some(latest)
    }
}

#[cfg(test)]
mod tests;

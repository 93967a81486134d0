//! Root file systems: a thread that hears of mounts, one that reads what the stores say of them, and
//! what of that is observed.
//!
//! They, and the thread that waits for images (`index`), hand over what they have found through
//! channels with a bound. If one is full they wait, and what happens meanwhile waits in the
//! kernel's queue, which counts what it drops.

mod abroad;
mod copies;
mod listener;
mod viewers;
mod watcher;
mod worker;

use imgtrace_common::Mounting;

use super::Observer;
use crate::{
    capture::{
        Capture,
        mounts::{Mounter, Mounts, Way},
    },
    host::{process, runtimes},
    model::{LossKind, ProcessKey, Rootfs, Stamp},
    observation::{Observation, Observed},
    store::{Identified, containers_storage::index::Guide},
};
pub(super) use watcher::{Doer, News};
use watcher::{Mounted, Watcher};

/// The root file systems of this run.
#[derive(Default)]
pub(super) struct RootFileSystems {
    watcher: Option<Watcher>,
    /// The way to see mounts that the user wants.
    wanted: Option<Way>,
    /// What the threads have told and is not observed yet, oldest first.
    waiting: Vec<News>,
}

impl RootFileSystems {
    /// What points the thread that waits for images to stores; none where there is no such thread.
    pub(super) fn guide(&self) -> Option<Guide> {
        self.watcher.as_ref()?.guide()
    }

    async fn stirred(&mut self) {
        let Self {
            watcher, waiting, ..
        } = self;
        let Some(thread) = watcher else {
            return std::future::pending().await;
        };
        if !thread.hear(waiting).await {
            *watcher = None;
        }
    }
}

impl Observer {
    /// The same, which sees mounts in this way or not at all.
    #[must_use]
    pub fn seeing_mounts_by(mut self, way: Way) -> Self {
        self.mounts.wanted = Some(way);
        self
    }

    /// Begins to watch mounts and indexes, as far as this kernel allows it: those of imgtrace's own
    /// namespace, and of the namespaces of these processes and of the endpoints' servers.
    pub(super) fn watch_mounts(
        &mut self,
        capture: &mut Capture,
        runtimes: &[ProcessKey],
        at: Stamp,
    ) {
        let servers = self.endpoints.all();
        let servers = servers.filter_map(|endpoint| endpoint.server.as_ref());
        let pids: Vec<u32> = servers
            .map(|server| server.process)
            .chain(runtimes.iter().copied())
            .map(|process| process.pid)
            .collect();
        let mounts = Mounts::open(self.mounts.wanted, || capture.attach_mount_hook());
        let (watcher, unseen) = Watcher::begin(mounts, &pids, self.stores.orders());
        for runtime in runtimes {
            self.processes.complete(*runtime);
            if let Some(known) = self.processes.get(*runtime) {
                watcher.look(known);
            }
        }
        self.mounts.watcher = Some(watcher);
        if let Some(why) = unseen.mounts {
            self.mounts_unseen(&why, at);
        }
        if let Some(why) = unseen.images {
            let text = format!(
                "{why}: images that Podman and Buildah bring on their own are not seen, but those \
                 asked for through an API are"
            );
            self.notice("images-unseen", text, at);
        }
    }

    /// Takes in who has made a mount.
    pub(super) fn made_mount(&self, made: &Mounting) {
        if let Some(watcher) = &self.mounts.watcher {
            watcher.made(Mounter {
                at: made.header.at,
                pid: made.pid,
                device: (made.device >> 20, made.device & 0xf_ffff),
            });
        }
    }

    fn mounts_unseen(&mut self, why: &str, at: Stamp) {
        let text = format!(
            "{why}: starts are seen all the same, but not from which layers, in which store"
        );
        self.notice("mounts-unseen", text, at);
    }

    pub(super) fn notice(&mut self, about: &str, text: String, at: Stamp) {
        let what = Observation::Notice {
            about: about.to_owned(),
            text,
            endpoint: None,
        };
        self.out.push(Observed { at, what });
    }

    /// Watches the mount namespace of a runtime's process.
    pub(super) fn watch_namespace_of(&self, pid: u32) {
        let namespace = process::mount_namespace(pid);
        if let Some(watcher) = self.mounts.watcher.as_ref().filter(|_| namespace != 0) {
            watcher.watch(pid, namespace);
        }
    }

    /// Watches the mount namespace in which a process has executed a program, and the program's
    /// store, if it is one that has any of its own.
    pub(super) fn watch_what_it_uses(&self, process: ProcessKey) {
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
        if mounts {
            watcher.watch(process.pid, known.mount_ns);
            watcher.look(known);
        }
    }

    /// Waits until something was mounted or unmounted, or was told of stores.
    pub async fn stirred(&mut self) {
        tokio::select! {
            () = self.mounts.stirred() => {}
            () = self.stores.hear() => {}
        }
    }

    /// Hears what was mounted or unmounted, without waiting: while records come one after the other
    /// nobody waits in [`Observer::stirred`].
    pub fn overhear_mounts(&mut self) {
        if let Some(watcher) = &mut self.mounts.watcher {
            watcher.overhear(&mut self.mounts.waiting);
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
            News::Indexed(event, by) => self.index_changed(*event, by),
            News::IndexFound(store, contents) => self.index_found(*store, contents),
            News::IndexListed(store, listing) => self.index_listed(*store, listing),
            News::IndexMarked => self.index_marked(),
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
        let by = mounted.by.and_then(|by| self.doer(by));
        if let Some(mounter) = by {
            self.processes.say_with_runtimes(mounter, at, &mut self.out);
        }
        if let Some(container) = &identity.container {
            self.running.mounted(mounted.mount, container);
        }
        let rootfs = Rootfs {
            mount: mounted.mount,
            path: mounted.path,
            host_path: mounted.host_path,
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

    /// The process that mounted or wrote something: the one that was asked while it lived, else
    /// the one that last executed a program under its number, if that program does such things.
    pub(super) fn doer(&mut self, by: Doer) -> Option<ProcessKey> {
        if let Some(key) = by.key {
            self.processes.complete(key);
            return self.processes.get(key).map(|_| key);
        }
        let latest = self.processes.latest(by.pid)?;
        let known = self.processes.get(latest)?;
        runtimes::mounts_root_file_systems(known.program()).then_some(latest)
    }
}

#[cfg(test)]
mod tests;

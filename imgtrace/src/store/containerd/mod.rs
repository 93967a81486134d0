//! containerd's root file systems: which container, image and layers an overlay mount belongs to.
//!
//! What a mount says itself comes first: its target names namespace and container, its upper layer
//! the snapshot. The bundle of the task adds the pod, `meta.db` the image, and the snapshotter's
//! `metadata.db` the layers. Both databases are read without their lock, a few pages each time.
//! Snapshotters that mount no overlay (native, btrfs, zfs, devmapper, blockfile) are not seen here.

mod bundle;
pub mod inventory;
mod metadata;
mod place;
mod snapshots;
mod task;

use std::collections::BTreeMap;

use thiserror::Error as ThisError;

use super::bolt;
use super::{Folder, Identified, ReadError, View};
use crate::capture::mounts::Mount;
use crate::model::{Role, RootfsIdentity, Runtime, Store, StoreKind};
use place::{Owner, Target};
use snapshots::{Known, Wanted};
use task::{Roots, Task};

/// State folders of which the root folder is remembered; when they are more, all are forgotten.
const ROOTS_MOST: usize = 256;

/// What containerd's files have told so far.
#[derive(Debug, Default)]
pub struct Containerd {
    known: Known,
    /// containerd's root folder, by mount namespace and state folder: for mounts whose options do
    /// not tell it.
    roots: BTreeMap<(u32, String), String>,
}

/// The layers below a mount, from the books of the snapshotter that they lie in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layers {
    /// The store; none if its root is not known or cannot be looked at.
    pub store: Option<Store>,
    /// The snapshotter's name.
    pub driver: Option<String>,
    /// containerd's namespace, as the snapshot's key has it.
    pub namespace: Option<String>,
    /// The chain id of the topmost image layer.
    pub chain_id: Option<String>,
    /// Image layers.
    pub layers: Option<u32>,
    /// Bytes that these take unpacked.
    pub bytes: Option<u64>,
    /// What this rests on, or why no more could be told; a sentence each.
    pub evidence: Vec<String>,
}

/// Why something of containerd's could not be read.
#[derive(Debug, ThisError)]
enum Error {
    /// A file could not be read.
    #[error(transparent)]
    File(#[from] ReadError),
    /// A database could not be read.
    #[error("failed to read {path}")]
    Database {
        path: String,
        #[source]
        source: bolt::Error,
    },
    /// A file is not of the shape that it should have.
    #[error("{0} is not of the expected shape")]
    Shape(String),
    /// A blob's bytes have another digest than its name.
    #[error("{0} is not what its name says")]
    Forged(String),
    /// More documents would have to be read than are read of one store.
    #[error("{0} was not read: there are too many")]
    TooMuch(String),
}

impl Error {
    fn database(folder: &Folder, file: &str, source: bolt::Error) -> Self {
        let path = format!("{}/{file}", folder.path);
        Self::Database { path, source }
    }

    /// With its causes, as one sentence.
    fn sentence(&self) -> String {
        let mut sentence = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            sentence.push_str(": ");
            sentence.push_str(&error.to_string());
            cause = error.source();
        }
        sentence
    }
}

/// Whose layers they are.
#[derive(Clone, Copy, Debug)]
struct Home<'a> {
    kind: StoreKind,
    root: &'a str,
    driver: &'a str,
}

impl Containerd {
    /// What a mount is; none if it is no root file system of a container or of a step of a build.
    /// `view` is that of a process in the mount's namespace.
    pub fn identify(&mut self, mount: &Mount, view: &View) -> Option<Identified> {
        match place::target(&mount.target)? {
            Target::Task(task) => Some(self.task(mount, view, &task)),
            Target::Step(id) => self.step(mount, view, id),
        }
    }

    /// The layers of a mount whose upper layer, or topmost lower one, lies in a snapshotter, such
    /// as one of dockerd's with containerd's image store; none if it does not.
    pub fn layers(&mut self, mount: &Mount, view: &View) -> Option<Layers> {
        let layer = place::layer(mount);
        let folder = layer.folder?;
        let wanted = Wanted {
            key: None,
            number: layer.number,
        };
        let home = place::owner(folder).home();
        let root = home.and_then(|home| view.folder(home.root));
        Some(self.below(view, folder, root.as_ref().zip(home), wanted))
    }

    /// A step of a build; none if its layers are in no snapshotter's folder.
    fn step(&mut self, mount: &Mount, view: &View, id: &str) -> Option<Identified> {
        let layers = self.layers(mount, view)?;
        let mut identity = RootfsIdentity::new(Runtime::BuildKit, Role::Build, &mount.kind);
        identity.container = Some(id.to_owned());
        identity.evidence = vec![format!("mounted as the root of step {id} of a build")];
        Some(layers.of(identity))
    }

    /// A container; what its mount does not tell, its files may.
    fn task(&mut self, mount: &Mount, view: &View, task: &Task<'_>) -> Identified {
        let mut identity = task.identity(mount, view);
        let layer = place::layer(mount);
        let home = layer.folder.and_then(|folder| place::owner(folder).home());
        let told = home.map(|home| home.root);
        let roots = Roots {
            told,
            guessed: told.map_or_else(|| self.guess(mount, task), |_| Vec::new()),
        };
        let (root, record) = task.record(view, &roots, &mut identity);
        let driver = record.snapshotter.as_deref();
        let home = root.as_ref().and_then(|root| {
            let driver = driver.or_else(|| home.map(|home| home.driver))?;
            Some((root, Home::containerd(&root.path, driver)))
        });
        let own = home.map(|(_, home)| place::folder(home.root, home.driver));
        let Some(folder) = layer.folder.or(own.as_deref()) else {
            let what = "neither the mount's options nor containerd's files tell its layers";
            identity.evidence.push(what.to_owned());
            return Identified {
                identity,
                store: None,
            };
        };
        let wanted = Wanted {
            key: record.snapshot.as_deref(),
            number: layer.number,
        };
        let mut layers = self.below(view, folder, home, wanted);
        layers.namespace = Some(task.namespace.to_owned());
        if let Some(root) = &root {
            self.remember(mount, task, root.path.clone());
        }
        layers.of(identity)
    }

    /// Where containerd's root folder was for another mount of this containerd, and where it is by
    /// default.
    fn guess(&self, mount: &Mount, task: &Task<'_>) -> Vec<String> {
        let key = (mount.namespace, task.state.to_owned());
        let remembered = self.roots.get(&key).cloned();
        let default = place::default_roots(task.state).map(str::to_owned);
        remembered.into_iter().chain(default).collect()
    }

    fn remember(&mut self, mount: &Mount, task: &Task<'_>, root: String) {
        if self.roots.len() >= ROOTS_MOST {
            self.roots.clear();
        }
        let key = (mount.namespace, task.state.to_owned());
        self.roots.insert(key, root);
    }

    /// What the snapshotter's books say is below a snapshot. `home` is whose books they are, with
    /// its root folder.
    fn below(
        &mut self,
        view: &View,
        folder: &str,
        home: Option<(&Folder, Home<'_>)>,
        wanted: Wanted<'_>,
    ) -> Layers {
        let opened = match home {
            Some((root, _)) => task::below(view, root, folder),
            None => view.folder(folder),
        };
        let mut layers = Layers::default();
        match opened.map(|folder| self.known.snapshot(&folder, wanted)) {
            Some(Ok(Some(snapshot))) => {
                layers.namespace = snapshot.namespace;
                let known = if snapshot.layers.is_some() {
                    "layers by"
                } else {
                    "no image layer is below it by"
                };
                let what = format!("{known} {folder}/metadata.db");
                layers.evidence.push(what);
                if let Some(below) = snapshot.layers {
                    layers.chain_id = Some(below.chain_id);
                    layers.layers = below.count;
                    layers.bytes = below.bytes;
                }
            }
            Some(Ok(None)) => {
                let what = format!("{folder}/metadata.db does not know its snapshot");
                layers.evidence.push(what);
            }
            Some(Err(error)) => layers.evidence.push(error.sentence()),
            None => layers
                .evidence
                .push(format!("{folder} cannot be looked at")),
        }
        if let Some((root, home)) = home {
            layers.driver = Some(home.driver.to_owned());
            layers.store = home.store(root, layers.namespace.clone());
        }
        layers
    }
}

impl<'a> Home<'a> {
    const fn containerd(root: &'a str, driver: &'a str) -> Self {
        let kind = StoreKind::Containerd;
        Self { kind, root, driver }
    }

    fn store(self, root: &Folder, namespace: Option<String>) -> Option<Store> {
        let (device, inode) = root.identity().ok()?;
        Some(Store {
            kind: self.kind,
            root: self.root.to_owned(),
            device,
            inode,
            driver: self.driver.to_owned(),
            namespace,
        })
    }
}

impl<'a> Owner<'a> {
    const fn home(self) -> Option<Home<'a>> {
        let (kind, root, driver) = match self {
            Self::Containerd { root, name } => (StoreKind::Containerd, root, name),
            Self::BuildKit { root, name } => (StoreKind::BuildKit, root, name),
            Self::Apart => return None,
        };
        Some(Home { kind, root, driver })
    }
}

impl Layers {
    /// With what else is known of the root file system that stands on them.
    pub fn of(self, mut identity: RootfsIdentity) -> Identified {
        if let Some(driver) = self.driver {
            identity.driver = driver;
        }
        identity.namespace = self.namespace;
        identity.chain_id = self.chain_id;
        identity.layers = self.layers;
        identity.bytes = self.bytes;
        identity.evidence.extend(self.evidence);
        Identified {
            identity,
            store: self.store,
        }
    }
}

/// True if a text is one that can be shown: not empty, not longer than `most`, one line.
fn is_text(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests;

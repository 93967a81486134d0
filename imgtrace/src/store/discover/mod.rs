//! Where stores may be: the folders that living daemons keep their images in, and those in which a
//! daemon that is gone may have left some.
//!
//! A daemon tells by the files that it has open, by its command line, by its configuration, and by
//! having said nothing, in this order: what it has open it uses, whatever it was told. Each layout
//! is a file of its own. Nobody is asked, and no environment is read: a folder that is named there
//! alone (`DOCKER_TMPDIR`'s kind, `STORAGE_OPTS`) is known once its daemon has opened its books.

mod buildkit;
mod containerd;
mod containers_storage;
mod docker;
mod open_files;
mod places;
mod told;

use open_files::OpenFiles;
pub use places::places;

use crate::model::{Process, ProcessKey, Runtime, Store, StoreKind};
use crate::store::View;

/// A living daemon that may keep images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Daemon {
    /// Its process.
    pub process: Process,
    /// What it serves.
    pub runtime: Runtime,
    /// The sockets that it serves, by the paths that they are bound to.
    pub sockets: Vec<String>,
}

/// A folder in which there may be stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its absolute path.
    pub path: String,
    /// The process that sees it there.
    pub pid: u32,
    /// The daemon that uses what is there; none for a place where stores are by default, or where a
    /// daemon says that it uses what is not its own.
    pub user: Option<User>,
}

/// A daemon that keeps its images in stores of one root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The daemon.
    pub process: ProcessKey,
    /// How that is known, a sentence.
    pub evidence: String,
    /// In which of them.
    pub part: Part,
}

/// Which of the stores of one root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of this kind.
    All(StoreKind),
    /// dockerd's own, of one graph driver, or of the first one that there is.
    Graph(Option<String>),
    /// containerd's of this namespace.
    Namespace(String),
}

impl Part {
    /// Whether a store is among them.
    pub fn has(&self, store: &Store) -> bool {
        match self {
            Self::All(kind) => store.kind == *kind,
            Self::Graph(driver) => {
                let is_it = driver.as_ref().is_none_or(|driver| *driver == store.driver);
                store.kind == StoreKind::Docker && is_it
            }
            Self::Namespace(namespace) => {
                store.kind == StoreKind::Containerd && store.namespace.as_deref() == Some(namespace)
            }
        }
    }
}

/// What is found out about a daemon.
struct Scene<'a> {
    daemon: &'a Daemon,
    args: &'a [String],
    files: OpenFiles,
    view: View,
}

impl<'a> Scene<'a> {
    fn of(daemon: &'a Daemon) -> Option<Self> {
        let pid = daemon.process.key.pid;
        Some(Self {
            daemon,
            args: daemon.process.args.as_deref().unwrap_or_default(),
            files: OpenFiles::of(pid),
            view: View::of(pid)?,
        })
    }

    fn candidate(&self, place: Told, part: Part) -> Candidate {
        let user = self.may_use(&place.path).then_some(User {
            process: self.daemon.process.key,
            evidence: place.evidence,
            part,
        });
        Candidate {
            path: place.path,
            pid: self.daemon.process.key.pid,
            user,
        }
    }

    /// Whether the daemon is one that could use a folder as it says. Anybody can call a program
    /// dockerd and tell it of `/var/lib/docker`; without root it uses a folder of its own user.
    fn may_use(&self, path: &str) -> bool {
        let uid = self.daemon.process.uid;
        let owner = || self.view.folder(path).and_then(|it| it.owner().ok());
        uid == 0 || owner().is_none_or(|owner| owner == uid)
    }
}

/// A folder, and how it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    path: String,
    evidence: String,
}

impl Told {
    fn new(path: &str, evidence: String) -> Option<Self> {
        let path = match path.trim_end_matches('/') {
            "" => "/",
            path => path,
        };
        let path = path.to_owned();
        path.starts_with('/').then_some(Self { path, evidence })
    }
}

/// The folders that living daemons keep images in.
pub fn used(daemons: &[Daemon]) -> Vec<Candidate> {
    let scenes: Vec<_> = daemons.iter().filter_map(Scene::of).collect();
    let found = scenes.iter().flat_map(|scene| candidates(scene, &scenes));
    found.collect()
}

/// The folders that one of `all` keeps images in.
fn candidates(scene: &Scene<'_>, all: &[Scene<'_>]) -> Vec<Candidate> {
    let runtime = scene.daemon.runtime;
    let mut found = Vec::new();
    // Whatever it serves: a dockerd may run containerd in its own process.
    if runtime == Runtime::Containerd || containerd::is_inside(scene) {
        let root = containerd::root(scene);
        let part = Part::All(StoreKind::Containerd);
        found.extend(root.map(|root| scene.candidate(root, part)));
    }
    match runtime {
        Runtime::Docker => found.extend(docker::candidates(scene, all)),
        Runtime::Podman | Runtime::CriO => found.extend(containers_storage::candidates(scene)),
        Runtime::BuildKit => found.extend(buildkit::candidate(scene)),
        _ => {}
    }
    found
}

#[cfg(test)]
mod tests;

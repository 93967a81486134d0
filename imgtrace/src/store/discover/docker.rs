//! Where a dockerd keeps its images: below its own data root, or in a containerd.
//!
//! Since version 23 it can leave images and layers to containerd; from 29 on it does unless it was
//! told otherwise or finds images of its own (moby `daemon/daemon.go`, `daemon/config`). Which of
//! the two it does now is told by the books of the BuildKit in it, which it has open.

use serde::Deserialize;

use super::{Candidate, Part, Scene, Told, containerd, told};
use crate::model::{Runtime, StoreKind};

const CONFIGURATION: &str = "/etc/docker/daemon.json";

const ROOT: &str = "/var/lib/docker";

/// The same of one without root, below the home folder.
const USERS_ROOT: &str = ".local/share/docker";

/// Books that it has open, below its data root, whatever its images are in.
const BOOKS: [&str; 4] = [
    "/volumes/metadata.db",
    "/buildkit/cache.db",
    "/buildkit/snapshots.db",
    "/network/files/local-kv.db",
];

/// What the BuildKit in it has open where images and layers are dockerd's own.
const OWN_IMAGES: [&str; 2] = ["/buildkit/snapshots.db", "/buildkit/containerdmeta.db"];

/// What it has open where they are containerd's, before the snapshotter's name.
const CONTAINERDS_IMAGES: &str = "/buildkit/containerd-";

/// The namespace in which it keeps its images in containerd unless it is told otherwise.
const NAMESPACE: &str = "moby";

/// Drivers of its own (moby `daemon/graphdriver/driver_linux.go`); other names are snapshotters.
const GRAPH_DRIVERS: [&str; 8] = [
    "overlay2",
    "fuse-overlayfs",
    "btrfs",
    "zfs",
    "vfs",
    "overlay",
    "aufs",
    "devicemapper",
];

/// Where its containerd listens unless it is told otherwise.
const CONTAINERD: &str = "/run/containerd/containerd.sock";

/// The fields of a `daemon.json` that matter; a file may hold secrets in others.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Configuration {
    data_root: Option<String>,
    /// As it was called until 17.05.
    graph: Option<String>,
    storage_driver: Option<String>,
    containerd: Option<String>,
    containerd_namespace: Option<String>,
    features: Features,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Features {
    containerd_snapshotter: Option<bool>,
}

/// What its images are in, and how that is known.
enum Images {
    /// A driver of its own, if it is known which.
    Own(Option<String>),
    /// containerd.
    Containerds(String),
}

/// What a dockerd was told.
struct Dockerd<'a, 'b> {
    scene: &'b Scene<'a>,
    path: &'b str,
    configuration: Configuration,
}

/// The folders that a dockerd keeps images in: its data root, or the root of its containerd, which
/// is one of `all`.
pub(super) fn candidates(scene: &Scene<'_>, all: &[Scene<'_>]) -> Vec<Candidate> {
    let path = told::option(scene.args, &["--config-file"]);
    let path = path.map_or(CONFIGURATION, |(_, path)| path);
    let configuration = told::file(&scene.view, path)
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default();
    let dockerd = Dockerd {
        scene,
        path,
        configuration,
    };
    let Some(root) = dockerd.root() else {
        return Vec::new();
    };
    match dockerd.images(&root.path) {
        Images::Own(driver) => vec![scene.candidate(root, Part::Graph(driver))],
        Images::Containerds(evidence) => {
            let found = dockerd.containerds(&evidence, all);
            // What it left in its own data root before is found there.
            let left = Candidate {
                user: None,
                ..scene.candidate(root, Part::All(StoreKind::Docker))
            };
            found.into_iter().chain([left]).collect()
        }
    }
}

impl Dockerd<'_, '_> {
    fn root(&self) -> Option<Told> {
        for book in BOOKS {
            if let Some((file, root)) = self.scene.files.ending(book) {
                return Told::new(root, format!("it has {file} open"));
            }
        }
        if let Some((name, root)) = told::option(self.scene.args, &["--data-root", "--graph", "-g"])
        {
            return Told::new(root, format!("its command line says {name} {root}"));
        }
        let configured = self.configuration.data_root.as_ref();
        if let Some(root) = configured.or(self.configuration.graph.as_ref()) {
            return Told::new(root, format!("{} says data-root {root}", self.path));
        }
        let uid = self.scene.daemon.process.uid;
        let root = if uid == 0 {
            ROOT.to_owned()
        } else {
            format!("{}/{USERS_ROOT}", told::home(&self.scene.view, uid)?)
        };
        let evidence = format!("it was told of no other data root than the usual one, {root}");
        Told::new(&root, evidence)
    }

    fn images(&self, root: &str) -> Images {
        let files = &self.scene.files;
        let driver = self.driver();
        if let Some(driver) = driver.filter(|driver| GRAPH_DRIVERS.contains(driver)) {
            return Images::Own(Some(driver.to_owned()));
        }
        if let Some((file, _, _)) = files.below(CONTAINERDS_IMAGES) {
            return Images::Containerds(format!("it has {file} open"));
        }
        if OWN_IMAGES.iter().any(|book| files.ending(book).is_some()) {
            return Images::Own(self.first_driver(root));
        }
        if let Some(driver) = driver {
            return Images::Containerds(format!("its storage driver is {driver}"));
        }
        match self.feature() {
            Some(true) => Images::Containerds("it was told containerd-snapshotter".to_owned()),
            None if self.has(root, "rootfs") && self.first_driver(root).is_none() => {
                Images::Containerds(format!(
                    "{root} has root file systems and no images of its own"
                ))
            }
            Some(false) | None => Images::Own(self.first_driver(root)),
        }
    }

    fn driver(&self) -> Option<&str> {
        let given = told::option(self.scene.args, &["--storage-driver", "-s"]);
        let given = given.map(|(_, driver)| driver);
        given.or(self.configuration.storage_driver.as_deref())
    }

    fn feature(&self) -> Option<bool> {
        let given = told::options(self.scene.args, "--feature").filter_map(|feature| {
            let value = feature.strip_prefix("containerd-snapshotter")?;
            Some(matches!(value, "" | "=true" | "=1"))
        });
        given
            .last()
            .or(self.configuration.features.containerd_snapshotter)
    }

    /// The driver that dockerd takes where it finds images of several (moby
    /// `daemon/graphdriver/driver_linux.go`, `priority`).
    fn first_driver(&self, root: &str) -> Option<String> {
        let mut drivers = GRAPH_DRIVERS.iter();
        let found = drivers.find(|driver| self.has(root, &format!("image/{driver}")));
        found.map(|&driver| driver.to_owned())
    }

    fn has(&self, root: &str, folder: &str) -> bool {
        let root = self.scene.view.folder(root);
        root.is_some_and(|root| root.folder(folder).is_ok())
    }

    /// The root of the containerd that it keeps its images in.
    fn containerds(&self, evidence: &str, all: &[Scene<'_>]) -> Option<Candidate> {
        let configured = self.configuration.containerd_namespace.as_deref();
        let given = told::option(self.scene.args, &["--containerd-namespace"]);
        let namespace = given.map(|(_, name)| name).or(configured);
        let namespace = namespace.unwrap_or(NAMESPACE);
        let containerd = self.containerd(all)?;
        let root = containerd::root(containerd)?;
        let evidence = format!(
            "{evidence}: its images are in the namespace {namespace} of containerd (pid {})",
            containerd.daemon.process.key.pid
        );
        let part = Part::Namespace(namespace.to_owned());
        let root = Told { evidence, ..root };
        Some(Candidate {
            pid: containerd.daemon.process.key.pid,
            ..self.scene.candidate(root, part)
        })
    }

    /// The containerd that it uses: the one inside itself, the one at the socket that it was told
    /// of, the one that it has started, or the one at the usual socket.
    fn containerd<'s>(&self, all: &'s [Scene<'s>]) -> Option<&'s Scene<'s>> {
        let own = self.scene.daemon.process.key;
        let given = told::option(self.scene.args, &["--containerd"]).map(|(_, socket)| socket);
        let given = given.or(self.configuration.containerd.as_deref());
        let is_child = |scene: &&Scene<'_>| {
            let parent = scene.daemon.process.ancestors.first();
            parent.is_some_and(|parent| parent.key == own)
        };
        let containerds = || {
            all.iter()
                .filter(|scene| scene.daemon.runtime == Runtime::Containerd)
        };
        let at = |socket: &str| {
            let socket = socket.to_owned();
            containerds().find(|scene| self.is_served(scene, &socket))
        };
        let inside = all
            .iter()
            .find(|scene| scene.daemon.process.key == own && containerd::is_inside(scene));
        inside
            .or_else(|| given.and_then(at))
            .or_else(|| containerds().find(is_child))
            .or_else(|| at(CONTAINERD))
    }

    /// Whether a containerd beside this dockerd serves a socket.
    fn is_served(&self, containerd: &Scene<'_>, socket: &str) -> bool {
        use crate::model::canonical;
        let socket = canonical(socket.trim_start_matches("unix://"));
        let process = &containerd.daemon.process;
        let mut sockets = containerd.daemon.sockets.iter();
        process.mount_ns == self.scene.daemon.process.mount_ns
            && sockets.any(|served| canonical(served) == socket)
    }
}

#[cfg(test)]
mod tests;

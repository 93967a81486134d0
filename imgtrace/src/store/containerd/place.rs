//! What the paths of a mount say: whose root file system it is, and in which snapshot its layers end.
//!
//! Pure; it looks at no file.

use super::task::Task;
use crate::capture::mounts::Mount;

/// Plugins below containerd's state folder whose tasks have a folder with a `rootfs`: that of
/// containerd 1.2 and later, and the one before (`core/runtime/v2/bundle.go`,
/// `runtime/v1/linux/bundle.go` until 1.7).
const TASKS: [&str; 2] = [
    "/io.containerd.runtime.v2.task/",
    "/io.containerd.runtime.v1.linux/",
];
/// What a snapshotter's folder below containerd's root is called before its name.
const SNAPSHOTTER: &str = "io.containerd.snapshotter.v1.";
/// The longest namespace or container id (`pkg/identifiers/validate.go`).
const IDENTIFIER_MOST: usize = 76;

/// Whose root file system is mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target<'a> {
    /// A task of containerd's: `STATE/io.containerd.runtime.v2.task/NAMESPACE/ID/rootfs`.
    Task(Task<'a>),
    /// A step of a build, by the id of its container: `ROOT/runc-overlayfs/executor/ID/rootfs` of
    /// buildkitd, and `DATA-ROOT/buildkit/executor/ID/rootfs` of the one in dockerd (`BuildKit`
    /// `executor/runcexecutor/executor.go`).
    Step(&'a str),
}

/// Reads a mount point; none if no container of containerd or `BuildKit` has its root there.
pub(super) fn target(path: &str) -> Option<Target<'_>> {
    let bundle = path.strip_suffix("/rootfs")?;
    for plugin in TASKS {
        if let Some((state, rest)) = bundle.rsplit_once(plugin) {
            let (namespace, id) = rest.split_once('/')?;
            let valid = is_identifier(namespace) && is_identifier(id);
            return valid.then_some(Target::Task(Task {
                state,
                bundle,
                namespace,
                id,
            }));
        }
    }
    let (_, id) = bundle.rsplit_once("/executor/")?;
    is_identifier(id).then_some(Target::Step(id))
}

/// One to 76 of the characters that containerd allows.
pub(super) fn is_identifier(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    (1..=IDENTIFIER_MOST).contains(&text.len())
        && text.bytes().all(word)
        && text
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_alphanumeric())
}

/// Where a mount's topmost layer is: `FOLDER/snapshots/NUMBER/fs`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Layer<'a> {
    /// The snapshotter's folder, with its `metadata.db`; none if no path tells it.
    pub(super) folder: Option<&'a str>,
    /// The layer's number in `metadata.db`.
    pub(super) number: Option<u64>,
}

/// Reads a mount's upper layer, or the topmost lower one where it has none. Lower layers may be
/// relative to the folder `snapshots` (containerd does that where the options would be too long).
pub(super) fn layer(mount: &Mount) -> Layer<'_> {
    let first = mount.upper.as_ref().or_else(|| mount.lower.first());
    let Some(path) = first else {
        return Layer::default();
    };
    let (folder, rest) = match path.rsplit_once("/snapshots/") {
        Some((folder, rest)) => (Some(folder), rest),
        None => (None, path.as_str()),
    };
    let number = rest
        .split_once('/')
        .and_then(|(number, _)| number.parse().ok());
    Layer {
        folder: folder.filter(|folder| number.is_some() && folder.starts_with('/')),
        number,
    }
}

/// Whose snapshotter a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner<'a> {
    /// A plugin of containerd: `ROOT/io.containerd.snapshotter.v1.NAME`.
    Containerd {
        /// containerd's root folder.
        root: &'a str,
        /// The snapshotter's name.
        name: &'a str,
    },
    /// A worker of buildkitd: `ROOT/runc-NAME/snapshots`.
    BuildKit {
        /// buildkitd's root folder.
        root: &'a str,
        /// The snapshotter's name.
        name: &'a str,
    },
    /// A snapshotter that keeps its files elsewhere: a plugin with a `root_path` of its own, or a
    /// program of its own.
    Apart,
}

/// The folder of one of containerd's own snapshotters.
pub(super) fn folder(root: &str, name: &str) -> String {
    format!("{root}/{}", plugin(name))
}

/// The same, below containerd's root.
pub(super) fn plugin(name: &str) -> String {
    format!("{SNAPSHOTTER}{name}")
}

/// Reads the path of a snapshotter's folder.
pub(super) fn owner(folder: &str) -> Owner<'_> {
    if let Some((root, plugin)) = folder.rsplit_once('/')
        && let Some(name) = plugin.strip_prefix(SNAPSHOTTER)
    {
        return Owner::Containerd { root, name };
    }
    let worker = folder.strip_suffix("/snapshots");
    if let Some((root, worker)) = worker.and_then(|worker| worker.rsplit_once('/'))
        && let Some(name) = worker.strip_prefix("runc-")
    {
        return Owner::BuildKit { root, name };
    }
    Owner::Apart
}

/// State and root folders of those who start containerd, by default: itself, k3s, rke2, k0s and
/// microk8s (`defaults/defaults_unix.go`; k3s `pkg/agent/config`; k0s
/// `pkg/component/worker/containerd`; microk8s `default-args/containerd`).
const ROOTS: [(&str, &str); 5] = [
    ("/run/containerd", "/var/lib/containerd"),
    (
        "/run/k3s/containerd",
        "/var/lib/rancher/k3s/agent/containerd",
    ),
    (
        "/run/k3s/containerd",
        "/var/lib/rancher/rke2/agent/containerd",
    ),
    ("/run/k0s/containerd", "/var/lib/k0s/containerd"),
    (
        "/var/snap/microk8s/common/run/containerd",
        "/var/snap/microk8s/common/var/lib/containerd",
    ),
];

/// The root folders that go with a state folder by default.
pub(super) fn default_roots(state: &str) -> impl Iterator<Item = &'static str> {
    ROOTS
        .into_iter()
        .filter(move |(of, _)| *of == state)
        .map(|(_, root)| root)
}

#[cfg(test)]
mod tests;

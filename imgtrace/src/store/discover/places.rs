//! Where stores are unless somebody says otherwise: a daemon that is gone left its store there.

use super::{Candidate, told};
use crate::store::View;
use crate::store::containers_storage::roots;

/// Of Docker, containerd, k3s, rke2, k0s, microk8s and buildkitd (see the modules of each, and
/// `store/containerd/place.rs`).
const SYSTEMS: [&str; 7] = [
    "/var/lib/docker",
    "/var/lib/containerd",
    "/var/lib/rancher/k3s/agent/containerd",
    "/var/lib/rancher/rke2/agent/containerd",
    "/var/lib/k0s/containerd",
    "/var/snap/microk8s/common/var/lib/containerd",
    "/var/lib/buildkit",
];

/// The same of those without root, below each home folder.
const USERS: [&str; 4] = [
    ".local/share/docker",
    ".local/share/containerd",
    ".local/share/containers/storage",
    ".local/share/buildkit",
];

/// Home folders that are looked at.
const HOMES_MOST: usize = 256;

/// Where daemons look for their configuration, and the key of it that names another folder.
const CONFIGURATIONS: [(&str, &str); 2] = [
    ("/etc/containerd/config.toml", "root"),
    ("/etc/buildkit/buildkitd.toml", "root"),
];

const DOCKERS: &str = "/etc/docker/daemon.json";

/// The places of this machine, through a view of its own file tree, `pid`'s.
pub fn places(view: &View, pid: u32) -> Vec<Candidate> {
    let mut paths: Vec<String> = SYSTEMS.map(str::to_owned).to_vec();
    paths.extend(configured(view));
    paths.extend(roots::of_root(view));
    let passwd = told::file(view, "/etc/passwd").unwrap_or_default();
    // Service accounts share homes, such as / and /nonexistent.
    let mut homes: Vec<&str> = told::homes(&passwd).map(|(_, home)| home).collect();
    homes.sort_unstable();
    homes.dedup();
    for home in homes
        .into_iter()
        .filter(|home| home.len() > 1)
        .take(HOMES_MOST)
    {
        paths.extend(USERS.iter().map(|place| format!("{home}/{place}")));
    }
    paths.sort_unstable();
    paths.dedup();
    let candidate = |path| Candidate {
        path,
        pid,
        user: None,
    };
    paths.into_iter().map(candidate).collect()
}

/// What configurations at their usual places say.
fn configured(view: &View) -> Vec<String> {
    let keys = CONFIGURATIONS.iter();
    let mut roots: Vec<_> = keys
        .filter_map(|(path, key)| told::top_key(&told::file(view, path)?, key))
        .collect();
    let docker = told::file(view, DOCKERS);
    let docker = docker.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
    let data = docker.and_then(|told| told.get("data-root")?.as_str().map(str::to_owned));
    roots.extend(data);
    roots.retain(|root| root.starts_with('/'));
    roots
}

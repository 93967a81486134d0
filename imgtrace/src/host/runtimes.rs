//! Which listening sockets belong to a container runtime, told by path and by program.
//!
//! Pure. A path is a label and never an identity: the same string is bound in many mount
//! namespaces, and one socket is reached by many names. What is spoken is recognised from bytes.

mod programs;

pub use programs::{is_oci_runtime, mounts_root_file_systems};

use crate::model::{Runtime, canonical};

/// File names that tell a runtime in whatever folder they are.
///
/// They cover every default path of docker, podman, containerd (also k3s', rke2's, k0s',
/// microk8s', Talos', Bottlerocket's and the ones that dockerd and rootless set-ups start),
/// cri-dockerd, dockershim, CRI-O and buildkitd, `/var/run` and `/run` alike, and a daemon of a
/// test bed in a folder of its own. Sources: moby `daemon/pkg/opts/hosts.go`, containerd
/// `defaults/defaults_unix.go`, cri-dockerd `cmd/cri/options/options.go`, cri-o
/// `pkg/config/config_unix.go`, podman `contrib/systemd`, buildkit `util/appdefaults`.
const BY_NAME: &[(&str, Runtime)] = &[
    ("docker.sock", Runtime::Docker),
    // Docker Desktop, beside its docker.sock.
    ("docker-cli.sock", Runtime::Docker),
    ("podman.sock", Runtime::Podman),
    ("containerd.sock", Runtime::Containerd),
    ("containerd.sock.ttrpc", Runtime::Containerd),
    // Bottlerocket.
    ("host-containerd.sock", Runtime::Containerd),
    ("cri-dockerd.sock", Runtime::CriDockerd),
    ("dockershim.sock", Runtime::Dockershim),
    ("crio.sock", Runtime::CriO),
    ("buildkitd.sock", Runtime::BuildKit),
];

/// Where runtimes listen unless they are told otherwise, `/var/run` written as `/run`; sources as
/// for [`BY_NAME`].
const BY_DEFAULT: &[&str] = &[
    "/run/docker.sock",
    "/run/docker/containerd/containerd.sock",
    "/run/podman/podman.sock",
    "/run/containerd/containerd.sock",
    "/run/containerd/containerd.sock.ttrpc",
    "/run/k3s/containerd/containerd.sock",
    "/run/k3s/cri-dockerd/cri-dockerd.sock",
    "/run/k0s/containerd.sock",
    "/var/snap/microk8s/common/run/containerd.sock",
    "/run/cri-dockerd.sock",
    "/run/dockershim.sock",
    "/run/crio/crio.sock",
    "/run/buildkit/buildkitd.sock",
];

/// The same of runtimes without root, below `/run/user/UID/`.
const BY_USER: &[&str] = &[
    "docker.sock",
    "podman/podman.sock",
    "buildkit/buildkitd.sock",
];

/// The longest name in [`basenames`], in bytes.
pub const NAME_MAX: usize = 31;

/// Programs that serve a runtime's API, by the last component of their path (or their `comm`,
/// which the kernel cuts at 15 bytes).
const BY_PROGRAM: &[(&str, Runtime)] = &[
    ("dockerd", Runtime::Docker),
    ("podman", Runtime::Podman),
    ("containerd", Runtime::Containerd),
    ("cri-dockerd", Runtime::CriDockerd),
    ("crio", Runtime::CriO),
    ("buildkitd", Runtime::BuildKit),
];

/// What these programs also listen on, and which is no API for images and containers.
const SIDE_SOCKETS: &[&str] = &[
    "/libnetwork/",
    "/plugins/",
    "/swarm/",
    "/metrics.sock",
    "/debug.sock",
    "/notify/",
    "/otel-grpc.sock",
    "/nri/nri.sock",
    "/nri.sock",
];

/// The last components that a listener's or a client's path may have to be worth a second look.
///
/// The kernel side captures a listener with such a name from its first client on, before user
/// space has judged it. Shims are not among them: their names are hashes, and the kernel side has
/// a rule of its own for those.
/// Each is at most [`NAME_MAX`] bytes long.
pub fn basenames() -> impl ExactSizeIterator<Item = &'static str> {
    BY_NAME.iter().map(|(name, _)| *name)
}

/// The runtime whose socket `path` looks like; null for everything else.
///
/// `path` is `sun_path` as it was given to bind(2) or connect(2), an abstract name with a leading
/// `@` or NUL.
pub fn of_path(path: &str) -> Option<Runtime> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    BY_NAME
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, runtime)| *runtime)
        .or_else(|| is_podman_machine(folder, name).then_some(Runtime::Podman))
        .or_else(|| is_shim(path, folder, name).then_some(Runtime::Shim))
}

/// The runtime that binds exactly `path` unless it is told otherwise; null for everything else.
///
/// That nobody has bound such a path is a fact about that runtime. Of a path that only ends like
/// one (a test bed's, a typing mistake's) it is not.
pub fn of_default(path: &str) -> Option<Runtime> {
    let path = canonical(path);
    let in_user_folder = || {
        let (uid, rest) = path.strip_prefix("/run/user/")?.split_once('/')?;
        let is_uid = !uid.is_empty() && uid.bytes().all(|byte| byte.is_ascii_digit());
        (is_uid && BY_USER.contains(&rest)).then_some(())
    };
    (BY_DEFAULT.contains(&path) || in_user_folder().is_some())
        .then(|| of_path(path))
        .flatten()
}

/// The runtime behind a listener, from its path and, failing that, from the program that listens.
///
/// A daemon may listen anywhere (`dockerd -H unix:///tmp/d.sock`); its side sockets (metrics,
/// plugins, libnetwork) are no endpoints. `program` is a path or a `comm`.
pub fn of_listener(path: &str, program: &str) -> Option<Runtime> {
    of_path(path).or_else(|| {
        let side = SIDE_SOCKETS.iter().any(|part| path.contains(part));
        (!side).then(|| of_program(program)).flatten()
    })
}

/// The runtime that `program`, a path or a `comm`, serves.
pub fn of_program(program: &str) -> Option<Runtime> {
    let name = program.rsplit('/').next().unwrap_or(program);
    // containerd-shim-runc-v2 and others' own; a `comm` has no more of them than this.
    let shim = name.starts_with("containerd-shim").then_some(Runtime::Shim);
    let known = BY_PROGRAM.iter().find(|(known, _)| *known == name);
    known.map(|(_, runtime)| *runtime).or(shim)
}

/// The API of a podman machine, forwarded: `…/podman/podman-machine-default-api.sock`.
fn is_podman_machine(folder: &str, name: &str) -> bool {
    folder.ends_with("/podman") && name.ends_with("-api.sock")
}

/// `/run/containerd/s/<64 hex>` and its places without root (containerd
/// `pkg/shim/util_unix.go`, `core/runtime/v2/shim_unix.go`); before 1.4 an abstract name.
fn is_shim(path: &str, folder: &str, name: &str) -> bool {
    let in_folder = folder.ends_with("/containerd/s")
        || folder
            .rsplit('/')
            .next()
            .is_some_and(|last| last.starts_with("containerd-s-"));
    let hash = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    (in_folder && hash)
        || path
            .trim_start_matches(['@', '\0'])
            .starts_with("/containerd-shim/")
}

#[cfg(test)]
mod tests;

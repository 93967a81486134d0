//! Debian's packages that the lab needs. Says what is missing; installing is xtask's.

use std::path::Path;

/// Package, and a file by which it is known to be there (a Docker from elsewhere has other paths).
type Package = (&'static str, &'static str);

/// What the lab's daemons and clients are. Debian 12 has the docker command in docker.io and no package docker-cli.
const DAEMONS: [Package; 11] = [
    ("docker.io", "/usr/sbin/dockerd"),
    ("docker-cli", "/usr/bin/docker"),
    ("containerd", "/usr/bin/containerd"),
    ("runc", "/usr/sbin/runc"),
    ("docker-registry", "/usr/bin/docker-registry"),
    ("busybox-static", "/bin/busybox"),
    ("iptables", "/usr/sbin/iptables"),
    // It holds the containers of CRI-O and Podman.
    ("conmon", super::crio::CONMON),
    ("podman", super::podman::PODMAN),
    ("buildah", super::podman::BUILDAH),
    // By which agents become root.
    ("sudo", "/usr/bin/sudo"),
];

/// What [`Peers::Newest`](super::Peers::Newest) is built with, besides Go.
const COMPILERS: [Package; 3] = [
    ("gcc", "/usr/bin/gcc"),
    ("pkg-config", "/usr/bin/pkg-config"),
    ("libseccomp-dev", "/usr/include/seccomp.h"),
];

/// The Debian packages that the lab cannot do without and this machine does not have. Which of them exist depends on
/// the release.
pub fn missing_packages() -> Vec<&'static str> {
    missing(&DAEMONS)
}

/// The Debian packages that building the newest Docker lacks.
pub fn missing_compilers() -> Vec<&'static str> {
    missing(&COMPILERS)
}

fn missing(packages: &[Package]) -> Vec<&'static str> {
    let absent = |(package, file): &Package| (!Path::new(file).exists()).then_some(*package);
    packages.iter().filter_map(absent).collect()
}

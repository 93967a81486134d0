//! Debian's packages that the lab needs. Says what is missing; installing is xtask's.

use std::path::Path;

/// Package, and the file by which it is known to be there (a Docker from elsewhere has other paths).
const PACKAGES: [(&str, &str); 6] = [
    ("docker.io", "/usr/sbin/dockerd"),
    ("containerd", "/usr/bin/containerd"),
    ("runc", "/usr/sbin/runc"),
    ("docker-registry", "/usr/bin/docker-registry"),
    ("busybox-static", "/bin/busybox"),
    ("iptables", "/usr/sbin/iptables"),
];

/// The Debian packages that the lab needs and this machine does not have.
pub fn missing_packages() -> Vec<&'static str> {
    let absent =
        |(package, file): &(&'static str, &str)| (!Path::new(file).exists()).then_some(*package);
    PACKAGES.iter().filter_map(absent).collect()
}
